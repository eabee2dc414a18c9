"""The rows of a database held against each other and against their hashes, a batch at a time."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import orjson

from fsm_engine.errors import SessionCorrupted
from fsm_engine.model.times import utc_text
from fsm_engine.storage import sql_inspection as sql
from fsm_engine.storage.findings import Finding, Touched
from fsm_engine.storage.row_seals import session_of, sound_turn
from fsm_engine.storage.seal import Seal

Progress = Callable[[str, int, int | None], None]
"""Told what is being looked at, how far it has come, and of how much where that is known."""

BATCH = 500
_FARTHEST_SKIP = 2**20
UNDER_WAY = timedelta(minutes=10)
"""A pending action that is younger may simply be running."""

_OTHERS = "All other sessions."
_RESTORE = "Restore a backup. Or end the session: a new message then begins a new one."


@dataclass(slots=True)
class Rows:
    """Reads a table by rising key; keys whose rows cannot be read are counted and passed over."""

    connection: sqlite3.Connection
    tell: Progress
    unreadable: dict[str, int] = field(default_factory=dict)

    def of(self, table: str, statement: str, *, key: str = "key") -> Iterator[tuple[Any, ...]]:
        last, skip = 0, 1
        highest = self._highest(table, key)
        while True:
            try:
                rows = self.connection.execute(statement, (last, BATCH)).fetchall()
            except sqlite3.DatabaseError:
                self.unreadable[table] = self.unreadable.get(table, 0) + 1
                if skip > _FARTHEST_SKIP:
                    return
                last, skip = last + skip, skip * 2
                continue
            if not rows:
                return
            yield from rows
            last, skip = rows[-1][0], 1
            self.tell(f"reading {table}", last, highest)

    def _highest(self, table: str, key: str) -> int | None:
        try:
            (highest,) = self.connection.execute(sql.HIGHEST.format(key=key, table=table)).fetchone()
        except sqlite3.DatabaseError:
            return None
        return highest if isinstance(highest, int) else None

    def findings(self) -> Iterator[Finding]:
        for table, count in self.unreadable.items():
            yield Finding(
                "unreadable-rows",
                "error",
                f"Rows of {table} cannot be read, at {count} places.",
                "What stands in other rows.",
                "Restore a backup; what was committed since is in the rows that can still be read.",
                count,
            )


def session_findings(rows: Rows, seal: Seal, now: str) -> Iterator[Finding]:
    """Hashes of states, journals that are as long as their session says, flows that sessions need, expired ones."""
    damaged, uneven, expired, without_flow = Touched(), Touched(), Touched(), Touched()
    flows = {hash_ for (hash_,) in rows.connection.execute(sql.FLOW_HASHES)}
    for _, turns, last, *row in rows.of("sessions", sql.SESSIONS):
        one = session_of(tuple(row), seal)
        is_active = one.status == "active"
        if one.is_damaged:
            damaged.add(one.id)
        elif is_active and not _hashes_of_frames(one.state_json) <= flows:
            without_flow.add(one.id)
        if (turns, last) != (one.turn, one.turn):
            uneven.add(one.id)
        if is_active and one.expires_at is not None and one.expires_at <= now:
            expired.add(one.id)
    yield from _each(
        (damaged, _SESSION_DAMAGED), (uneven, _JOURNAL_UNEVEN), (without_flow, _FLOW_MISSING), (expired, _EXPIRED)
    )


def turn_findings(rows: Rows, seal: Seal) -> Iterator[Finding]:
    """Hashes of the journal's lines."""
    damaged = Touched()
    for _, *row in rows.of("turns", sql.TURNS, key="rowid"):
        try:
            sound_turn(tuple(row), seal)
        except SessionCorrupted:
            damaged.add(row[0])
    yield from _each((damaged, _TURN_DAMAGED))


def conversation_findings(rows: Rows) -> Iterator[Finding]:
    """Versions, counts and numbers against what is there."""
    version, gone, counted, numbered, silent = (Touched() for _ in range(5))
    for key, id_, at, count, last, turns, has_first, messages, highest in rows.of("conversations", sql.CONVERSATIONS):
        if at < turns or (has_first and at != turns):
            version.add(id_)
        elif at != turns and turns:
            gone.add(id_)
        if count != messages:
            counted.add(id_)
        if last < highest:
            numbered.add(id_)
        for (session,) in _rows_or_none(rows, sql.SILENT_TURNS, key):
            silent.add(session)
    yield from _each(
        (version, _VERSION), (gone, _TURNS_GONE), (counted, _COUNT), (numbered, _NUMBERS), (silent, _SILENT)
    )


def audit_findings(connection: sqlite3.Connection, now: str) -> Iterator[Finding]:
    """Actions that nobody finished."""
    pending, unknown, stuck = Touched(), Touched(), Touched()
    under_way_since = utc_text(datetime.fromisoformat(now) - UNDER_WAY)
    for status, session, created_at in connection.execute(sql.UNFINISHED):
        if status == "unknown":
            unknown.add(session)
        elif status == "stuck":
            stuck.add(session)
        elif created_at <= under_way_since:
            pending.add(session)
    yield from _each((pending, _PENDING), (unknown, _UNKNOWN), (stuck, _STUCK))


