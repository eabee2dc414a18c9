"""How fast turns can be stored at all on this machine, and how near the store comes.

The floor is bare sqlite3 in one thread: one transaction per turn with synchronous=FULL, plain prepared statements into
the same schema, the same rows; nothing is computed and nothing is awaited.

    python -m benchmarks.floor [TURNS]
"""

from __future__ import annotations

import asyncio
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from benchmarks.account_turn import account_turn
from fsm_engine.storage import open_store, sql
from fsm_engine.storage.intake import intake_row
from fsm_engine.storage.row_seals import answer_seal, session_seals, turn_seals
from fsm_engine.storage.seal import Seal
from fsm_engine.storage.sqlite_file import MEMORY, SqliteSettings, connect
from fsm_engine.storage.turn_rows import AuditRow, TurnToCommit

ROUNDS = 7
Run = Callable[[str, tuple[Any, ...]], sqlite3.Cursor]

ADD_CONVERSATION = "INSERT INTO conversations (key, id, title, created_at, updated_at) VALUES (?, ?, ?, ?, ?)"
UPDATE_CONVERSATION = """
UPDATE conversations SET version = version + 1, message_count = message_count + ?, last_message = last_message + ?,
  updated_at = ?, last_message_at = ? WHERE key = ? AND version = ? RETURNING last_message"""
ADD_SESSION = """
INSERT INTO sessions (key, id, conversation, turn, state_json, state_hash, status, current_flow, fsm_state,
  current_intent, created_at, last_activity, expires_at, completed_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"""
UPDATE_SESSION = """
UPDATE sessions SET turn = ?, state_json = ?, state_hash = ?, status = ?, current_flow = ?, fsm_state = ?,
  current_intent = ?, last_activity = ?, expires_at = ?, completed_at = ? WHERE key = ?"""
KEEP_AUDIT = """
INSERT INTO audit_log (idempotency_key, session, turn, intent, action, input_data, output_data, status, error_message,
  created_at, updated_at, private, owner, lease_until, fence) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (idempotency_key) DO UPDATE SET status = excluded.status, output_data = excluded.output_data,
  error_message = excluded.error_message, updated_at = excluded.updated_at, owner = NULL, lease_until = NULL, fence = 0
RETURNING id"""
ADD_TRANSACTION = """
INSERT INTO transactions (idempotency_key, audit_log_id, status, rollback_data, created_at, updated_at)
VALUES (?, ?, ?, ?, ?, ?)"""
KEEP_RESULT = """
INSERT INTO idempotency_cache (key, result_data, created_at, expires_at, first_key, conversation)
VALUES (?, ?, ?, ?, ?, ?)"""
ADD_TURN = """
INSERT INTO turns (session, number, conversation, request_id, fingerprint, event_json, reply_json, row_hash, flow_hash,
  caused_by, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"""
ADD_MESSAGE = """
INSERT INTO messages (conversation, number, session, turn, user_id, role, content, metadata, request_id, created_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"""
KEEP_ANSWER = """
INSERT INTO user_responses VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (session, flow, step) DO UPDATE SET slot = excluded.slot, response = excluded.response,
  raw_text = excluded.raw_text, attempt_count = excluded.attempt_count, updated_at = excluded.updated_at,
  row_hash = excluded.row_hash"""
ADD_SUMMARY = """
INSERT INTO session_summaries (session, summary_type, summary_data, generated_at) VALUES (?, 'complete', ?, ?)"""
SUMMARIES = "SELECT s.id, m.summary_data FROM session_summaries AS m JOIN sessions AS s ON s.key = m.session"
ADD_CLASSIFICATION = "INSERT INTO intent_classifications VALUES (?, ?, ?, ?, ?, ?, ?, ?)"


class Prepared(NamedTuple):
    """A turn with all that is computed for it, so that the floor only writes: the request that its messages belong to,
    hashes of rows, and the summary of a session that it completes.
    """

    turn: TurnToCommit
    request_id: str | None
    state_hash: bytes
    row_hash: bytes
    answer_hashes: tuple[str, ...]
    summary: str | None


@dataclass(frozen=True, slots=True)
class Speed:
    """Turns per second, and the 50th and 99th percentile of how long a caller waited, in milliseconds."""

    turns_per_second: float
    p50_ms: float
    p99_ms: float


