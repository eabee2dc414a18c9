"""The notation of the risk lexicon, turned into RE2 patterns and the words that a match cannot do without.

=============  =====================================================================================
``kill``       the word; an apostrophe may be left out when people type it (``don't`` reads "dont")
``kill*``      any word that starts so
``kill$``      the word, and after it the sentence ends; ``$`` alone stands for the end itself
``(a b|c)``    one of several phrases; a line that is nothing but a list of words needs no brackets
``[a b]``      a phrase that may be missing
``^``          the start of the message
``don''t``     the apostrophe must be there
``(a | b)+``   one to six of them in a row
``<name>``     a group of phrases that the file defines under ``words``
``..`` ``...`` up to two, up to five words of any kind, within one sentence
``{a ; b}``    both, in either order, with up to six words between
=============  =====================================================================================

Patterns run over folded text: small ASCII letters and digits, everything else separates words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

COMMON: Final = frozenset(
    (
        "i im ive id ill me my mine you your he she it its they them his her him we us our the a an and or but if so to"
        " of in on at for with from by about be is am are was were been being have has had having do does did dont"
        " doing not no cant can could would should will wont want wanna wants wanted going gonna go get got just really"
        " that this these those there here what why how when who all any some more much very too as than then out up"
        " off over think thinking know feel feeling like make made say said tell one now ever never anymore again yo me"
        " mi tu su el la los las un una de que y o en con por para no se lo le ya es soy estoy esta todo muy mas a al"
        " quiero voy he ha te nos si pero como cuando"
    ).split()
)
"""Words that stand in so many messages that looking for a pattern because of one of them saves nothing."""

_END: Final = r"\b[^a-z0-9]*"
_SENTENCE_END: Final = "(?:[.!?;\n][^a-z0-9]*|$)"
_SAME_SENTENCE: Final = "(?:[a-z0-9']+[^a-z0-9.!?;\n]{1,4})"
_GAPS: Final = {"..": 2, "...": 5, "....": 10}
_BETWEEN_EITHER: Final = 6
_NO_MORE: Final = ""
_TOKEN: Final = re.compile(
    r"[(\[][a-z0-9'][a-z0-9' |]*[)\]](?!\+)|\)\+|[()\[\]{}|;$^]|<[a-z_]+>|\.{2,4}|[a-z0-9']+[*$]?"
)


_NAME_OR_WORD: Final = re.compile("(?<![<a-z0-9_])[a-z0-9]+(?![a-z0-9_>])")
_REGEX_SIGNS: Final = re.compile(r"\\b|\\n|\[[^\]]*\]|\{[^}]*\}")


@dataclass(frozen=True, slots=True)
class Shape:
    """A pattern as RE2 text, with what a message must hold for it to match.

    Each of ``needs`` is a set of words of which one must be there; a word that ends in ``*`` stands for its first
    three letters.
    """

    regex: str
    needs: tuple[frozenset[str], ...] = ()
    may_be_empty: bool = False

    @property
    def vocabulary(self) -> frozenset[str]:
        """All words that the pattern names."""
        return words_in(_REGEX_SIGNS.sub(" ", self.regex.replace("'?", "")))


class NotationError(ValueError):
    """A pattern that does not follow the notation."""


def words_in(text: str) -> frozenset[str]:
    """The different words of folded text or of patterns, apostrophes left out."""
    return frozenset(_NAME_OR_WORD.findall(text.replace("'", "")))


def compile_shape(notation: str, groups: Mapping[str, Shape]) -> Shape:
    """The shape of one pattern. Raises `NotationError` when it is misspelled or could match an empty text."""
    left_over = _TOKEN.sub("", notation).strip()
    if left_over:
        raise NotationError(f"'{notation}': cannot read '{left_over}'")
    tokens = iter([*_tokens(notation), _NO_MORE])
    shape, closing = _alternatives(tokens, groups, notation)
    if closing != _NO_MORE or shape.may_be_empty:
        raise NotationError(f"'{notation}': brackets do not close, or the pattern is empty")
    return shape


def compile_groups(written: Mapping[str, Sequence[str]]) -> dict[str, Shape]:
    """The named groups of a file; a group may use those that stand above it."""
    groups: dict[str, Shape] = {}
    for name, phrases in written.items():
        groups[name] = either([compile_shape(phrase, groups) for phrase in phrases])
    return groups


def literal(phrase: str) -> Shape:
    """The shape of a phrase of folded words without any notation."""
    return _in_a_row([_word(word) for word in phrase.split()])


def either(shapes: Sequence[Shape]) -> Shape:
    """Any one of the shapes. Of each, the word that is rarest in messages is the one that is looked for."""
    if len(shapes) == 1:
        return shapes[0]
    may_be_empty = any(shape.may_be_empty for shape in shapes)
    needs = () if may_be_empty or not all(shape.needs for shape in shapes) else _one_of_each(shapes)
    return Shape("(?:" + "|".join(shape.regex for shape in shapes) + ")", needs, may_be_empty)


def rarest(needs: Sequence[frozenset[str]]) -> frozenset[str]:
    """The set of which the fewest words are common, then the smallest one."""
    return min(needs, key=rarity)


def rarity(words: frozenset[str]) -> tuple[int, int]:
    """What puts sets of words in order, those first of which a message holds a word most seldom."""
    return len(words & COMMON), len(words)


def _one_of_each(shapes: Sequence[Shape]) -> tuple[frozenset[str], ...]:
    return (frozenset().union(*(rarest(shape.needs) for shape in shapes)),)


def _word(word: str) -> Shape:
    if word in {"$", "^"}:
        return Shape(_SENTENCE_END if word == "$" else "^", may_be_empty=True)
    plain = word.replace("'", "").rstrip("*$")
    regex = word.rstrip("*$").replace("''", '"').replace("'", "'?").replace('"', "'")
    if word.endswith("*"):
        if len(plain) < 3:
            raise NotationError(f"'{word}': three letters must stand before the star")
        return Shape(f"{regex}[a-z0-9']*{_END}", (frozenset({f"{plain[:3]}*"}),))
    end = f"\\b[^a-z0-9]*{_SENTENCE_END}" if word.endswith("$") else _END
    return Shape(regex + end, (frozenset({plain}),))


def _in_a_row(shapes: Sequence[Shape]) -> Shape:
    needs = tuple(words for shape in shapes for words in shape.needs)
    may_be_empty = all(shape.may_be_empty for shape in shapes)
    return Shape("".join(shape.regex for shape in shapes), needs, may_be_empty)


def _gap(at_most: int) -> Shape:
    return Shape(f"{_SAME_SENTENCE}{{0,{at_most}}}", may_be_empty=True)


def _tokens(notation: str) -> Iterator[str]:
    """The parts of a pattern. A bar outside brackets would be read two ways, so it stands only in a list of words."""
    depth = 0
    for token in _TOKEN.findall(notation):
        depth += (token in {"(", "[", "{"}) - (token in {")", ")+", "]", "}"})
        if token == "|" and not depth and " " in notation.strip():
            raise NotationError(f"'{notation}': put brackets around the phrases that a bar parts")
        yield token


def _alternatives(tokens: Iterator[str], groups: Mapping[str, Shape], notation: str) -> tuple[Shape, str]:
    choices: list[Shape] = []
    row: list[Shape] = []
    for token in tokens:
        if token in {")", ")+", "]", "}", ";", _NO_MORE}:
            choices.append(_in_a_row(row))
            return either(choices), token
        if token == "|":
            choices.append(_in_a_row(row))
            row = []
        else:
            row.append(_element(token, tokens, groups, notation))
    raise NotationError(f"'{notation}': brackets do not close")


def _plain_bracket(token: str) -> Shape:
    """The shape of a bracket that holds only phrases of words: most of the lexicon, so it is made without parsing."""
    inner = token[1:-1]
    regex = inner.replace("''", '"').replace("'", "'?").replace('"', "'")
    regex = "(?:" + regex.replace(" ", _END).replace("|", _END + "|") + _END + ")"
    plain = inner.replace("'", "")
    if token[0] == "[":
        return Shape(regex + "?", may_be_empty=True)
    phrases = plain.split("|")
    picked = frozenset([min(phrase.split(" "), key=_is_common) if " " in phrase else phrase for phrase in phrases])
    return Shape(regex, (picked,))


def _is_common(word: str) -> bool:
    return word in COMMON


def _element(token: str, tokens: Iterator[str], groups: Mapping[str, Shape], notation: str) -> Shape:
    if token in _GAPS:
        return _gap(_GAPS[token])
    if token.startswith("<"):
        if token[1:-1] not in groups:
            raise NotationError(f"'{notation}': no group is called {token}")
        return groups[token[1:-1]]
    if len(token) > 1 and token[0] in "([":
        return _plain_bracket(token)
    if token in {"(", "[", "{"}:
        return _bracket(token, tokens, groups, notation)
    return _word(token)


def _bracket(opening: str, tokens: Iterator[str], groups: Mapping[str, Shape], notation: str) -> Shape:
    inner, closing = _alternatives(tokens, groups, notation)
    if opening == "[" and closing == "]":
        return Shape(f"(?:{inner.regex})?", may_be_empty=True)
    if opening == "(" and closing == ")":
        return Shape(f"(?:{inner.regex})", inner.needs, inner.may_be_empty)
    if opening == "(" and closing == ")+":
        return Shape(f"(?:{inner.regex}){{1,6}}", inner.needs, inner.may_be_empty)
    if opening == "{" and closing == ";":
        other, closing = _alternatives(tokens, groups, notation)
        if closing == "}":
            gap = _gap(_BETWEEN_EITHER).regex
            regex = f"(?:{inner.regex}{gap}{other.regex}|{other.regex}{gap}{inner.regex})"
            return Shape(regex, (*inner.needs, *other.needs))
    raise NotationError(f"'{notation}': '{opening}' is closed by '{closing}'")
