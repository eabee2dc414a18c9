"""What commands report: how far long work has got, and its result as JSON."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from fsm_engine.cli.screen import make_console


@contextmanager
def progress_bar(title: str) -> Iterator[Callable[[int, int], None]]:
    """A bar on stderr where a person watches, nothing elsewhere.

    Call what it gives with what is done and what there is in all; the bar goes away when the work ends.
    """
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    console = make_console(to_stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f} %"))
    with Progress(
        *columns, TimeRemainingColumn(), console=console, transient=True, disable=not console.is_terminal
    ) as bar:
        task = bar.add_task(title, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def print_json(content: object) -> None:
    """Prints a result for programs."""
    import orjson

    print(orjson.dumps(content, option=orjson.OPT_INDENT_2).decode())
