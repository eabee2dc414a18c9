"""What a transcript expects of one turn, held against what the engine did."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from fsm_engine.model.problem import Position
from fsm_engine.model.slot import Json
from fsm_engine.model.transcript import Ends, Expected, TranscriptTurn
from fsm_engine.model.turn import Reply, SessionView
from fsm_engine.testing.wordings import Wording


@dataclass(frozen=True, slots=True)
class Mismatch:
    """One expectation that was not met. ``would_pass`` lists other wordings of what was said."""

    at: Position
    what: str
    expected: str
    found: str
    would_pass: tuple[str, ...] = ()


def messages_mismatch(
    expected: Sequence[Expected], *, is_list: bool, at: Position, said: Sequence[str], wordings: Sequence[Wording] = ()
) -> Mismatch | None:
    """A list names every message in order; one text alone must be among them.

    ``wordings`` holds the variations of each message; without them only the very words count.
    """
    if is_list and len(expected) != len(said):
        found = "\n".join(said) or "(nothing)"
        return Mismatch(at, f"the bot says {len(said)} messages, not {len(expected)}", _listed(expected), found)
    for place, one in enumerate(expected):
        candidates = [place] if is_list else range(len(said))
        if not any(_is_met(one, said[number], wordings[number] if wordings else None) for number in candidates):
            found = "\n".join(said[number] for number in candidates) or "(nothing)"
            others = _others(one, [wordings[number] for number in candidates] if wordings else [], said)
            return Mismatch(one.at, "the bot does not say this", _described(one), found, others)
    return None


def needs_wordings(expected: Sequence[Expected] | None) -> bool:
    """Whether other variations could meet an expectation that the very words do not meet."""
    return any(one.text is not None for one in expected or ())


def _is_met(expected: Expected, said: str, wording: Wording | None) -> bool:
    if expected.text is not None:
        return expected.text == said or (wording is not None and wording.includes(expected.text))
    if expected.contains is not None:
        return expected.contains in said
    return expected.matches is not None and _matches(expected.matches, said)


def _matches(pattern: str, said: str) -> bool:
    """The pattern fits the whole message; a dot stands for a line break too."""
    import re2

    options = re2.Options()
    options.dot_nl = True
    return re2.compile(pattern, options).fullmatch(said) is not None


def _described(expected: Expected) -> str:
    if expected.text is not None:
        return expected.text
    if expected.contains is not None:
        return f"a message that contains: {expected.contains}"
    return f"a message that matches: {expected.matches}"


def _listed(expected: Sequence[Expected]) -> str:
    return "\n".join(_described(one) for one in expected) or "(nothing)"


def _others(expected: Expected, wordings: Sequence[Wording], said: Sequence[str]) -> tuple[str, ...]:
    if expected.text is None:
        return ()
    return tuple(text for wording in wordings for text in wording.said if text not in said)


def turn_mismatch(turn: TranscriptTurn, reply: Reply | None, session: SessionView | None) -> Mismatch | None:
    """The first of risk, step, status and slots that is not as expected. No reply: nothing was said in this turn."""
    if turn.risk is not None:
        found = reply.risk.value if reply is not None and reply.risk is not None else "none"
        if found != turn.risk:
            return Mismatch(turn.at, "the risk is another", turn.risk, found)
    return session_mismatch(turn.at, session, step=turn.step, status=turn.status, slots=turn.slots)


def ends_mismatch(ends: Ends, at: Position, session: SessionView | None) -> Mismatch | None:
    """What is not as the transcript's ``ends`` says."""
    return session_mismatch(at, session, step=ends.step, status=ends.status, slots=ends.slots)


def session_mismatch(
    at: Position, session: SessionView | None, *, step: str | None, status: str | None, slots: Mapping[str, Json]
) -> Mismatch | None:
    """What about the session is not as expected; None stands for "not checked"."""
    if step is None and status is None and not slots:
        return None
    if session is None:
        return Mismatch(at, "there is no session", "a session", "(none)")
    return next(_differences(at, session, step=step, status=status, slots=slots), None)


def _differences(
    at: Position, session: SessionView, *, step: str | None, status: str | None, slots: Mapping[str, Json]
) -> Iterator[Mismatch]:
    if status is not None and session.status.value != status:
        yield Mismatch(at, "the status is another", status, session.status.value)
    if step is not None and session.step != step:
        yield Mismatch(at, "the conversation stands at another step", step, str(session.step))
    for slot, value in slots.items():
        if slot not in session.slots:
            yield Mismatch(at, f"slot '{slot}' has no value", repr(value), "(none)")
        elif not same_json(session.slots[slot], value):
            yield Mismatch(at, f"slot '{slot}' has another value", repr(value), repr(session.slots[slot]))


def same_json(one: Json, other: Json) -> bool:
    """Equal as JSON is: true is not 1, and 5 is 5.0.

    >>> same_json({"a": [1]}, {"a": [1.0]}), same_json(True, 1)
    (True, False)
    """
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same_json(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(same_json(a, b) for a, b in zip(one, other, strict=True))
    return one == other
