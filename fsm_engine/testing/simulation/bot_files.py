"""The bot of a simulation: the shipped flows and one more, in a folder whose files change while the bot runs."""

from __future__ import annotations

import re
import shutil
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Final

from fsm_engine.core.flows import Flows
from fsm_engine.flow_files.load import load_flows

ERRAND: Final = """\
flow: errand
version: 1
title: running an errand
start:
  intent: errand
  phrases: [run an errand for me]
nudge: {after: 1 minute, say: "Well?", at_most: 2}
steps:
  - ask: what
    type: text 1..60
    prompt: What shall I fetch?
  - remind: in 3 minutes
    say: You wanted {what}.
  - say: I am on my way.
  - do: errands.pay
    send: [what]
    save_as: receipt
    undo: errands.refund
    time_limit: 10 s
  - do: errands.bring
    send: [what]
    save_as: place
    retry: 1
    time_limit: 5 s
  - ask: thanks
    type: text 1..60
    prompt: Here it is, at {place}. Anything else?
  - end: Receipt {receipt}.
"""
"""What no shipped flow has: two actions in one turn, one of which may not be called again, a nudge."""

ERRANDS: Final = 5
"""How often each errand stands among the conversations that users choose from."""

_NEW_QUESTION: Final = """\
  - ask: wish_{number}
    type: text 1..200
    optional: true
    prompt: Any wish? You can say "skip". ({number})
"""
_STEPS: Final = "\nsteps:\n"
_VERSION: Final = re.compile(r"^version: \d+$", re.MULTILINE)
_PLAIN_PROMPT: Final = re.compile(r"^(      en: [A-Z][\w ,.?]*?)( \(\d+\))?$", re.MULTILINE)


class BotFiles:
    """The folder, and what it held in every generation: a turn is replayed with the flows that it was taken with."""

    def __init__(self, shipped: Path, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        for file in sorted(shipped.glob("*.yaml")):
            shutil.copyfile(file, folder / file.name)
        (folder / "errand.yaml").write_text(ERRAND, encoding="utf-8")
        self.generations: list[Flows] = []
        self._remember()

    @property
    def number(self) -> int:
        """The generation that the files are in, from 1."""
        return len(self.generations)

    def change(self, random: Random) -> str:
        """Changes one flow, either its wording only or with a new version and a new question, to which sessions move or
        do not; what was done."""
        flows = sorted(file for file in self.folder.glob("*.yaml") if file.stem not in ("bot", "risk"))
        file = random.choice(flows)
        text = file.read_text(encoding="utf-8")
        number = self.number + 1
        changed, what = _with_new_wording(text, number), "in other words"
        if changed == text or random.randrange(2):
            moves = bool(random.randrange(2))
            changed = _with_new_question(text, number, moves=moves)
            what = f"version {number}, to which sessions {'move' if moves else 'do not move'}"
        file.write_text(changed, encoding="utf-8")
        self._remember()
        return f"{file.stem} {what}"

    def _remember(self) -> None:
        flows = load_flows(self.folder)
        for older in self.generations:
            _pin(flows, older)
            _pin(older, flows)
        self.generations.append(flows)


def _pin(flows: Flows, others: Flows) -> None:
    for compiled in others.compiled.values():
        flows.pinned.setdefault(compiled.flow.source_hash, compiled)


def _with_new_question(text: str, number: int, *, moves: bool) -> str:
    before = _VERSION.search(text)
    if moves and before is not None:
        entry = f"migrate:\n  - from: {before.group().removeprefix('version: ')}\n"
        text = (
            text.replace("migrate:\n", entry, 1)
            if "\nmigrate:\n" in text
            else text.replace(_STEPS, f"\n{entry}steps:\n", 1)
        )
    newer = _VERSION.sub(f"version: {number}", text, count=1)
    return newer.replace(_STEPS, _STEPS + _NEW_QUESTION.format(number=number), 1)


def _with_new_wording(text: str, number: int) -> str:
    return _PLAIN_PROMPT.sub(rf"\1 ({number})", text, count=1)


def scripts_of(shipped: Path) -> Sequence[tuple[str, ...]]:
    """What users say in the transcripts of the flows, each conversation's texts in order; ``/flow`` starts a flow."""
    transcripts = load_flows(shipped).folder.transcripts
    scripts = []
    for transcript in transcripts:
        lines = (f"/{turn.start.text}" if turn.start is not None else turn.user for turn in transcript.turns)
        scripts.append(tuple(line for line in lines if line is not None))
    errands = [
        ("run an errand for me", "milk", "no"),
        ("/errand", "bread", "bye"),
        ("/errand", "skip", "an apple", "no"),
    ]
    return sorted(set(scripts)) + errands * ERRANDS
