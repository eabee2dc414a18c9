"""In which other words the bot could have said the same.

Which variation of a text is said depends on a seed, so a transcript may name any of them. A turn is pure: advanced
again with flows that know only the second variation of each text, it says the same in other words. Nothing has to be
guessed from the message, and placeholders are filled with the very values of the turn.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from functools import partial
from typing import Any, NamedTuple, TypeVar, cast

from fsm_engine.core.advance import advance
from fsm_engine.core.bundle import compile_folder
from fsm_engine.core.flows import Flows
from fsm_engine.engine.journal import replay
from fsm_engine.model.codec import decode
from fsm_engine.model.flow import Bot, Text
from fsm_engine.model.problem import Position, Written
from fsm_engine.model.session import SessionState
from fsm_engine.model.turn import Turn
from fsm_engine.storage.records import StoredTurn
from fsm_engine.understanding.sayings import SAYINGS

T = TypeVar("T")
_ENGINE = Position("(engine)", 1, 1)


@dataclass(frozen=True, slots=True)
class Wording:
    """One message in all its variations: as they would be said, and as their author wrote them (``{name}`` and all)."""

    said: tuple[str, ...]
    written: frozenset[str]

    def includes(self, text: str) -> bool:
        return text in self.said or text in self.written


class _Moment(NamedTuple):
    """A turn with the states around it; ``timer``: of interest is what that is to remind of."""

    before: SessionState
    turn: Turn
    after: SessionState
    timer: str | None = None

    def texts(self, flows: Flows) -> list[str] | None:
        """What these flows say; None when they do not take the same way."""
        outcome = advance(flows, self.before, self.turn)
        if self.timer is not None:
            return [one.text for one in outcome.state.timers if one.name == self.timer]
        is_same_way = replace(outcome.state, timers=()) == replace(self.after, timers=())
        return [message.text for message in outcome.messages] if is_same_way else None


class Wordings:
    """The variations of everything that one set of flows can say, in the language that is spoken."""

    def __init__(self, flows: Flows) -> None:
        self._flows = flows
        self._narrowed: tuple[list[Flows], list[Flows]] | None = None

    def of_turns(self, journal: Sequence[StoredTurn], numbers: Sequence[int]) -> list[Wording]:
        """For each message of the turns with these numbers, in order: what could have stood in its place.

        ``journal`` is the session's, from its first turn on.
        """
        moments: list[_Moment] = []
        worded: dict[str, _Moment] = {}  # where each reminder got its words
        before = SessionState(session_id=journal[0].session_id)
        for stored, outcome in zip(journal, replay(self._flows, journal), strict=True):
            moment = _Moment(before, decode(Turn, stored.event_json), outcome.state)
            worded |= {one.name: moment for one in outcome.state.timers if one not in before.timers}
            if stored.number in numbers:
                timer = moment.turn.timer
                moments.append(moment if timer is None else worded[timer]._replace(timer=timer))
            before = outcome.state
        filled, as_written = self._in_other_words()
        said = _columns(moments, [self._flows, *filled])
        written = _columns(moments, as_written)
        return [Wording(_distinct(a), frozenset(b)) for a, b in zip(said, written, strict=True)]

    def _in_other_words(self) -> tuple[list[Flows], list[Flows]]:
        if self._narrowed is None:
            folder = replace(self._flows.folder, bot=_with_sayings(self._flows.folder.bot))
            count = _most_variations(folder)
            filled = [_map_texts(folder, partial(_only, number=number)) for number in range(count)]
            literal = [_map_texts(one, _unfilled) for one in filled]
            self._narrowed = _compiled(filled), _compiled(literal)
        return self._narrowed


def _columns(moments: Sequence[_Moment], sets: Sequence[Flows]) -> list[list[str]]:
    """The texts that stand at the same place of the reply, one from each set of flows that takes the same way."""
    columns: list[list[str]] = []
    for moment in moments:
        texts = [found for flows in sets if (found := moment.texts(flows)) is not None]
        columns += [list(column) for column in zip(*texts, strict=True)]
    return columns


def _distinct(texts: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(texts))


def _compiled(folders: Sequence[Any]) -> list[Flows]:
    return [compile_folder(folder)[0] for folder in folders]


def _only(text: Text, number: int) -> Text:
    """The text with one variation in each language; counting goes round where there are fewer."""
    return Text(text.at, {language: (group[number % len(group)],) for language, group in text.variations.items()})


def _unfilled(text: Text) -> Text:
    """The text with its braces doubled: it is said as it was written."""
    return Text(
        text.at,
        {
            language: tuple(Written(_doubled(one.text), one.at) for one in group)
            for language, group in text.variations.items()
        },
    )


def _doubled(text: str) -> str:
    return text.replace("{", "{{").replace("}", "}}")


def _with_sayings(bot: Bot) -> Bot:
    """The bot file with the engine's own sayings written out, so that they are texts like all others."""
    own = {name: _as_text(name) for name in SAYINGS}
    return replace(
        bot,
        texts={**own, **bot.texts},
        opening=bot.opening or own.get("opening"),
        fallback=bot.fallback or own.get("fallback"),
    )


def _as_text(name: str) -> Text:
    groups = SAYINGS[name].items()
    return Text(_ENGINE, {language: tuple(Written(text, _ENGINE) for text in group) for language, group in groups})


def _most_variations(value: object) -> int:
    if isinstance(value, Text):
        return max((len(group) for group in value.variations.values()), default=1)
    return max((_most_variations(part) for part in _parts(value)), default=1)


def _parts(value: object) -> Sequence[object]:
    if is_dataclass(value):
        return [getattr(value, field.name) for field in fields(value)]
    if isinstance(value, Mapping):
        return list(value.values())
    return value if isinstance(value, tuple) else ()


def _map_texts(value: T, change: Any) -> T:
    """The same value with every `Text` in it changed."""
    if isinstance(value, Text):
        return cast(T, change(value))
    if is_dataclass(value) and not isinstance(value, type):
        changed = {field.name: _map_texts(getattr(value, field.name), change) for field in fields(value)}
        return cast(T, replace(value, **changed))
    if isinstance(value, Mapping):
        return cast(T, {key: _map_texts(part, change) for key, part in value.items()})
    if isinstance(value, tuple):
        return cast(T, tuple(_map_texts(part, change) for part in value))
    return value
