"""What people see in a terminal. Texts of bots and users are shown as they are, never read as markup."""

from __future__ import annotations

import contextlib
import logging
import shutil
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

    from fsm_engine.model.turn import Message


_WIDTH_OF_FILES = 140
_CONTROLS = {code: "\N{REPLACEMENT CHARACTER}" for code in (*range(32), *range(127, 160)) if chr(code) not in "\n\t"}


class Screen(Protocol):
    """Shows a conversation."""

    def ask(self) -> str:
        """The next line that the user types. Raises EOFError and KeyboardInterrupt as `input` does."""
        ...

    def bot(self, message: Message, choices: Sequence[str]) -> None:
        """One thing the bot says, with what may be answered."""
        ...

    def user(self, text: str) -> None:
        """Something that the user said earlier."""
        ...

    def note(self, text: str) -> None:
        """Something that neither of them says."""
        ...

    def between(self) -> AbstractContextManager[None]:
        """Room for lines that come while the user types; what was typed so far stands there again afterwards.

        For other threads than the one that asks.
        """
        ...


class TypedLine:
    """The line that a user is typing, which another thread may push aside and put back."""

    def __init__(self, prompt: str) -> None:
        self._prompt = prompt
        self._is_asking = False
        self._shown_alone = threading.RLock()

    def ask(self) -> str:
        """The next line; with editing and history where the system has readline."""
        with contextlib.suppress(ImportError):
            import readline  # noqa: F401 - importing it gives `input` its keys
        self._is_asking = True
        try:
            return input(self._prompt)
        finally:
            self._is_asking = False

    @contextmanager
    def pushed_aside(self) -> Iterator[None]:
        """Takes the line from the screen, and puts it back. Without a line that is being typed nothing happens."""
        with self._shown_alone:
            line = self._prompt + _typed_so_far() if self._is_asking else ""
            if line:
                is_one_row = len(line) < shutil.get_terminal_size().columns
                print("\r" + " " * len(line) + "\r" if is_one_row else "\n", end="", flush=True)
            yield
            if line:
                print(line, end="", flush=True)


def _typed_so_far() -> str:
    """Nothing where the system has no readline: then the terminal itself holds what was typed, and keeps it."""
    try:
        import readline
    except ImportError:
        return ""
    return readline.get_line_buffer()


def harmless(text: str) -> str:
    """The text without characters that a terminal would obey; line breaks and tabs stay."""
    return text.translate(_CONTROLS)


class PlainScreen:
    """Lines of text with a label each: for pipes, files and screen readers."""

    def __init__(self) -> None:
        self._line = TypedLine("you: ")

    def between(self) -> AbstractContextManager[None]:
        return self._line.pushed_aside()

    def ask(self) -> str:
        """Shows the line as well where the terminal does not."""
        if sys.stdin.isatty():
            return self._line.ask()
        text = input()
        self.user(text)
        return text

    def bot(self, message: Message, choices: Sequence[str]) -> None:
        self._labelled("bot", message.text)
        if choices:
            self._labelled("", f"({' | '.join(choices)})")

    def user(self, text: str) -> None:
        self._labelled("you", text)

    def note(self, text: str) -> None:
        self._labelled("--", text)

    def _labelled(self, label: str, text: str) -> None:
        indented = harmless(text).replace("\n", "\n" + " " * 5)
        print(f"{label + ':' if label else '':<4} {indented}" if label != "--" else f"--   {indented}", flush=True)


class RichScreen:
    """A colour for each voice, texts wrapped beside their label."""

    def __init__(self) -> None:
        self._console = make_console()
        self._line = TypedLine("you> ")

    def between(self) -> AbstractContextManager[None]:
        return self._line.pushed_aside()

    def ask(self) -> str:
        return self._line.ask()

    def bot(self, message: Message, choices: Sequence[str]) -> None:
        self._voice("bot", message.text, "bold cyan")
        if choices:
            self._voice("", "  ".join(f"[{choice}]" for choice in choices), "cyan")

    def user(self, text: str) -> None:
        self._voice("you", text, "bold")

    def note(self, text: str) -> None:
        self._voice("", text, "dim", text_style="dim")

    def _voice(self, label: str, text: str, style: str, text_style: str = "") -> None:
        from rich.table import Table
        from rich.text import Text

        grid = Table.grid(padding=(0, 2, 0, 0))
        grid.add_column(width=3)
        grid.add_column(overflow="fold")
        grid.add_row(Text(label, style=style), Text(harmless(text), style=text_style if label else style))
        self._console.print(grid)


