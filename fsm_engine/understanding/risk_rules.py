"""The shipped lexicon as compiled rules: read from YAML once, searched with one cheap gate in front."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.resources import files
from itertools import islice
from typing import Any, Final, Literal, TypeAlias

import re2
import yaml

from fsm_engine.understanding.risk_notation import (
    Shape,
    compile_groups,
    compile_shape,
    either,
    rarest,
    rarity,
    words_in,
)

CATEGORIES: Final = ("suicide", "self_harm", "abuse", "violence_to_others", "eating_disorder", "substance")
LEXICONS: Final[Mapping[str, tuple[str, ...]]] = {"crisis": ("en", "es")}

MATCHES_PER_RULE: Final = 8
Kind = Literal["act", "low", "medium", "high", "topic", "hidden", "vague", "weak"]

_PLAIN: Final = bytes.maketrans(
    bytes(range(128)),
    bytes(ord(char.lower()) if char.isalnum() else 0x20 for char in map(chr, range(128))),
)
_OPTIONS: Final = re2.Options()
_OPTIONS.max_mem = 64 << 20


class Pattern:
    """A shape whose RE2 program is made when a message first comes near it."""

    def __init__(self, shape: Shape, *, before: str = r"\b", after: str = "") -> None:
        self.shape = shape
        self._text = f"{before}{shape.regex}{after}"

    @cached_property
    def vocabulary(self) -> frozenset[str]:
        """All words that the pattern names."""
        return self.shape.vocabulary

    @cached_property
    def program(self) -> Any:
        """Bytes in, bytes out: RE2 then spares itself the conversion of offsets."""
        return re2.compile(self._text.encode("ascii"), _OPTIONS)


class Rule(Pattern):
    """One pattern of the lexicon, and what it tells when it matches."""

    def __init__(self, shape: Shape, category: str, kind: Kind) -> None:
        super().__init__(shape)
        self.category = category
        self.kind: Kind = kind
        first = rarest(shape.needs)
        further = [words for words in shape.needs if words is not first and not any(word[-1] == "*" for word in words)]
        self.further_needs = tuple(sorted(further, key=rarity))


class Cues:
    """What surrounds a match and changes its meaning, in all languages at once: people mix them."""

    def __init__(self, shapes: Mapping[str, Shape]) -> None:
        self.negator_words = shapes["negators"].vocabulary
        self.negated = Pattern(shapes["negated"], after="$")
        self.quoting_before = Pattern(shapes["quoting"], after="$")
        self.undo = Pattern(shapes["undo"])
        self.distress = Pattern(shapes["distress"])
        (self.distress_words,) = shapes["distress"].needs
        self.harmless_words = shapes["harmless"].vocabulary
        self.topic = Pattern(shapes["topic"])
        self.quoting = Pattern(shapes["quoting"])
        self.told_of = Pattern(shapes["told_of"], after="$")
        self.remote = Pattern(shapes["remote"])
        self.help = Pattern(shapes["help"])
        self.past = Pattern(shapes["past"])
        self.still = Pattern(shapes["still"])
        self.well = Pattern(shapes["well"])
        self.intent = Pattern(shapes["intent"])
        self.soon = Pattern(shapes["soon"])


@dataclass(frozen=True, slots=True)
class Lexicon:
    """All rules of all languages, with what disguises and slips of spelling are read as.

    ``vocabulary`` are the words of the rules, ``ordinary`` others that stand for themselves.
    """

    rules: tuple[Rule, ...]
    idioms: tuple[Rule, ...]
    cues: Cues
    guesses: tuple[str, ...]
    by_ear: Mapping[str, str]
    vocabulary: frozenset[str]
    ordinary: frozenset[str]


@cache
def load_lexicon(name: str) -> Lexicon:
    """The shipped lexicon; read from the package the first time. Raises ``KeyError`` for a name that is not shipped."""
    parts = [_read_language(language) for language in LEXICONS[name]]
    rules = tuple(rule for part in parts for rule in part.rules)
    idioms = tuple(rule for part in parts for rule in part.idioms)
    return Lexicon(
        rules=rules,
        idioms=idioms,
        cues=Cues({name: either([part.cues[name] for part in parts]) for name in parts[0].cues}),
        guesses=tuple(word for part in parts for word in part.guesses),
        by_ear={spelling: word for part in parts for spelling, word in part.by_ear.items()},
        vocabulary=frozenset().union(*(part.vocabulary for part in parts)),
        ordinary=frozenset(_fold_marks(_shipped("ordinary.txt")).split()).union(*(part.in_idioms for part in parts)),
    )


@dataclass(frozen=True, slots=True)
class _Language:
    rules: Sequence[Rule]
    idioms: Sequence[Rule]
    cues: Mapping[str, Shape]
    guesses: Sequence[str]
    by_ear: Mapping[str, str]
    vocabulary: frozenset[str]
    in_idioms: frozenset[str]


def _shipped(name: str) -> str:
    return files("fsm_engine.understanding").joinpath("risk_lexicon", name).read_text(encoding="utf-8")


def _read_language(language: str) -> _Language:
    loader = getattr(yaml, "CBaseLoader", yaml.BaseLoader)  # makes text of every scalar and nothing else
    written: dict[str, Any] = yaml.load(_shipped(f"{language}.yaml"), Loader=loader)  # noqa: S506
    groups = compile_groups({name: _lines(text) for name, text in written["words"].items()})
    patterns = [text for kinds in written["rules"].values() for text in kinds.values()]
    return _Language(
        rules=[
            Rule(compile_shape(line, groups), category, kind)
            for category, kinds in written["rules"].items()
            for kind, text in kinds.items()
            for line in _lines(text)
        ],
        idioms=[Rule(compile_shape(line, groups), "", "low") for line in _lines(written["idioms"])],
        cues={
            name: either([compile_shape(line, groups) for line in _lines(text)])
            for name, text in written["cues"].items()
        },
        guesses=written["guesses"].split(),
        vocabulary=words_in("\n".join([*written["words"].values(), *patterns])),
        in_idioms=words_in(written["idioms"]),
        by_ear={spelling: word for word, line in _pairs(written["spellings"]) for spelling in line.split()},
    )


def _pairs(text: str) -> Iterator[tuple[str, str]]:
    for line in _lines(text):
        word, _, spellings = line.partition(":")
        yield word.strip(), spellings


def _fold_marks(text: str) -> str:
    return "".join(char for char in unicodedata.normalize("NFKD", text) if char.isascii())


def _lines(text: str) -> tuple[str, ...]:
    return tuple(line for line in text.split("\n") if line.strip() and not line.startswith("#"))


@dataclass(frozen=True, slots=True)
class Match:
    """A rule that matched ``data[start:end]`` of a reading."""

    rule: Rule
    start: int
    end: int


_Needing: TypeAlias = tuple[Sequence[frozenset[str]], Rule]


class RuleIndex:
    """Finds the rules that match, asking only those of which the message holds every word that they need."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        by_word: dict[str, list[_Needing]] = {}
        by_prefix: dict[str, list[_Needing]] = {}
        for rule in rules:
            needing = (rule.further_needs, rule)
            for word in rarest(rule.shape.needs):
                if word.endswith("*"):
                    by_prefix.setdefault(word[:3], []).append(needing)
                else:
                    by_word.setdefault(word, []).append(needing)
        self._by_word: Mapping[str, Sequence[_Needing]] = by_word
        self._by_prefix: Mapping[str, Sequence[_Needing]] = by_prefix
        self._words = frozenset(by_word)
        self._prefixes = frozenset(by_prefix)

    def candidates(self, words: set[str]) -> Iterable[Rule]:
        """Rules, each once, of which the words hold one of each need. Sorted by word first, as sets have no order.

        Plain loops: the inner ones run for every rule that a message comes near, some tens in an ordinary one.
        """
        near = [self._by_word[word] for word in sorted(self._words & words)]
        starts = self._prefixes.intersection([word[:3] for word in words])
        if starts:
            near += [self._by_prefix[start] for start in sorted(starts)]
        found: dict[Rule, None] = {}
        for rules in near:
            for needs, rule in rules:
                for need in needs:
                    if need.isdisjoint(words):
                        break
                else:
                    found[rule] = None
        return found

    def search(self, data: bytes, words: set[str]) -> list[Match]:
        """The matches of every rule, at most `MATCHES_PER_RULE` of each: the first of them may be a denial."""
        return [
            Match(rule, match.start(), match.end())
            for rule in self.candidates(words)
            for match in islice(rule.program.finditer(data), MATCHES_PER_RULE)
        ]


def words_of(data: bytes) -> set[str]:
    """The different words of folded text, apostrophes left out."""
    return set(data.translate(_PLAIN, b"'").decode("ascii").split())
