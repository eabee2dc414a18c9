"""A bank outside the engine: what it is asked to do, and what it did, in a database file of its own."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from fsm_engine import ActionCall, Actions

_SCHEMA = """
PRAGMA journal_mode = WAL;
CREATE TABLE IF NOT EXISTS calls (number INTEGER PRIMARY KEY, payer TEXT NOT NULL, key TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS effects (number INTEGER PRIMARY KEY, payer TEXT NOT NULL, key TEXT NOT NULL);
"""


class Bank:
    """With ``knows_keys`` it does a thing once for each key, else as often as it is asked.

    It commits before it answers, so that a process that is killed takes nothing of it along.
    """

    def __init__(self, file: Path, *, knows_keys: bool) -> None:
        self._file = file
        self._knows_keys = knows_keys
        with self._open() as bank:
            bank.executescript(_SCHEMA)

    def pay(self, payer: str, key: str) -> int:
        """The number of the payment that was made for this key."""
        with self._open() as bank:
            bank.execute("BEGIN IMMEDIATE")
            bank.execute("INSERT INTO calls (payer, key) VALUES (?, ?)", (payer, key))
            known = bank.execute("SELECT number FROM effects WHERE key = ?", (key,)).fetchone()
            if known is None or not self._knows_keys:
                known = (bank.execute("INSERT INTO effects (payer, key) VALUES (?, ?)", (payer, key)).lastrowid,)
            bank.execute("COMMIT")
        return int(known[0] or 0)

    def calls(self, payer: str = "chat") -> list[str]:
        """The keys that it was asked with from this conversation, in order."""
        return self._keys("SELECT key FROM calls WHERE payer = ? ORDER BY number", payer)

    def effects(self, payer: str = "chat") -> list[str]:
        """The key of each payment that was made for this conversation, in order."""
        return self._keys("SELECT key FROM effects WHERE payer = ? ORDER BY number", payer)

    def actions(self) -> Actions:
        """``bank.pay``, and ``bank.is_open`` for checks."""
        actions = Actions()

        @actions.action("bank.pay", idempotent=self._knows_keys)
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
        return closing(sqlite3.connect(self._file, timeout=60, isolation_level=None))
