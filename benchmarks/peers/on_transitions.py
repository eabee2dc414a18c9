"""transitions, which stores nothing itself: the conversation's pickle in one row, written by plain sqlite3.

It is what many bots do by hand, with the library that this engine stands on: one shared machine, a model that is
unpickled for a message, added to the machine, triggered and pickled again.
"""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.peers.account import CLOSING, END, INTRO, Bank, Question
from benchmarks.peers.peer import Bot, Peer
from benchmarks.peers.rows import Rows

TABLE = "CREATE TABLE IF NOT EXISTS conversations (conversation TEXT PRIMARY KEY, state TEXT, pickle BLOB)"
LOAD = "SELECT state, pickle FROM conversations WHERE conversation = ?"
KEEP = "INSERT OR REPLACE INTO conversations VALUES (?, ?, ?)"


@dataclass
class Known:
    """What is pickled of a conversation."""

    slots: dict[str, str] = field(default_factory=dict)
    heard: list[str] = field(default_factory=list)
    reply: str = ""


class Account:
    """The machine's model: guards and callbacks of the dialogue."""

    state: str

    def __init__(self, questions: dict[str, Question], bank: Bank, known: Known) -> None:
        self.questions, self.bank, self.known = questions, bank, known

    def fits(self, text: str) -> bool:
        return self.questions[self.state].read(text) is not None

    def keep(self, text: str) -> None:
        value = self.questions[self.state].read(text)
        assert value is not None
        self.known.slots[self.state] = value

    def forget(self, text: str) -> None:
        self.known.slots.clear()

    def ask(self, text: str) -> None:
        prompt = self.questions[self.state].prompt.format(**self.known.slots)
        self.known.reply = prompt if self.known.slots else INTRO + prompt

    def ask_again(self, text: str) -> None:
        self.known.reply = self.questions[self.state].again

    def close(self, text: str) -> None:
        slots = self.known.slots
        self.known.reply = CLOSING.format(**slots, account_number=self.bank.open_account(slots))


def machine_of(questions: tuple[Question, ...]) -> Any:
    """One machine for all conversations."""
    from transitions import Machine

    names = [question.slot for question in questions]
    ways: list[dict[str, Any]] = [
        {"trigger": "hear", "source": END, "dest": names[0], "before": "forget", "after": "ask"}
    ]
    for name, following in zip(names, [*names[1:], END], strict=True):
        then = "close" if following == END else "ask"
        way = {"trigger": "hear", "source": name, "dest": following, "conditions": "fits", "before": "keep"}
        ways += [way | {"after": then}, {"trigger": "hear", "source": name, "dest": None, "after": "ask_again"}]
    return Machine(None, states=[END, *names], initial=END, transitions=ways, auto_transitions=False)


class PickledRow:
    """Load the conversation's row, let the model hear, replace the row."""

    def __init__(self, questions: tuple[Question, ...], bank: Bank, rows: Rows) -> None:
        self._questions = {question.slot: question for question in questions}
        self._bank, self._rows = bank, rows
        self._machine = machine_of(questions)

    def turn(self, conversation: str, text: str, delivery: str) -> str:
        state, known = self._load(conversation)
        known.heard.append(text)
        account: Any = Account(self._questions, self._bank, known)
        self._machine.add_model(account, initial=state)
        try:
            account.hear(text)
        finally:
            self._machine.remove_model(account)
        self._rows.write(KEEP, (conversation, account.state, pickle.dumps(known)))
        return known.reply

    def heard(self, conversation: str) -> list[str]:
        return self._load(conversation)[1].heard

    def pragma(self, name: str) -> object:
        return self._rows.read(f"PRAGMA {name}")[0][0]

    def _load(self, conversation: str) -> tuple[str, Known]:
        found = self._rows.read(LOAD, conversation)
        return (found[0][0], pickle.loads(found[0][1])) if found else (END, Known())


@contextmanager
def _opens(path: Path, questions: tuple[Question, ...], bank: Bank) -> Iterator[Bot]:
    with closing(Rows(path, TABLE)) as rows:
        yield PickledRow(questions, bank, rows)


PEERS = (Peer("transitions, a pickle per conversation", ("transitions",), "one row, replaced", opens=_opens),)
