"""Several answers in one message: "I'm Ahmed, ahmed@example.com, savings".

The message is parted at commas, line ends and "and". A part goes to another question than the open one
only where its words leave no doubt:

* an address or a telephone number, by its look;
* a part that names the answer ("my age is 30", "correo: ana@example.org");
* an option's own words, and nothing else but "I want", "please" and the like;
* an amount with its currency, a day, a time and such, of which every word counts ("$50", not "I lost $50"), where the
  flow asks for only one thing of that kind.

Bare numbers, names and free text are never taken so. What two questions could claim, none gets. No part is used twice.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from fsm_engine.model.slot import Fits, Json, Reading, ReadingContext, SlotType
from fsm_engine.understanding import readers
from fsm_engine.understanding.correction_phrases import read_correction
from fsm_engine.understanding.readers import doubt
from fsm_engine.understanding.readers.choices import choices_of, exact_choice
from fsm_engine.understanding.readers.lead_ins import without_lead_in, without_send_off
from fsm_engine.understanding.readers.number_words import read_words
from fsm_engine.understanding.readers.word_tables import word_list
from fsm_engine.understanding.readers.wording import plain_spelling

LONGEST: Final = 300
"""Characters; a longer message tells a story, and parts of it are no answers."""
MOST_PARTS: Final = 12
MOST_WORDS: Final = 6
"""Words of a part that is nothing but a day, an amount or the like."""
LEAST_LETTERS: Final = 3
"""Of an option or a country that is taken without being asked for: "no" is Norway's code."""

_MAY_HOLD_SEVERAL: Final = re.compile(r"[@,;\n:=]|\d(?:[\s().-]?\d){6}|(?!^)\b(?:and|y|e|my|mi|mis)\b", re.IGNORECASE)
_SEVERAL: Final = re.compile(r"[\s,;:=]")
_PARTING: Final = re.compile(
    r"\s*[;\n]\s*|,\s+(?!(?:19|20)\d\d\b(?![\s-]?\d))|[.!]\s+|\s+(?:and|y|e|&)\s+|\s+(?:with|con)\s+(?=[$€£\d])",
    re.IGNORECASE,
)
_JOINT: Final = re.compile(r"^(?:and|y|e|&|also|tambi[eé]n|plus)\s+(?=\S)", re.IGNORECASE)
"""What joins a part to the one before, at its beginning."""
_BELONGS_BEHIND: Final = re.compile(r"(?:an? )?(?:half|quarter|third|medi[oa]|cuarto|not|no)\b", re.IGNORECASE)
_PHONE: Final = re.compile(r"\+?\(?\d(?:[\s().-]{0,2}\d){6,}")
_ONE_OF_A_KIND: Final = frozenset(
    {"money", "date", "time", "date and time", "duration", "percent", "country", "language", "iban", "url"}
)
_SMALL_WORDS: Final = frozenset(
    word_list(
        """
    of on at in by for from to this next coming a us american and with de del el la los las en para proximo proxima que
    viene y e con
        """
    )
)
_FREE: Final = frozenset({"text", "list of"})


@dataclass(frozen=True, slots=True)
class OtherQuestions:
    """Questions that may be answered along with the open one.

    ``types`` by slot; ``sole`` are the slots whose kind the flow asks for only once; ``names`` is what users call them.
    """

    types: Mapping[str, SlotType]
    sole: frozenset[str]
    names: Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class Facts:
    """``found`` answers other questions, by slot; ``rest`` is what is left for the open one, perhaps nothing."""

    found: Mapping[str, Json]
    rest: str


def may_hold_several(text: str) -> bool:
    """A quick look whether a message can hold more than one answer; most do not."""
    return len(text) <= LONGEST and _SEVERAL.search(text) is not None and _MAY_HOLD_SEVERAL.search(text) is not None


