"""A small bank for the shipped flows, with a ledger of its own: for `fsm-engine chat` and `fsm-engine demo`."""

from __future__ import annotations

import os
import sqlite3
import weakref
from hashlib import blake2b
from pathlib import Path

from fsm_engine.actions import ActionCall, Actions, Done, NotDone
from fsm_engine.model.slot import Json

TAKEN = "taken@example.com"
_SCHEMA = """
CREATE TABLE IF NOT EXISTS accounts (
  key TEXT PRIMARY KEY, number TEXT NOT NULL, name TEXT, email TEXT, type TEXT, status TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS requests (
  id INTEGER PRIMARY KEY, process INTEGER NOT NULL, request TEXT NOT NULL, key TEXT NOT NULL, answer TEXT NOT NULL
);
"""


class DemoBank:
    """Knows keys: one key, one account. Each call is committed before it is answered.

    The ledger is a SQLite file, or None: it is kept in memory. It is closed with the bank's end, or by ``close``.
    """

    def __init__(self, ledger: Path | None = None) -> None:
        # Actions run in the engine's own loop, which may be another thread's than this, and one after the other.
        self._ledger = sqlite3.connect(ledger or ":memory:", isolation_level=None, check_same_thread=False)
        self._ledger.executescript(_SCHEMA)
        self.close = weakref.finalize(self, self._ledger.close)

    def actions(self) -> Actions:
        """What the shipped flows call."""
        actions = Actions()
        actions.action("accounts.email_is_free", idempotent=True)(self._email_is_free)
        actions.action("accounts.create", undo="accounts.close", query="accounts.find", idempotent=True)(self._create)
        actions.action("accounts.find")(self._find)
        actions.action("accounts.close", idempotent=True)(self._close)
        return actions

    async def _email_is_free(self, call: ActionCall) -> bool:
        email = call.slots.get("email")
        known = self._ledger.execute("SELECT 1 FROM accounts WHERE email = ? AND status = 'open'", (email,)).fetchone()
        return email != TAKEN and known is None

    async def _create(self, call: ActionCall) -> Json:
        """The same key always gets the same account, with the same number."""
        key = call.idempotency_key
        number = f"{int.from_bytes(blake2b(key.encode(), digest_size=6).digest()) % 10**8:08d}"
        told = [call.slots.get(slot) for slot in ("name", "email", "account_type")]
        with self._ledger:
            self._ledger.execute("BEGIN IMMEDIATE")
            opened = self._ledger.execute(
                "INSERT INTO accounts VALUES (?, ?, ?, ?, ?, 'open') ON CONFLICT DO NOTHING", (key, number, *told)
            )
            self._note("open an account", key, f"opened {number}" if opened.rowcount else f"it is {number} already")
        return {"account_number": number}

    async def _find(self, call: ActionCall) -> Done | NotDone:
        """Whether an account was opened under this key."""
        key = call.idempotency_key
        known = self._ledger.execute("SELECT number FROM accounts WHERE key = ?", (key,)).fetchone()
        self._note("is one open under this key?", key, f"yes, {known[0]}" if known else "no")
        return Done({"account_number": known[0]}) if known else NotDone()

    async def _close(self, call: ActionCall) -> Json:
        """Closes what was opened under the key that is taken back; nothing when there is nothing."""
        key = call.undoes or ""
        with self._ledger:
            self._ledger.execute("BEGIN IMMEDIATE")
            self._ledger.execute("UPDATE accounts SET status = 'closed' WHERE key = ?", (key,))
            self._note("close the account", key, "closed")
        return {}

    def _note(self, request: str, key: str, answer: str) -> None:
        self._ledger.execute(
            "INSERT INTO requests (process, request, key, answer) VALUES (?, ?, ?, ?)",
            (os.getpid(), request, key, answer),
        )
