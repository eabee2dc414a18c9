"""What must hold of the file after every statement that changed it.

Each new line of the journal is advanced again from the state before it, and its messages, its detections and the
counts of its conversation are held against it. What was seen stays in memory, so that a check costs as much as is new.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import astuple, dataclass, field, replace
from hashlib import blake2b

from fsm_engine.core.advance import advance
from fsm_engine.core.flows import Flows
from fsm_engine.engine.replies import reply_of
from fsm_engine.engine.risk_stage import build_risk_stage
from fsm_engine.errors import FsmEngineError, SessionCorrupted
from fsm_engine.model.codec import decode, encode
from fsm_engine.model.session import SessionState
from fsm_engine.model.turn import Outcome, Reply, RiskFinding, Turn, TurnKind
from fsm_engine.storage.records import StoredTurn
from fsm_engine.storage.row_seals import sound_turn
from fsm_engine.storage.seal import Seal
from fsm_engine.testing.simulation.records import MessageRecord, Records, TurnRecord

Complain = Callable[..., None]
"""Called with the invariant and, by name, with ``where``, ``expected`` and ``found``."""


@dataclass(slots=True)
class SeenConversation:
    """``order`` holds (session key, turn number) of its turns as they were committed."""

    key: int
    order: list[tuple[int, int]] = field(default_factory=list)
    messages: int = 0


class JournalChecks:
    """``generations``: the flows that may have been in use, oldest first, a list that grows.

    ``sent`` holds (conversation id, request id) of whatever was sent and may be stored.
    """

    def __init__(self, records: Records, generations: Sequence[Flows], complain: Complain) -> None:
        self._records = records
        self._generations = generations
        self._complain = complain
        self._seal = Seal()
        self._last_turn = 0
        self._last_message = 0
        self._states: dict[int, SessionState] = {}
        self._generation_of: dict[str, set[int]] = {}
        self._stage = build_risk_stage(generations[0].risk.policy, {})  # no simulation changes the policy
        self._digests: list[tuple[int, bytes]] = []
        self.sent: set[tuple[str, str]] = set()
        self.conversations: dict[str, SeenConversation] = {}
        self.by_request: dict[tuple[str, str], TurnRecord] = {}
        self.caused: dict[tuple[int, int], list[TurnRecord]] = {}
        self.turns = 0

    def look(self) -> None:
        """Checks what was committed since the last look."""
        new = self._records.new_turns(self._last_turn)
        if not new:
            return
        messages = self._records.new_messages(self._last_message)
        self._last_turn = new[-1].rowid
        self._last_message = messages[-1].id if messages else self._last_message
        by_turn: dict[tuple[int, int], list[MessageRecord]] = {}
        for message in messages:
            by_turn.setdefault((message.session_key, message.turn), []).append(message)
        for turn in new:
            self._check(turn, by_turn.pop((turn.session_key, turn.number), []))
        if by_turn:
            self._complain(
                "every message belongs to its turn", where="messages", expected="none left", found=str(list(by_turn))
            )
        for key in {turn.conversation_key: None for turn in new}:
            self._check_counts(key)

    def look_at_all(self) -> None:
        """Whether every line that was ever seen is still there, unchanged, and no other."""
        found = [(row[0], _digest(row)) for row in self._records.all_turns()]
        if found != self._digests:
            lost = sorted({rowid for rowid, _ in self._digests} - {rowid for rowid, _ in found})
            self._complain(
                "what was committed stays",
                where="turns",
                expected=f"{len(self._digests)} lines as they were",
                found=f"{len(found)} lines, gone: {lost[:5]}",
            )

    def seen(self, conversation_id: str, request_id: str) -> list[StoredTurn]:
        """The turn of a request and those that it caused, as a store would give them; empty when there is none."""
        first = self.by_request.get((conversation_id, request_id))
        found = [first] if first is not None else []
        for turn in found:
            found.extend(self.caused.get((turn.session_key, turn.number), ()))
        return [_as_stored(turn) for turn in found]

    def position(self, conversation_id: str, request_id: str) -> int:
        """Which turn of its conversation a request's is, from 0."""
        turn = self.by_request[conversation_id, request_id]
        return self.conversations[conversation_id].order.index((turn.session_key, turn.number))

    def _check(self, record: TurnRecord, messages: list[MessageRecord]) -> None:
        where = f"conversation {record.conversation_id}, session {record.session_id}, turn {record.number}"
        self.turns += 1
        self._digests.append(
            (record.rowid, _digest((record.rowid, record.session_key, record.number, record.request_id,
                                    record.event_json, record.reply_json)))
        )  # fmt: skip
        before = self._states.get(record.session_key) or SessionState(record.session_id)
        if record.number != before.turn + 1:
            self._complain(
                "journal without gaps", where=where, expected=f"turn {before.turn + 1}", found=f"turn {record.number}"
            )
        turn = decode(Turn, record.event_json)
        self._remember(record)
        self._check_request(record, turn, where)
        self._check_hashes(record, where)
        outcome = self._check_replay(record, before, turn, where)
        if outcome is None:
            return
        self._states[record.session_key] = outcome.state
        self._check_risk(record, before, turn, outcome.findings, where)
        self._check_messages(record, turn, messages, where)

    def _remember(self, record: TurnRecord) -> None:
        conversation = self.conversations.setdefault(record.conversation_id, SeenConversation(record.conversation_key))
        conversation.order.append((record.session_key, record.number))
        if record.request_id is not None:
            self.by_request[record.conversation_id, record.request_id] = record
        if record.caused_by is not None:
            self.caused.setdefault((record.session_key, record.caused_by), []).append(record)

    def _check_request(self, record: TurnRecord, turn: Turn, where: str) -> None:
        if turn.kind is TurnKind.CANCEL:
            return  # before another session is started in the conversation
        is_report = turn.kind is TurnKind.ACTION_RESULT
        has_request = (record.conversation_id, record.request_id) in self.sent
        comes_by_itself = turn.kind in (TurnKind.TIMER, TurnKind.NUDGE)
        if is_report is (record.caused_by is None) or (is_report or comes_by_itself) is has_request:
            self._complain(
                "every turn answers one request, reports one action or comes by itself",
                where=where,
                expected="a request id that was sent" if not is_report else "the turn that caused it",
                found=f"request id {record.request_id}, caused by {record.caused_by}",
            )

    def _check_hashes(self, record: TurnRecord, where: str) -> None:
        line = StoredTurn(
            record.session_id, record.number, record.request_id, record.fingerprint, record.event_json,
            record.reply_json, record.flow_hash, record.caused_by, record.created_at,
        )  # fmt: skip
        try:
            sound_turn((*astuple(line), record.conversation_id, record.row_hash), self._seal)
        except SessionCorrupted:
            self._complain("row hashes sound", where=where, expected="the line's own", found=record.row_hash.hex())
        state = self._seal.of_state(record.conversation_id, record.session_id, record.session_turn, record.state_json)
        if not self._seal.matches(record.state_hash[: len(state)], state):
            self._complain("row hashes sound", where=where, expected="the state's own", found=record.state_hash.hex())

    def _check_replay(self, record: TurnRecord, before: SessionState, turn: Turn, where: str) -> Outcome | None:
        """The outcome, by the flows of some generation that give the stored reply and, for a last turn, the state."""
        stored = decode(Reply, record.reply_json)
        tried = []
        for number in self._likely_generations(record.session_id):
            outcome = _advanced(self._generations[number], before, turn)
            if outcome is None:
                continue
            is_same_reply = _is_end_of(reply_of(outcome, record.conversation_id), stored)
            is_last = record.session_turn == record.number
            if is_same_reply and (not is_last or encode(outcome.state).decode() == record.state_json):
                self._generation_of.setdefault(record.session_id, set()).add(number)
                return outcome
            tried.append(f"generation {number + 1}: {'another state' if is_same_reply else 'another reply'}")
        self._complain(
            "a replay gives the same bytes",
            where=where,
            expected="the stored state and reply",
            found="; ".join(tried) or "no flows that can take the turn",
        )
        return None

    def _likely_generations(self, session_id: str) -> list[int]:
        """The one that the session was last replayed with, then the newest first."""
        newest_first = range(len(self._generations) - 1, -1, -1)
        return [*sorted(self._generation_of.get(session_id, ()), reverse=True), *newest_first]

    def generation_of(self, session_id: str) -> Flows | None:
        """The flows that all turns of a session were replayed with; None when it took those of several generations."""
        numbers = self._generation_of.get(session_id, set())
        return self._generations[next(iter(numbers))] if len(numbers) == 1 else None

    def _check_risk(
        self, record: TurnRecord, before: SessionState, turn: Turn, findings: Sequence[RiskFinding], where: str
    ) -> None:
        rows = self._records.detections(record.session_key, record.number)
        found: list[tuple[object, ...]] = [
            (one.level, one.category, one.phrase, one.detector, one.start, one.end, one.read_as) for one in findings
        ]
        if rows != found:
            self._complain("detections as found", where=where, expected=str(len(found)), found=f"{len(rows)} rows")
        if turn.kind is not TurnKind.TEXT:
            return
        wanted = self._stage.by_phrases(turn.text, turn.language or "en", turn.moods_before or before.moods).findings
        if not set(wanted) <= set(turn.risk) or (wanted and not rows):
            self._complain(
                "every message has been through the risk stage",
                where=where,
                expected=f"{len(wanted)} findings of the phrase detectors, with their rows",
                found=f"{len(turn.risk)} findings, {len(rows)} rows",
            )

    def _check_messages(self, record: TurnRecord, turn: Turn, messages: list[MessageRecord], where: str) -> None:
        conversation = self.conversations[record.conversation_id]
        numbers = [message.number for message in messages]
        wanted = list(range(conversation.messages + 1, conversation.messages + 1 + len(messages)))
        conversation.messages += len(messages)
        if numbers != wanted:
            self._complain("messages numbered without gaps", where=where, expected=str(wanted), found=str(numbers))
        said = [(message.role, message.content) for message in messages]
        user = [("user", turn.text)] if turn.kind is TurnKind.TEXT else []
        if said[: len(user)] != user or any(role != "assistant" for role, _ in said[len(user) :]):
            self._complain(
                "the message is stored with its turn",
                where=where,
                expected=f"{len(user)} of the user, then the bot's",
                found=str([role for role, _ in said]),
            )

    def _check_counts(self, key: int) -> None:
        row = self._records.conversation(key)
        seen = self.conversations[row.id]
        if not row.version == row.turns == len(seen.order):
            self._complain(
                "version = turns = length of the journal",
                where=f"conversation {row.id}",
                expected=f"{len(seen.order)}",
                found=f"version {row.version}, {row.turns} turns",
            )
        if not row.message_count == row.last_message == row.messages == seen.messages:
            self._complain(
                "messages are counted",
                where=f"conversation {row.id}",
                expected=f"{seen.messages}",
                found=f"count {row.message_count}, last {row.last_message}, {row.messages} rows",
            )
        if row.active > 1:
            self._complain(
                "one session at a time",
                where=f"conversation {row.id}",
                expected="at most 1 active session",
                found=f"{row.active}",
            )


def _advanced(flows: Flows, before: SessionState, turn: Turn) -> Outcome | None:
    """None: these flows cannot have taken the turn."""
    try:
        outcome = advance(flows, before, turn)
    except (FsmEngineError, LookupError, ValueError):
        return None
    return outcome if outcome.needs is None else None


def _is_end_of(fresh: Reply, stored: Reply) -> bool:
    """Whether the stored reply is this one, but for what an earlier action still had to say in front of it."""
    late = len(stored.messages) - len(fresh.messages)
    return late >= 0 and encode(fresh) == encode(replace(stored, messages=stored.messages[late:]))


def _as_stored(turn: TurnRecord) -> StoredTurn:
    return StoredTurn(
        turn.session_id, turn.number, turn.request_id, None, turn.event_json, turn.reply_json, "", turn.caused_by, ""
    )


def _digest(row: Sequence[object]) -> bytes:
    return blake2b(repr(row[:6]).encode(errors="backslashreplace"), digest_size=8).digest()
