# mypy: disallow-subclassing-any=False
"""python-statemachine, which stores nothing itself: one row per turn, written by plain sqlite3.

The machine of a conversation is made for every message from its last row, over a model, as the tool's pages show it.
The row's key is (conversation, number of the turn), so that a second row with the same number is refused.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import new_class
from typing import Any

from benchmarks.peers.account import CLOSING, END, INTRO, Bank, Question
from benchmarks.peers.peer import Bot, Peer
from benchmarks.peers.rows import Rows

TABLE = """
CREATE TABLE IF NOT EXISTS turns (conversation TEXT, number INTEGER, state TEXT, slots TEXT, heard TEXT, reply TEXT,
  PRIMARY KEY (conversation, number)) WITHOUT ROWID"""
LAST = "SELECT number, state, slots FROM turns WHERE conversation = ? ORDER BY number DESC LIMIT 1"
ADD = "INSERT INTO turns VALUES (?, ?, ?, ?, ?, ?)"
HEARD = "SELECT heard FROM turns WHERE conversation = ? ORDER BY number"


@dataclass
class Account:
    """The machine's model: where the dialogue stands, and what it knows."""

    state: str | None = None
    slots: dict[str, str] = field(default_factory=dict)
    reply: str = ""


def machine_of(questions: tuple[Question, ...], bank: Bank) -> Any:
    """The class of the machine: a state per question, the event ``hear``, a guard that reads the answer."""
    from statemachine import State, StateMachine

    class Conversation(StateMachine):
        """What all states share; the states themselves come from the list of questions."""

        def fits(self, source: Any, text: str) -> bool:
            return asked[source.id].read(text) is not None

        def keep(self, source: Any, text: str) -> None:
            value = asked[source.id].read(text)
            assert value is not None
            self.model.slots[source.id] = value

        def ask(self, target: Any) -> None:
            intro = INTRO if target.id == questions[0].slot else ""
            self.model.reply = intro + asked[target.id].prompt.format(**self.model.slots)

        def ask_again(self, source: Any) -> None:
            self.model.reply = asked[source.id].again

        def forget(self) -> None:
            self.model.slots = {}

        def close(self) -> None:
            slots = self.model.slots
            self.model.reply = CLOSING.format(**slots, account_number=bank.open_account(slots))

    asked = {question.slot: question for question in questions}
    states = [State(END, value=END, initial=True), *(State(name, value=name) for name in asked)]
    hear = states[0].to(states[1], on=["forget", "ask"])
    for place, state in enumerate(states[1:], 1):
        is_last = place == len(states) - 1
        following = states[0] if is_last else states[place + 1]
        hear |= state.to(following, cond="fits", on=["keep", "close" if is_last else "ask"])
        hear |= state.to.itself(internal=True, on="ask_again")
    body = {"hear": hear, **dict(zip([END, *asked], states, strict=True))}
    return new_class("AccountMachine", (Conversation,), exec_body=lambda namespace: namespace.update(body))


class RowPerTurn:
    """Load the last row, let the machine hear, add a row."""

    def __init__(self, machine: Any, rows: Rows) -> None:
        self._machine, self._rows = machine, rows

    def turn(self, conversation: str, text: str, delivery: str) -> str:
        found = self._rows.read(LAST, conversation)
        number, state, slots = found[0] if found else (0, END, "{}")
        account = Account(state, json.loads(slots))
        self._machine(account).send("hear", text=text)
        row = (conversation, number + 1, account.state, json.dumps(account.slots), text, account.reply)
        self._rows.write(ADD, row)
        return account.reply

    def heard(self, conversation: str) -> list[str]:
        return [text for (text,) in self._rows.read(HEARD, conversation)]

    def pragma(self, name: str) -> object:
        return self._rows.read(f"PRAGMA {name}")[0][0]


@contextmanager
def _opens(path: Path, questions: tuple[Question, ...], bank: Bank) -> Iterator[Bot]:
    with closing(Rows(path, TABLE)) as rows:
        yield RowPerTurn(machine_of(questions, bank), rows)


PEERS = (Peer("python-statemachine, a row per turn", ("python-statemachine",), "a row per message", opens=_opens),)