def find_facts(text: str, open_type: SlotType, others: OtherQuestions, context: ReadingContext) -> Facts | None:
    """What else the message answers besides the open question, or None where that is nothing.

    An open question that takes any text gets all of it.
    """
    if open_type.kind in _FREE or open_type.kind not in readers.KINDS or len(text) > LONGEST:
        return None
    parts = _parts(text, context)
    if len(parts) > MOST_PARTS:
        return None
    search = _Search(open_type, others, context)
    for part in parts:
        search.look_at(part, is_alone=len(parts) == 1)
    found = {slot: values[0] for slot, values in search.found.items() if all(value == values[0] for value in values)}
    if not found or _is_all_one_answer(text, search, open_type, context):
        return None
    return Facts(found, ", ".join(search.rest))


def _is_all_one_answer(text: str, search: _Search, open_type: SlotType, context: ReadingContext) -> bool:
    """Whether the open question takes the whole message with certainty and would lose that by the parting."""
    whole = readers.read(text, open_type, context)
    return (
        isinstance(whole, Fits)
        and whole.certain
        and not isinstance(readers.read(", ".join(search.rest), open_type, context), Fits)
    )


@dataclass(slots=True)
class _Search:
    open_type: SlotType
    others: OtherQuestions
    context: ReadingContext
    found: dict[str, list[Json]] = field(default_factory=dict)
    rest: list[str] = field(default_factory=list)

    def look_at(self, part: str, *, is_alone: bool) -> None:
        """Gives the part to a question, or leaves it for the open one."""
        left = self._without_addresses(part)
        own = self._read(left, self.open_type)
        if left != part and not isinstance(own, Fits):
            return
        claims = [] if isinstance(own, Fits) and own.certain else self._named(left)
        if not claims and not (isinstance(own, Fits) and (own.certain or is_alone)):
            claims = self._unmistakable(left)
        if len(claims) == 1:
            self._claim(*claims[0])
        else:
            self.rest.append(left)

    def _without_addresses(self, part: str) -> str:
        """The part without the e-mail address and the telephone number that go to other questions."""
        if "@" in part:
            bare = " ".join(word for word in part.split() if "@" not in word)
            part = self._take_by_look("email", part, bare)
        digits = " ".join(word for word in part.split() if "@" not in word)
        if _PHONE.search(digits):
            part = self._take_by_look("phone", part, _PHONE.sub(" ", part), looked_at=digits)
        return part

    def _take_by_look(self, kind: str, part: str, bare: str, *, looked_at: str | None = None) -> str:
        slots = [slot for slot in self.others.sole if self._kind(slot) == kind]
        if kind == self.open_type.kind or not slots:
            return part
        reading = self._read(looked_at or part, self.others.types[slots[0]])
        if not isinstance(reading, Fits) or not reading.certain:
            return part
        if isinstance(self._read(part, self.open_type), Fits) and not isinstance(
            self._read(bare, self.open_type), Fits
        ):
            return part
        self._claim(slots[0], reading.value)
        return bare

    def _named(self, part: str) -> list[tuple[str, Json]]:
        """ "my age is 30": the part says itself which question it answers."""
        phrase = read_correction(part, self.context.language, self.others.names)
        slot = phrase.slot if phrase is not None else None
        if phrase is None or slot is None or phrase.answer is None or slot not in self.others.types:
            return []
        slot_type = self.others.types[slot]
        if slot_type.kind in _FREE or slot_type.kind not in readers.KINDS:
            return []
        reading = self._read(phrase.answer, slot_type)
        if not isinstance(reading, Fits) or doubt.is_hedged(plain_spelling(phrase.answer)):
            return []
        return [(slot, reading.value)]

    def _unmistakable(self, part: str) -> list[tuple[str, Json]]:
        """The questions that the part answers by its own words alone."""
        folded = plain_spelling(part)
        if doubt.is_hedged(folded) or doubt.is_unsure(folded) or doubt.is_turned_down(folded):
            return []
        core = without_send_off(without_lead_in(folded))
        claims: list[tuple[str, Json]] = []
        for slot, slot_type in self.others.types.items():
            value = self._option(core, slot_type) if slot_type.kind == "one of" else self._one_of_a_kind(slot, core)
            if value is not None:
                claims.append((slot, value))
        return claims

    def _option(self, core: str, slot_type: SlotType) -> Json:
        value = exact_choice(choices_of(slot_type.options, self.context.language), core)
        if value is None or sum(map(str.isalpha, core)) < LEAST_LETTERS:
            return None
        return None if isinstance(self._read(core, SlotType("yes or no")), Fits) else value

    def _one_of_a_kind(self, slot: str, core: str) -> Json:
        slot_type = self.others.types[slot]
        words = core.split()
        if slot_type.kind not in _ONE_OF_A_KIND or slot not in self.others.sole or len(words) > MOST_WORDS:
            return None
        if slot_type.kind in {"country", "language"} and len(core) <= LEAST_LETTERS:
            return None
        reading = self._read(core, slot_type)
        if not isinstance(reading, Fits) or not reading.certain:
            return None
        return reading.value if self._every_word_counts(words, slot_type, reading) else None

    def _every_word_counts(self, words: Sequence[str], slot_type: SlotType, reading: Fits) -> bool:
        """Whether the reading changes with each word that is left out: "I lost $50" is no answer."""
        telling = [place for place, word in enumerate(words) if word not in _SMALL_WORDS]
        without = (" ".join([*words[:place], *words[place + 1 :]]) for place in telling)
        return all(self._read(less, slot_type) != reading for less in without)

    def _read(self, text: str, slot_type: SlotType) -> Reading:
        return readers.read(text, slot_type, self.context)

    def _kind(self, slot: str) -> str:
        return self.others.types[slot].kind if slot in self.others.types else ""

    def _claim(self, slot: str, value: Json) -> None:
        self.found.setdefault(slot, []).append(value)


