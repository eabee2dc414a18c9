"""Corrections of earlier answers: "actually my email is …", "change my age to 25", "I made a mistake"."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from typing import Final

from fsm_engine.understanding.correction_patterns import COMMON_NAMES, LANGUAGES, PERSON_NAMES, Corrections, Form
from fsm_engine.understanding.text import fold

LOOKED_AT: Final = 200
"""Characters from the start of a message in which the words must stand that make it a correction."""

SHORT_ANSWER: Final = 2
"""Words up to which "a, not b" is read as the answer a; longer answers may well contain a "not"."""

DEEPEST: Final = 2
"""How many times "that's wrong, …" is followed into what comes next."""

NEAR_NAME_FROM: Final = 4
"""Letters from which on a slot name can be misspelt; shorter names have too many neighbours."""

NEAR_NAME: Final = 0.79
"""Similarity (0..1) from which a misspelt slot name counts, where the user clearly asks for a change."""


@dataclass(frozen=True, slots=True)
class CorrectionPhrase:
    """What a user wants to put right. ``slot`` None: they did not say which; ``answer`` None: not what it should be.

    ``answer`` is the user's own words, still to be read by the slot's type. ``is_explicit`` False: the message states a
    value ("my email is …") and may as well be the answer to the open question.
    """

    slot: str | None
    answer: str | None
    is_explicit: bool


@dataclass(frozen=True, slots=True)
class _CompiledForm:
    needs: frozenset[str]
    pattern: re.Pattern[str]
    is_certain: bool
    needs_turn: bool
    takes_answer: bool


@dataclass(frozen=True, slots=True)
class _Reader:
    """The patterns of one language, compiled."""

    words: Corrections
    leads: re.Pattern[str]
    turns: re.Pattern[str]
    keywords: frozenset[str]
    forms: tuple[_CompiledForm, ...]
    after_rest: tuple[_CompiledForm, ...]
    negated: re.Pattern[str]
    change: re.Pattern[str]


def read_correction(text: str, language: str, slot_names: Mapping[str, Sequence[str]]) -> CorrectionPhrase | None:
    """The correction that a message asks for, or None where it asks for none.

    ``slot_names`` gives what each slot is called by users; the slot's own name and usual synonyms need not be given. A
    name that means no slot makes no correction: "change my life" is an answer.

    >>> names = {"email": ["e-mail address"], "age": []}
    >>> read_correction("no wait, my mail should be a@b.org", "en", names)
    CorrectionPhrase(slot='email', answer='a@b.org', is_explicit=True)
    >>> read_correction("I made a mistake", "en", names)
    CorrectionPhrase(slot=None, answer=None, is_explicit=True)
    """
    reader = _reader(language[:2].lower())
    used = _words_used(text[:LOOKED_AT])
    if reader.keywords.isdisjoint(used):
        return None
    return _Message(text, used, reader, slot_names).read()


@lru_cache(maxsize=8)  # asked once for each of a bot's languages
def _words_used(head: str) -> frozenset[str]:
    marks = {":"} if ":" in head or "=" in head else set()
    return frozenset(marks.union(fold(head).split()))


def asks_for_change(text: str, language: str) -> bool:
    """Whether the message asks to change something of the user's, of whatever name: "change my adress".

    >>> asks_for_change("I'd like to change my adress", "en"), asks_for_change("I like my change", "en")
    (True, False)
    """
    reader = _reader(language[:2].lower())
    plain = text[:LOOKED_AT].translate(_plain_letters()).lower()
    lead = reader.leads.match(plain)
    return reader.change.match(plain, lead.end() if lead else 0) is not None


class _Message:
    """One message being read. ``plain`` is the text in small letters without accents, character for character.

    Forms that take an answer are matched up to ``end``, others up to ``bare_end``, which leaves more out: in "my goal
    is to eat better now" the last word is part of the answer, in "I made a mistake now" it is not.
    """

    __slots__ = ("_bare_end", "_end", "_plain", "_reader", "_slot_names", "_text", "_used")

    def __init__(
        self, text: str, used: frozenset[str], reader: _Reader, slot_names: Mapping[str, Sequence[str]]
    ) -> None:
        self._text = text
        self._plain = text.lower() if text.isascii() else text.translate(_plain_letters())
        self._used = used
        self._reader = reader
        self._slot_names = slot_names
        self._end = self._end_without(reader.words.politeness)
        self._bare_end = self._end_without(reader.words.politeness + reader.words.fillers)

    def read(self) -> CorrectionPhrase | None:
        return self._first(self._reader.forms, 0, is_turn=False, depth=0)

    def _first(
        self, forms: Iterable[_CompiledForm], start: int, *, is_turn: bool, depth: int
    ) -> CorrectionPhrase | None:
        """What the first form says that matches from ``start``, once the words that lead up to it are passed."""
        lead = self._reader.leads.match(self._plain, start, self._end)
        if lead and lead.end() > start:
            start = lead.end()
            is_turn = is_turn or self._reader.turns.search(lead.group()) is not None
        if start == self._end:
            return None
        for form in forms:
            if form.needs.isdisjoint(self._used) or (form.needs_turn and not is_turn):
                continue
            match = form.pattern.fullmatch(self._plain, start, self._end if form.takes_answer else self._bare_end)
            if match and (found := self._meaning(match, is_explicit=is_turn or form.is_certain, depth=depth)):
                return found
        return None

    def _meaning(self, match: re.Match[str], *, is_explicit: bool, depth: int) -> CorrectionPhrase | None:
        groups = match.groupdict()
        if groups.get("person"):
            slot = next((slot for name, slot in self._names().items() if name in PERSON_NAMES), None)
            return CorrectionPhrase(slot, self._answer(match.start("person")), True) if slot else None
        slot = None
        if groups.get("name"):
            slot = self._slot(fold(groups["name"]).split(), is_explicit=is_explicit)
            if slot is None and not self._is_vague(fold(groups["name"])):
                return None
        answer = self._answer(match.start("value")) if groups.get("value") else None
        found = CorrectionPhrase(slot, answer, is_explicit)
        return self._with_rest(found, match.start("rest"), depth) if groups.get("rest") else found

    def _with_rest(self, found: CorrectionPhrase, start: int, depth: int) -> CorrectionPhrase | None:
        """``found`` completed by what follows. Unread words after a vague "that's wrong" make it an ordinary answer."""
        more = None
        if depth < DEEPEST:
            forms = (*self._reader.forms, *self._reader.after_rest)
            more = self._first(forms, start, is_turn=True, depth=depth + 1)
        if more is None:
            return found if found.slot else None
        return replace(more, slot=more.slot or found.slot)

    def _slot(self, words: list[str], *, is_explicit: bool) -> str | None:
        names = self._names()
        slot = names.get(" ".join(words))
        while slot is None and len(words) > 1 and words[0] in self._reader.words.before_name:
            words = words[1:]
            slot = names.get(" ".join(words))
        while slot is None and len(words) > 1 and words[-1] in self._reader.words.after_name:
            words = words[:-1]
            slot = names.get(" ".join(words))
        return _near_slot(" ".join(words), names) if slot is None and is_explicit else slot

    def _names(self) -> Mapping[str, str]:
        return _all_names(tuple((slot, tuple(names)) for slot, names in self._slot_names.items()))

    def _is_vague(self, name: str) -> bool:
        words = name.split()
        return any(" ".join(words[skipped:]) in self._reader.words.vague for skipped in (0, 1))

    def _answer(self, start: int) -> str | None:
        """The user's words from ``start`` on, without a closing ", not the old one"."""
        answer = self._text[start : self._end]
        negated = self._reader.negated.search(self._plain, start, self._end)
        if negated:
            wanted, unwanted = answer[: negated.start() - start], self._text[negated.end() : self._end]
            if max(len(wanted.split()), len(unwanted.split())) <= SHORT_ANSWER:
                answer = wanted
        return answer.strip() or None

    def _end_without(self, endings: tuple[str, ...]) -> int:
        """Where the message ends when closing punctuation and these words are left out."""
        end = len(self._plain)
        while True:
            words = self._plain[:end].rstrip(" \n\t.,;!?")
            end = len(words)
            if not words.endswith(endings):
                return end
            ending = next(ending for ending in endings if words.endswith(ending))
            if words[: end - len(ending)][-1:] not in {" ", ","}:
                return end
            end -= len(ending)


