"""A bank outside the engine: what it is asked to do, and what it did, in a database file of its own."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from fsm_engine import ActionCall, Actions

PAY = "bank.pay"
_SCHEMA = """
PRAGMA journal_mode = WAL;
CREATE TABLE IF NOT EXISTS calls (
  number INTEGER PRIMARY KEY, payer TEXT NOT NULL, action TEXT NOT NULL, key TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS effects (
  number INTEGER PRIMARY KEY, payer TEXT NOT NULL, action TEXT NOT NULL, key TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS letters (call INTEGER NOT NULL REFERENCES calls);
CREATE TABLE IF NOT EXISTS refused (key TEXT NOT NULL, up_to_call INTEGER NOT NULL);
"""
_DONE_FOR = "SELECT number FROM effects WHERE key = (SELECT key FROM calls WHERE number = ?1)"
_DO = """
INSERT INTO effects (payer, action, key)
SELECT payer, action, key FROM calls AS c
WHERE number = ?1 AND NOT EXISTS (SELECT 1 FROM refused AS r WHERE r.key = c.key AND r.up_to_call >= c.number)
RETURNING number
"""
_REFUSE = "INSERT INTO refused SELECT key, max(number) FROM calls WHERE key = ?1 GROUP BY key"


class Bank:
    """With ``knows_keys`` it does a thing once for each key, else as often as it is asked.

    It commits before it answers, so that a process that is killed takes nothing of it along. ``at_work`` is called at
    each step of its own work (an instruction of SQLite's virtual machine): a test may end the process there.
    """

    def __init__(self, file: Path, *, knows_keys: bool, at_work: Callable[[], None] | None = None) -> None:
        self._file = file
        self._knows_keys = knows_keys
        self._at_work: Callable[[], None] | None = None
        with self._open() as bank:
            bank.executescript(_SCHEMA)
        self._at_work = at_work

    def pay(self, payer: str, key: str, action: str = PAY) -> int:
        """The number of the payment that was made for this key."""
        return self.do(self.take_call(payer, key, action))

    def take_call(self, payer: str, key: str, action: str = PAY) -> int:
        """Notes that it is asked; the call's number."""
        with self._open() as bank:
            call = (payer, action, key)
            return int(bank.execute("INSERT INTO calls (payer, action, key) VALUES (?, ?, ?)", call).lastrowid or 0)

    def times_called(self, key: str) -> int:
        """With this key."""
        with self._open() as bank:
            (times,) = bank.execute("SELECT count(*) FROM calls WHERE key = ?", (key,)).fetchone()
        return int(times)

    def do(self, call: int) -> int:
        """The number of what was done for this call's key, now or before; 0 when nothing is, and nothing will be."""
        with self._open() as bank:
            bank.execute("BEGIN IMMEDIATE")
            known = bank.execute(_DONE_FOR, (call,)).fetchone()
            if known is None or not self._knows_keys:
                known = bank.execute(_DO, (call,)).fetchone()
            bank.execute("COMMIT")
        return 0 if known is None else int(known[0])

    def find(self, key: str) -> int | None:
        """The number of what was done for this key; when it is nothing, calls that it has will not be carried out."""
        with self._open() as bank:
            bank.execute("BEGIN IMMEDIATE")
            known = bank.execute("SELECT number FROM effects WHERE key = ?", (key,)).fetchone()
            if known is None:
                bank.execute(
                    "INSERT INTO refused SELECT key, max(number) FROM calls WHERE key = ? GROUP BY key", (key,)
                )
            bank.execute("COMMIT")
        return None if known is None else int(known[0])

    def post(self, call: int) -> None:
        """Leaves a call on its way; it is carried out when the letters arrive."""
        with self._open() as bank:
            bank.execute("INSERT INTO letters (call) VALUES (?)", (call,))

    def letters_arrive(self) -> None:
        """What was on its way is done, as late as this."""
        with self._open() as bank:
            for (call,) in bank.execute("DELETE FROM letters RETURNING call").fetchall():
                self.do(call)

    def calls(self, payer: str = "chat") -> list[str]:
        """The keys that it was asked with from this conversation, in order."""
        return self._keys("SELECT key FROM calls WHERE payer = ? ORDER BY number", payer)

    def effects(self, payer: str = "chat") -> list[str]:
        """The key of each payment that was made for this conversation, in order."""
        return self._keys("SELECT key FROM effects WHERE payer = ? ORDER BY number", payer)

    def ledger(self) -> list[tuple[str, str]]:
        """All that was done: action and key, in order."""
        with self._open() as bank:
            return bank.execute("SELECT action, key FROM effects ORDER BY number").fetchall()

    def actions(self) -> Actions:
        """``bank.pay``, and ``bank.is_open`` for checks."""
        actions = Actions()

        @actions.action(PAY, idempotent=self._knows_keys)
        def pay(call: ActionCall) -> int:
            return self.pay(call.session.conversation_id, call.idempotency_key)

        @actions.action("bank.is_open")
        async def is_open(call: ActionCall) -> bool:
            return True

        return actions

    def _keys(self, statement: str, payer: str) -> list[str]:
        with self._open() as bank:
            return [key for (key,) in bank.execute(statement, (payer,))]

    def _open(self) -> closing[sqlite3.Connection]:
        connection = sqlite3.connect(self._file, timeout=60, isolation_level=None)
        connection.set_progress_handler(self._at_work, 1)
        return closing(connection)