def _parts(text: str, context: ReadingContext) -> list[str]:
    """The message in parts; "treinta y cinco", "two and a half" and "May 3, 2027" stay whole."""
    parts: list[str] = []
    start = 0
    for match in _PARTING.finditer(text):
        if _is_one_number(text[start : match.start()], match.group(), text[match.end() :], context):
            continue
        parts.append(text[start : match.start()])
        start = match.end()
    parts.append(text[start:])
    bare = (_JOINT.sub("", part.strip(" \t,;.!")) for part in parts)
    return [part for part in bare if part]


def _is_one_number(before: str, parting: str, after: str, context: ReadingContext) -> bool:
    """Whether what stands on both sides is one number or amount: "a hundred and five", "an hour and ten minutes"."""
    joint = parting.strip().lower()
    if joint not in {",", "and", "y", "e", "&"}:
        return False
    is_spelled = not before[-1:].isdigit() and _ends_in_number(before, context)
    if joint == ",":
        return is_spelled and _starts_with_number(after, context)
    return _BELONGS_BEHIND.match(after) is not None or (
        _starts_with_number(after, context) and (is_spelled or _ends_in_unit(before, context))
    )


def _ends_in_number(text: str, context: ReadingContext) -> bool:
    last = plain_spelling(text).rsplit(maxsplit=1)[-1:]
    return bool(last) and (last[0][-1:].isdigit() or read_words(last, context.language) is not None)


def _ends_in_unit(text: str, context: ReadingContext) -> bool:
    """ "20 dollars", "an hour": what comes behind an "and" may be the rest of the same amount."""
    words = plain_spelling(text).split()
    return len(words) > 1 and _ends_in_number(words[-2], context)


def _starts_with_number(text: str, context: ReadingContext) -> bool:
    words = plain_spelling(text).split()
    return bool(words) and (words[0][0].isdigit() or read_words(words[:1], context.language) is not None)
