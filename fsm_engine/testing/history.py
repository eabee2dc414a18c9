"""Whether what clients saw of one conversation can have happened, given what its store holds in the end.

Each client writes down its calls as `Operation`; the store's journal, read when all is over, is the `FinalState`;
`findings` says at once everything that does not fit. It knows nothing of this engine's tables, so a store of one's own
can be held against it too. The time it takes is linear in what it is given, but for putting the calls in order.

>>> seen = [Operation("anna", "r1", started=1, ended=2, outcome=Outcome.ACKNOWLEDGED)]
>>> [finding.sentence for finding in findings(seen, FinalState(log=(), version=0))]
["request 'r1' was acknowledged to anna and is not in the final log"]
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from fsm_engine.errors import InvalidArgument


class Outcome(StrEnum):
    """What a client knows of its call: it was answered; it may or may not have been stored; nothing was stored."""

    ACKNOWLEDGED = "acknowledged"
    UNKNOWN = "unknown"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Operation:
    """One call as its client saw it.

    ``started`` and ``ended`` are places in one order that all clients share, such as the nanoseconds of a clock that
    all processes read; ``ended`` is None when the call never came back. ``request_id`` is None for a call that only
    reads. ``version`` is the number of turns that the client was shown, ``log`` the request ids of these turns, oldest
    first (None for a turn without one), ``reply`` anything that two replies share only when they are identical.
    ``is_repeat``: the store said that it had answered this request before, so what it shows may be of that time.
    """

    client: str
    request_id: str | None
    started: int
    ended: int | None
    outcome: Outcome
    version: int | None = None
    reply: str | None = None
    log: tuple[str | None, ...] | None = None
    is_repeat: bool = False


@dataclass(frozen=True, slots=True)
class FinalState:
    """What is stored in the end: the request ids of all turns in their order, None for a turn without one.

    ``effects`` has the key of each thing that was done in the world, as the world counted it; ``audited`` the key of
    each audit row that tells of a success.
    """

    log: tuple[str | None, ...]
    version: int
    effects: tuple[str, ...] = ()
    audited: tuple[str, ...] = ()


class Kind(StrEnum):
    """What can be wrong with a history."""

    LOST = "lost"
    DOUBLED = "doubled"
    REFUSED_YET_STORED = "refused yet stored"
    NEVER_ASKED_FOR = "never asked for"
    NOT_A_PREFIX = "not a prefix"
    STALE = "stale"
    OUT_OF_ORDER = "out of order"
    WRONG_VERSION = "wrong version"
    DIFFERENT_REPLIES = "different replies"
    EFFECT_WITHOUT_AUDIT = "effect without audit"
    AUDIT_WITHOUT_EFFECT = "audit without effect"
    EFFECT_REPEATED = "effect repeated"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that cannot be. ``about`` is a request id, the key of an effect, or a client where neither is known."""

    kind: Kind
    about: str
    sentence: str


def findings(operations: Iterable[Operation], final: FinalState) -> list[Finding]:
    """Everything that is wrong, kind by kind; an empty list when nothing is.

    Raises:
        InvalidArgument: a call that ended before it started, or an acknowledged one that never ended.
    """
    seen = sorted(operations, key=lambda operation: operation.started)
    for operation in seen:
        _must_be_possible(operation)
    places = {request_id: place for place, request_id in enumerate(final.log, 1) if request_id is not None}
    return [
        *_stored_wrongly(seen, final.log),
        *_not_prefixes(seen, final.log),
        *_stale(seen, places),
        *_wrong_versions(seen, final, places),
        *_different_replies(seen),
        *_wrong_effects(final),
    ]


def _must_be_possible(operation: Operation) -> None:
    if operation.ended is None:
        if operation.outcome is Outcome.ACKNOWLEDGED:
            raise InvalidArgument(f"{_name(operation)}: was acknowledged and has no end. Note when it came back.")
    elif operation.ended < operation.started:
        raise InvalidArgument(
            f"{_name(operation)}: ended at {operation.ended}, before it started at {operation.started}."
            " Take both from one clock that never goes back."
        )


def _stored_wrongly(seen: Sequence[Operation], log: Sequence[str | None]) -> Iterator[Finding]:
    """Acknowledged requests are stored once, doubtful ones at most once, refused ones and others never."""
    stored = Counter(request_id for request_id in log if request_id is not None)
    asked: dict[str, dict[Outcome, str]] = {}
    for operation in seen:
        if operation.request_id is not None:
            asked.setdefault(operation.request_id, {}).setdefault(operation.outcome, operation.client)
    for request_id, told in asked.items():
        is_stored = request_id in stored
        if not is_stored and Outcome.ACKNOWLEDGED in told:
            client = told[Outcome.ACKNOWLEDGED]
            sentence = f"request '{request_id}' was acknowledged to {client} and is not in the final log"
            yield Finding(Kind.LOST, request_id, sentence)
        if is_stored and told.keys() == {Outcome.REFUSED}:
            sentence = f"request '{request_id}' was refused to {told[Outcome.REFUSED]} and is in the final log"
            yield Finding(Kind.REFUSED_YET_STORED, request_id, sentence)
    yield from _stored_too_much(stored, asked)


def _stored_too_much(stored: Mapping[str, int], asked: Container[str]) -> Iterator[Finding]:
    for request_id, count in stored.items():
        if count > 1:
            yield Finding(Kind.DOUBLED, request_id, f"request '{request_id}' is in the final log {count} times")
        if request_id not in asked:
            sentence = f"request '{request_id}' is in the final log and no client asked for it"
            yield Finding(Kind.NEVER_ASKED_FOR, request_id, sentence)