def floor_turns_per_second(path: str | Path, turns: int, *, conversations: int = 1) -> float:
    """Turns per second of the bare loop, into a fresh database at ``path``, one conversation after the other."""
    prepared = [
        account_turn(key, number)
        for number in range(1, turns // conversations + 1)
        for key in range(1, conversations + 1)
    ]
    return bare_turns_per_second(path, prepared)


def bare_turns_per_second(path: str | Path, turns: Sequence[TurnToCommit]) -> float:
    """Turns per second at which bare sqlite3 writes the rows of these very turns into a fresh database."""
    prepared = _prepared(turns)
    connection = connect(str(path), SqliteSettings())
    keys: dict[str, int] = {}
    sessions: dict[str, int] = {}
    try:
        started = time.perf_counter()
        for one in prepared:
            conversation = keys.setdefault(one.turn.conversation_id, len(keys) + 1)
            session = sessions.setdefault(one.turn.session_id, len(sessions) + 1)
            _write(connection, conversation, session, one)
        return len(turns) / (time.perf_counter() - started)
    finally:
        connection.close()


def _prepared(turns: Sequence[TurnToCommit]) -> list[Prepared]:
    """The summaries are those that the schema itself makes, in a database in memory."""
    seal = Seal()
    with closing(connect(MEMORY, SqliteSettings())) as scratch:
        for turn in turns:
            scratch.execute(sql.intake(1), intake_row(turn, seal))
        summaries = dict(scratch.execute(SUMMARIES).fetchall())
    requests = {(turn.session_id, turn.turn): turn.request_id for turn in turns}
    return [
        Prepared(
            turn,
            turn.request_id or requests.get((turn.session_id, turn.caused_by or 0)),
            session_seals(turn, seal),
            turn_seals(turn, seal),
            tuple(answer_seal(turn.session_id, answer, turn.now, seal) for answer in turn.answers),
            summaries.get(turn.session_id) if turn.status == "completed" else None,
        )
        for turn in turns
    ]


def _write(connection: sqlite3.Connection, conversation: int, session: int, one: Prepared) -> None:
    run, turn = connection.execute, one.turn
    now = turn.now
    said = len(turn.messages)
    connection.execute("BEGIN IMMEDIATE")
    if turn.base_version == 0:
        run(ADD_CONVERSATION, (conversation, turn.conversation_id, turn.title, now, now))
    (last,) = run(UPDATE_CONVERSATION, (said, said, now, now, conversation, turn.base_version)).fetchone()
    place = (turn.turn, turn.state_json, one.state_hash, turn.status, turn.flow, turn.step, turn.intent, now)
    if turn.turn == 1:
        run(ADD_SESSION, (session, turn.session_id, conversation, *place, now, turn.expires_at, turn.completed_at))
    else:
        run(UPDATE_SESSION, (*place, turn.expires_at, turn.completed_at, session))
    journal = (turn.request_id, turn.fingerprint, turn.event_json, turn.reply_json, one.row_hash, turn.flow_hash)
    run(ADD_TURN, (session, turn.turn, conversation, *journal, turn.caused_by, now))
    for number, message in enumerate(turn.messages, last - said + 1):
        text = (message.role, message.content, message.metadata_json, one.request_id, now)
        run(ADD_MESSAGE, (conversation, number, session, turn.turn, None, *text))
    for answer, row_hash in zip(turn.answers, one.answer_hashes, strict=True):
        given = (answer.slot, answer.response_json, answer.raw, answer.attempts, now, now, row_hash)
        run(KEEP_ANSWER, (session, answer.flow, answer.step, *given))
    if turn.classification is not None:
        heard = turn.classification
        intent = (heard.user_message, heard.intent, heard.confidence, heard.method, heard.step, now)
        run(ADD_CLASSIFICATION, (session, turn.turn, *intent))
    for audit in turn.audit:
        _write_action(run, conversation, (session, turn.turn), audit, now)
    if one.summary is not None:
        run(ADD_SUMMARY, (session, one.summary, now))
    connection.execute("COMMIT")


def _write_action(run: Run, conversation: int, place: tuple[int, int], audit: AuditRow, now: str) -> None:
    values = (audit.intent, audit.action, audit.input_json, audit.output_json, audit.status, audit.error, now, now)
    lease = (audit.private, audit.owner, audit.lease_until, audit.fence or 0)
    (number,) = run(KEEP_AUDIT, (audit.key, *place, *values, *lease)).fetchone()
    if audit.effect is not None:
        run(ADD_TRANSACTION, (audit.key, number, audit.effect, audit.rollback_json, now, now))
    if audit.cache_key is not None:
        run(KEEP_RESULT, (audit.cache_key, audit.output_json, now, audit.cache_until, audit.key, conversation))


async def store_speed(path: str | Path, turns: int, *, conversations: int, loads: bool = False) -> Speed:
    """The store's own speed with one committer per conversation, each waiting for its turn before the next.

    With ``loads`` every turn first loads its conversation, as a program without a cache does.
    """
    prepared = [
        [account_turn(key, n) for n in range(1, turns // conversations + 1)] for key in range(1, conversations + 1)
    ]
    store = await open_store(f"sqlite:///{path}")
    waits: list[float] = []

    async def converse(mine: list[TurnToCommit]) -> None:
        for turn in mine:
            before = time.perf_counter()
            if loads:
                await store.load(turn.conversation_id, turn.request_id)
            await store.commit(turn)
            waits.append(time.perf_counter() - before)

    try:
        started = time.perf_counter()
        await asyncio.gather(*(converse(mine) for mine in prepared))
        elapsed = time.perf_counter() - started
    finally:
        await store.close()
    waits.sort()
    return Speed(len(waits) / elapsed, waits[len(waits) // 2] * 1e3, waits[len(waits) * 99 // 100] * 1e3)


def main(turns: int) -> None:
    """Floor and store in turn, so that what else the machine does troubles both; the medians are printed."""
    for conversations, loads in ((1, False), (64, False), (1, True), (64, True)):
        floors, speeds = [], []
        for _ in range(ROUNDS):
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder, "floor.db")
                floors.append(floor_turns_per_second(path, turns // ROUNDS, conversations=conversations))
                work = store_speed(Path(folder, "store.db"), turns // ROUNDS, conversations=conversations, loads=loads)
                speeds.append(asyncio.run(work))
        speed, floor = median(one.turns_per_second for one in speeds), median(floors)
        ratio = median(one.turns_per_second / below for one, below in zip(speeds, floors, strict=True))
        print(
            f"{conversations:3} at once, {'load + commit' if loads else 'commit':13}: {speed:6.0f} turns/s,"
            f" {ratio:.2f} of the floor ({floor:.0f}), p50 {median(one.p50_ms for one in speeds):.2f} ms,"
            f" p99 {median(one.p99_ms for one in speeds):.2f} ms"
        )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 14_000)