def make_console(*, to_stderr: bool = False) -> Console:
    """A console that neither reads markup nor guesses at numbers and paths to colour."""
    from rich.console import Console

    console = Console(stderr=to_stderr, markup=False, emoji=False, highlight=False)
    if not console.is_terminal:
        console.width = _WIDTH_OF_FILES
    return console


def with_words_shown(text: str, start: int, end: int) -> Text:
    """The text, where some of its words stand out: by colour where a person sits, between >> and << elsewhere."""
    from rich.text import Text

    before, words, after = (harmless(part) for part in (text[:start], text[start:end], text[end:]))
    if make_console().is_terminal:
        return Text.assemble(before, (words, "bold reverse"), after)
    return Text(f"{before}>>{words}<<{after}")


def print_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """A table under its title; None shows as a dash."""
    from rich.table import Table
    from rich.text import Text

    console = make_console()
    table = Table(title=Text(f"{title} ({len(rows)})", style="bold"), title_justify="left", show_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        cells = [
            value if isinstance(value, Text) else Text("-" if value is None else harmless(str(value))) for value in row
        ]
        table.add_row(*cells)
    console.print(table)
    console.print()


def print_json(content: object) -> None:
    """For programs."""
    import orjson

    print(orjson.dumps(content, option=orjson.OPT_INDENT_2).decode())


@contextlib.contextmanager
def progress_bar(what: str) -> Iterator[Callable[[int, int | None], None]]:
    """Shows a person on stderr how far long work has come: call it with what is done, and of how much."""
    console = make_console(to_stderr=True)
    if not console.is_terminal:
        yield lambda done, in_all: None
        return
    from rich.progress import Progress

    with Progress(console=console, transient=True) as progress:
        task = progress.add_task(what, total=None)
        yield lambda done, in_all: progress.update(task, completed=done, total=in_all)


@contextlib.contextmanager
def staged_progress() -> Iterator[Callable[[str, int, int | None], None]]:
    """As `progress_bar`, for work in several stages: each call names the stage too."""
    console = make_console(to_stderr=True)
    if not console.is_terminal:
        yield lambda stage, done, in_all: None
        return
    from rich.progress import Progress

    with Progress(console=console, transient=True) as progress:
        task = progress.add_task("opening", total=None)
        yield lambda stage, done, in_all: progress.update(task, description=stage, completed=done, total=in_all)


def make_screen(*, plain: bool) -> Screen:
    """Colours only where a person sits at both ends."""
    for stream in (sys.stdin, sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a byte that is no text must not end the conversation
    is_terminal = sys.stdin.isatty() and sys.stdout.isatty()
    return PlainScreen() if plain or not is_terminal else RichScreen()


class _Notes(logging.Handler):
    """Shows what the engine reports to operators as a note between the lines of the conversation."""

    def __init__(self, screen: Screen) -> None:
        super().__init__(logging.WARNING)
        self._screen = screen

    def emit(self, record: logging.LogRecord) -> None:
        """One line, without time and place."""
        self._screen.note(f"({record.levelname.lower()}: {record.getMessage()})")


def tidy_logs(screen: Screen) -> None:
    """The engine's warnings become notes; libraries' warnings, which nobody in a chat can act on, stay unseen."""
    logging.captureWarnings(True)
    logging.getLogger("py.warnings").addHandler(logging.NullHandler())
    root = logging.getLogger()
    if not root.handlers:
        root.addHandler(logging.NullHandler())
    engine = logging.getLogger("fsm_engine")
    engine.handlers[:] = [_Notes(screen)]
    engine.propagate = False


@contextmanager
def progress(doing: str, total: int, *, is_shown: bool = True) -> Iterator[Callable[[], None]]:
    """A bar on the terminal, and nothing in files and pipes; what is yielded moves it on by one."""
    if not is_shown or not sys.stdout.isatty():
        yield lambda: None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    with Progress(TextColumn(doing), BarColumn(), MofNCompleteColumn(), transient=True) as bar:
        task = bar.add_task(doing, total=total)
        yield lambda: bar.advance(task)


@contextmanager
def quiet_logs() -> Iterator[None]:
    """What failing actions log is part of a play, not of its report."""
    engine = logging.getLogger("fsm_engine")
    before = engine.level
    engine.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        engine.setLevel(before)