def _not_prefixes(seen: Iterable[Operation], log: Sequence[str | None]) -> Iterator[Finding]:
    for operation in seen:
        if operation.log is None or operation.log == log[: len(operation.log)]:
            continue
        pairs = enumerate(zip(operation.log, log, strict=False))
        place = next((at for at, (one, other) in pairs if one != other), len(log))
        stands = f"has {_shown(log[place])}" if place < len(log) else "has ended"
        sentence = (
            f"{_name(operation)} saw a log of {len(operation.log)} turns that is no beginning of the final one:"
            f" at turn {place + 1} it saw {_shown(operation.log[place])} and the final log {stands}"
        )
        yield Finding(Kind.NOT_A_PREFIX, _about(operation), sentence)


@dataclass(slots=True)
class _Returned:
    """The newest version that was shown, and the latest turn that was taken, by calls that have returned."""

    version: int = 0
    shown_to: str = ""
    turn: int = 0
    taken_by: str = ""

    def take_in(self, operation: Operation, turn: int) -> None:
        if (operation.version or 0) > self.version:
            self.version, self.shown_to = operation.version or 0, _name(operation)
        if turn > self.turn:
            self.turn, self.taken_by = turn, _name(operation)


def _stale(seen: Sequence[Operation], places: Mapping[str, int]) -> Iterator[Finding]:
    """What had returned before a call started is there for the call, and stands before it in the log."""
    answered = [one for one in seen if one.outcome is Outcome.ACKNOWLEDGED]
    waiting = deque(sorted(answered, key=_end))
    returned = _Returned()
    for operation in answered:
        while _end(waiting[0]) < operation.started:
            earlier = waiting.popleft()
            returned.take_in(earlier, places.get(earlier.request_id or "", 0))
        if not operation.is_repeat:
            yield from _older_than(returned, operation, places.get(operation.request_id or ""))


def _older_than(returned: _Returned, operation: Operation, place: int | None) -> Iterator[Finding]:
    if operation.version is not None and operation.version < returned.version:
        sentence = (
            f"{_name(operation)} saw version {operation.version};"
            f" {returned.shown_to} had seen {returned.version} before it started"
        )
        yield Finding(Kind.STALE, _about(operation), sentence)
    if place is not None and place < returned.turn:
        sentence = (
            f"{_name(operation)} is turn {place};"
            f" {returned.taken_by}, turn {returned.turn}, had returned before it started"
        )
        yield Finding(Kind.OUT_OF_ORDER, _about(operation), sentence)


def _wrong_versions(seen: Iterable[Operation], final: FinalState, places: Mapping[str, int]) -> Iterator[Finding]:
    """A version is the number of turns: in the end, and in what each client was shown."""
    if final.version != len(final.log):
        sentence = f"the final version is {final.version} and the final log has {len(final.log)} turns"
        yield Finding(Kind.WRONG_VERSION, "the final state", sentence)
    for operation in seen:
        if operation.version is None:
            continue
        place = places.get(operation.request_id or "", 0)
        if not place <= operation.version <= final.version:
            sentence = (
                f"{_name(operation)} saw version {operation.version},"
                f" which is not between its own turn {place} and the final version {final.version}"
            )
            yield Finding(Kind.WRONG_VERSION, _about(operation), sentence)
        if operation.log is not None and len(operation.log) != operation.version:
            sentence = f"{_name(operation)} saw version {operation.version} and a log of {len(operation.log)} turns"
            yield Finding(Kind.WRONG_VERSION, _about(operation), sentence)


def _different_replies(seen: Iterable[Operation]) -> Iterator[Finding]:
    first: dict[str, Operation] = {}
    for operation in seen:
        if operation.request_id is None or operation.reply is None:
            continue
        other = first.setdefault(operation.request_id, operation)
        if other.reply != operation.reply:
            sentence = f"request '{operation.request_id}': {other.client} and {operation.client} got different replies"
            yield Finding(Kind.DIFFERENT_REPLIES, operation.request_id, sentence)


def _wrong_effects(final: FinalState) -> Iterator[Finding]:
    """Each success in the audit is one effect in the world, and there is no other."""
    effects = Counter(final.effects)
    audited = set(final.audited)
    for key, count in effects.items():
        if count > 1:
            yield Finding(Kind.EFFECT_REPEATED, key, f"the effect with key '{key}' happened {count} times")
        if key not in audited:
            sentence = f"the effect with key '{key}' happened and no audit row tells of its success"
            yield Finding(Kind.EFFECT_WITHOUT_AUDIT, key, sentence)
    for key in dict.fromkeys(final.audited):
        if key not in effects:
            sentence = f"the audit tells of success with key '{key}' and the effect never happened"
            yield Finding(Kind.AUDIT_WITHOUT_EFFECT, key, sentence)


def _end(operation: Operation) -> int:
    assert operation.ended is not None
    return operation.ended


def _about(operation: Operation) -> str:
    return operation.request_id if operation.request_id is not None else operation.client


def _name(operation: Operation) -> str:
    what = "a look" if operation.request_id is None else f"request '{operation.request_id}'"
    return f"{what} by {operation.client}"


def _shown(request_id: str | None) -> str:
    return "a turn without a request" if request_id is None else f"'{request_id}'"
