"""A folder of flow files to flows that can run, or to the list of all that is wrong with them."""

from __future__ import annotations

import gc
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path

from fsm_engine.core.bundle import compile_folder
from fsm_engine.core.checks import past_reminders
from fsm_engine.core.flows import Flows
from fsm_engine.errors import FlowError
from fsm_engine.model.problem import Problem
from fsm_engine.understanding.intent_model import ModelTable


def check_flows(
    where: str | Path | Sequence[str | Path], *, types: Collection[str] = (), today: date | None = None
) -> tuple[Flows, list[Problem]]:
    """The flows and every problem of every file, sorted by place. With an error among them, they must not run.

    ``types`` are the names of types that the bot registers (`Actions.type`); other unknown types are errors.
    ``today`` is for what depends on it: reminders at a fixed time that has passed. None: they are not looked at.
    """
    from fsm_engine.flow_files.folder import (
        read_folder,
    )  # brings the YAML library: only programs that read files need it

    with _no_garbage_collection():
        folder, problems = read_folder(where)
        flows, found = compile_folder(folder, types, learn=_learned)
    past = past_reminders(folder.flows, today) if today is not None else ()
    return flows, sorted({*problems, *found, *past})


def _learned(phrases: Mapping[str, Sequence[str]]) -> ModelTable:
    from fsm_engine.flow_files.intent_cache import learned  # only bots whose intents are learned need it

    return learned(phrases)


@contextmanager
def _no_garbage_collection() -> Iterator[None]:
    """Loading makes hundreds of thousands of objects that stay; looking through them for garbage took a third of it.

    Freezing and unfreezing makes old objects of young ones, which else would all be looked through right afterwards.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            if not gc.get_freeze_count():  # else they are somebody else's, who wants them to stay frozen
                gc.freeze()
                gc.unfreeze()
            gc.enable()


def load_flows(where: str | Path | Sequence[str | Path], *, types: Collection[str] = ()) -> Flows:
    """Flows that can run; ``types`` as in `check_flows`.

    Raises:
        FlowError: with every error of every file; warnings alone do not stop a flow.
    """
    flows, problems = check_flows(where, types=types)
    if any(problem.severity == "error" for problem in problems):
        raise FlowError([problem for problem in problems if problem.severity == "error"])
    return flows