def delivery_findings(connection: sqlite3.Connection, now: str) -> Iterator[Finding]:
    """Messages that nobody took, and people who are still to be told of a risk."""
    unsent, untold, given_up = Touched(), Touched(), Touched()
    under_way_since = utc_text(datetime.fromisoformat(now) - UNDER_WAY)
    for status, kind, session, created_at in connection.execute(sql.UNDELIVERED):
        if status == "given_up":
            given_up.add(session)
        elif created_at <= under_way_since:
            (untold if kind == "notify" else unsent).add(session)
    yield from _each((unsent, _UNSENT), (untold, _UNTOLD), (given_up, _GIVEN_UP))


def _each(*found: tuple[Touched, Finding]) -> Iterator[Finding]:
    """The findings that touch anything; their ids go where the finding says that ids belong."""
    for touched, finding in found:
        if not touched.count:
            continue
        ids = tuple(touched.ids)
        if finding.conversations:
            yield replace(finding, count=touched.count, conversations=ids)
        else:
            yield replace(finding, count=touched.count, sessions=ids)


def _hashes_of_frames(state_json: str) -> set[str]:
    try:
        state = orjson.loads(state_json)
        return {frame["source_hash"] for frame in state.get("frames", ())}
    except (orjson.JSONDecodeError, TypeError, KeyError, AttributeError):
        return set()


def _rows_or_none(rows: Rows, statement: str, key: int) -> Iterable[tuple[Any, ...]]:
    try:
        return rows.connection.execute(statement, (key,)).fetchall()
    except sqlite3.DatabaseError:
        return ()  # told of by the checks of the tables themselves


_IDS = ("ids go here",)
_SESSION_DAMAGED = Finding(
    "session-damaged",
    "error",
    "The stored state does not match its hash: it is damaged, or was written under another row key.",
    f"{_OTHERS} Turns in these raise SessionCorrupted.",
    _RESTORE,
)
_JOURNAL_UNEVEN = Finding(
    "journal-incomplete",
    "error",
    "The journal has more or fewer turns than the session says it has taken.",
    f"{_OTHERS} These go on from their state, but cannot be replayed.",
    _RESTORE,
)
_FLOW_MISSING = Finding(
    "flow-missing",
    "error",
    "An active session stands in a version of a flow whose text is not in flow_versions.",
    f"{_OTHERS} These go on only while the flow files are the very same.",
    "Open the engine once with the flow files of that time; it stores their text.",
)
_EXPIRED = Finding(
    "session-expired",
    "note",
    "Sessions are marked active although their time is up.",
    "Everything: the next message of each opens a new session.",
    "Nothing.",
)
_TURN_DAMAGED = Finding(
    "turn-damaged",
    "error",
    "Lines of the journal do not match their hash.",
    f"{_OTHERS} These go on, but such a turn is not answered a second time, and cannot be replayed.",
    _RESTORE,
)
_VERSION = Finding(
    "version-differs",
    "error",
    "The version of a conversation is not the number of its turns.",
    "Turns go on from the version that is stored; the journal does not show all of them.",
    _RESTORE,
    conversations=_IDS,
)
_TURNS_GONE = Finding(
    "turns-deleted",
    "note",
    "Conversations have taken more turns than are still stored.",
    "Everything.",
    "Nothing where sessions were deleted by age.",
    conversations=_IDS,
)
_COUNT = Finding(
    "message-count",
    "error",
    "message_count is not the number of messages that are stored.",
    "Turns and histories; counts shown to people are wrong.",
    "Restore a backup if messages are missing; else set message_count to their number.",
    conversations=_IDS,
)
_NUMBERS = Finding(
    "message-numbers",
    "error",
    "last_message is below the highest number of a stored message: the next turn will be refused.",
    "All other conversations, and the histories of these.",
    "Set last_message to the highest number, or restore a backup.",
    conversations=_IDS,
)
_SILENT = Finding(
    "messages-missing",
    "error",
    "Turns in which a user said something have no message, though earlier ones of their session have.",
    "Turns; the history is incomplete. The journal still holds what was said.",
    "Restore a backup.",
)
_PENDING = Finding(
    "actions-pending",
    "warning",
    "Actions were asked for more than 10 minutes ago and have not ended.",
    "Everything; these sessions wait for their action.",
    "Run fsm-engine recover, or call engine.recover(): it finishes those that may be repeated and marks the others"
    " unknown.",
)
_UNKNOWN = Finding(
    "actions-unknown",
    "warning",
    "Nobody knows whether these actions took effect.",
    "Everything.",
    "Look into the system that they act on, then set their status with store.audit.update.",
)
_STUCK = Finding(
    "undos-stuck",
    "warning",
    "Actions could not be taken back: their undo failed for good.",
    "Everything.",
    "Take them back by hand; fsm-engine audit --session ID shows what was done. Then set the status of the undo with"
    " store.audit.update.",
)
_UNSENT = Finding(
    "messages-undelivered",
    "warning",
    "Messages that nobody waited for, such as reminders, have waited for more than 10 minutes to be handed over.",
    "Everything else; users have not seen them.",
    "Let the bot register a function with @engine.deliver, and see why it fails in the log (fsm_engine.deliveries).",
)
_UNTOLD = Finding(
    "risk-notices-open",
    "warning",
    "People who are to be told of a risk have not been told for more than 10 minutes.",
    "Everything else.",
    "Tell them. Let the bot register a function for each name of the risk policy with @engine.notify, and see why it"
    " fails in the log (fsm_engine.deliveries).",
)
_GIVEN_UP = Finding(
    "deliveries-given-up",
    "warning",
    "Messages or notices could not be handed over for three days, or were refused, and are not tried any more.",
    "Everything else.",
    "Look who was to get them (store.deliveries.with_status), and tell them in another way.",
)