def _near_slot(name: str, names: Mapping[str, str]) -> str | None:
    if len(name) < NEAR_NAME_FROM:
        return None
    from rapidfuzz import process
    from rapidfuzz.distance import OSA

    near = process.extractOne(name, list(names), scorer=OSA.normalized_similarity, score_cutoff=NEAR_NAME)
    return names[near[0]] if near else None


@lru_cache(maxsize=256)
def _all_names(slots: tuple[tuple[str, tuple[str, ...]], ...]) -> Mapping[str, str]:
    """Slot by folded name. What the caller calls a slot goes before synonyms, the earlier slot before the later."""
    own = [(slot, [fold(slot), *map(fold, names)]) for slot, names in slots]
    found: dict[str, str] = {}
    for slot, names in own:
        for name in names:
            found.setdefault(name, slot)
    for slot, names in own:
        for same in COMMON_NAMES:
            if not same.isdisjoint(names):
                for name in same:
                    found.setdefault(name, slot)
    found.pop("", None)
    return found


@cache
def _reader(language: str) -> _Reader:
    words = LANGUAGES.get(language, LANGUAGES["en"])
    return _Reader(
        words=words,
        leads=re.compile(rf"[\W_]*+(?:(?:{words.leads})\b(?!')[\s,.;:!?–—-]*+)*+"),
        turns=re.compile(rf"\b(?:{words.turns})\b"),
        keywords=frozenset().union(*(form.needs for form in words.forms)),
        forms=tuple(map(_compiled, words.forms)),
        after_rest=tuple(map(_compiled, words.after_rest)),
        negated=re.compile(words.negated),
        change=re.compile(words.change),
    )


def _compiled(form: Form) -> _CompiledForm:
    pattern = re.compile(form.pattern, re.DOTALL)
    return _CompiledForm(
        needs=form.needs,
        pattern=pattern,
        is_certain=form.means == "certain",
        needs_turn=form.means == "by lead",
        takes_answer=not {"value", "person"}.isdisjoint(pattern.groupindex),
    )


@cache
def _plain_letters() -> Mapping[int, int]:
    """For `str.translate`: one small letter without accent for each letter that has one, so that positions stay."""
    letters = (chr(code) for code in range(0x41, 0x250))
    plain = {ord(letter): unicodedata.normalize("NFKD", letter.lower())[0] for letter in letters if letter.isalpha()}
    return {code: ord(letter) for code, letter in plain.items()} | {ord("’"): ord("'"), ord("‘"): ord("'")}
