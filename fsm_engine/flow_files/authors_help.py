"""What a YAML parser says, put into words for people who do not know YAML."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

import yaml

_LINE_ENDS = re.compile(r"\r\n|\r|\n")
# Indentation, dashes, an optional plain key with its colon, and then what the author meant as the value.
_VALUE = re.compile(r"(?P<before>[ \t]*(?:-[ ]+)*(?:(?P<key>[\w. -]+):[ \t]+)?)(?P<value>.*)")
_LONGEST_EXPLAINED = 2000  # longer lines are not looked into: the pattern above takes quadratic time on rows of dashes
_NO_SPACE_AFTER_COLON = re.compile(r"[ ]*(?:-[ ]+)*(?P<key>\w+):(?P<rest>[^\s:/].*)")
_LONGEST_SHOWN = 60


@dataclass(frozen=True, slots=True)
class Fix:
    """A problem with a place. ``repaired_line`` is that line with the missing quotes, when quotes are all it needs."""

    line: int
    column: int
    code: str
    message: str
    repaired_line: str | None = None


def shown(text: str) -> str:
    """An author's word for a message: quoted, at most 60 characters, with everything invisible spelled out."""
    return f"'{clipped(text, _LONGEST_SHOWN)}'"


def clipped(text: str, most: int = 2 * _LONGEST_SHOWN) -> str:
    """At most so many characters of a text, on one line, with everything invisible spelled out."""
    short = text if len(text) <= most else text[:most] + "…"
    return "".join(sign if sign.isprintable() else f"\\u{ord(sign):04x}" for sign in short)


def listed(words: Iterable[str]) -> str:
    """The words that would do, for a message; of many only the first twelve."""
    some = list(words)
    return clipped(", ".join(some[:12]), 4 * _LONGEST_SHOWN) + (", …" if len(some) > 12 else "")


def nearest(word: str, known: Iterable[str], *, likeness: float = 0.55) -> str | None:
    """The known word that was most likely meant, or None when none is as like (0 to 1) as asked for."""
    from rapidfuzz.distance import OSA
    from rapidfuzz.process import extractOne

    choices = list(known)
    similarity = OSA.normalized_similarity
    best = extractOne(word[:_LONGEST_SHOWN].lower(), choices, scorer=similarity, processor=str.lower)
    return None if best is None or best[1] < likeness else choices[best[2]]


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """``; did you mean 'again'?``, or an empty text when nothing is near."""
    guess = nearest(word, known)
    return "" if guess is None else f"; did you mean '{guess}'?"


def quoted(text: str) -> str:
    """A text as an author would quote it in YAML: double quotes unless it holds some itself."""
    if '"' not in text and "\\" not in text:
        return f'"{text}"'
    return "'" + text.replace("'", "''") + "'"


def lines_of(text: str) -> list[str]:
    """The lines as the YAML parser counts them."""
    return _LINE_ENDS.split(text)


def place_of(event: yaml.Event) -> tuple[int, int]:
    """Line and column where an event starts, counted from 1."""
    mark = event.start_mark
    assert mark is not None  # the C parser gives each event its marks
    return mark.line + 1, mark.column + 1


def _line(lines: list[str], number: int) -> str:
    """The line of that number; an empty one beyond the ends, where errors at a file's end are placed."""
    return lines[number - 1] if 1 <= number <= len(lines) else ""


def parser_error_fix(error: yaml.MarkedYAMLError, text: str) -> Fix:
    """Says what the author should do about a text that the YAML parser refused."""
    return _Trouble(error, text).fix()


def anchor_fix(event: yaml.Event, text: str, sign: str) -> Fix:
    """For ``&name`` and ``*name``: a text that lacks quotes, or a real reference, which is refused."""
    line, column = place_of(event)
    if isinstance(event, yaml.ScalarEvent | yaml.AliasEvent):
        fix = _quotes_needed(lines_of(text), line, column)
        if fix is not None:
            return fix
    message = f"'{sign}' makes or uses a reference to another part of the file, which is not allowed; write it out here"
    return Fix(line, column, "reference", message)


def tag_fix(event: yaml.Event, text: str) -> Fix:
    """For ``!word``: a text that lacks quotes, or a tag that asks for some other type, which is refused."""
    line, column = place_of(event)
    lines = lines_of(text)
    value = _line(lines, line)[column - 1 :]
    if isinstance(event, yaml.ScalarEvent) and value.startswith("!") and not value.startswith("!!"):
        fix = _quotes_needed(lines, line, column)
        if fix is not None:
            return fix
    return Fix(line, column, "tag", "words that start with '!' choose a type in YAML, which is not allowed; delete it")


def _value_in(line: str) -> re.Match[str] | None:
    return _VALUE.fullmatch(line) if len(line) <= _LONGEST_EXPLAINED else None


_NEEDS_QUOTES_AT_START = "{[@*&!%|>`?-,}]"


def _quotes_needed(lines: list[str], line: int, column: int | None = None) -> Fix | None:
    """A fix by quoting the value of this line, when it starts with a sign that means something else in YAML."""
    match = _value_in(_line(lines, line))
    if match is None:
        return None
    value = match["value"].rstrip()
    starts_at = len(match["before"]) + 1
    if not value or value[0] not in _NEEDS_QUOTES_AT_START or (column is not None and column < starts_at):
        return None
    key = f"{match['key']}: " if match["key"] else ""
    message = f"a text that starts with `{value[0]}` needs quotes: `{clipped(key + quoted(value))}`"
    return Fix(line, starts_at, "needs-quotes", message, match["before"] + quoted(value))


_COLON_IN_TEXT = 'text with ": " in it needs quotes'


class _Trouble:
    """One parser error with the lines around it; ``fix`` asks each likely cause in turn."""

    def __init__(self, error: yaml.MarkedYAMLError, text: str) -> None:
        self.lines = lines_of(text)
        self.what = str(error.problem or "")
        self.context = str(error.context or "")
        mark = error.problem_mark or error.context_mark
        began = error.context_mark or mark
        self.line, self.column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        self.context_line, self.context_column = (began.line + 1, began.column + 1) if began else (1, 1)
        self.here = _line(self.lines, self.line)

    def fix(self) -> Fix:
        causes = (
            self._tab,
            self._unclosed_quote,
            self._bracket_too_many,
            self._sign_at_start,
            self._text_after_quote,
            self._colon,
            self._no_space_after_colon,
            self._open_bracket,
            self._no_colon,
            self._escape,
            self._second_document,
            self._comment_in_text,
            self._indentation,
        )
        for cause in causes:
            fix = cause()
            if fix is not None:
                return fix
        return Fix(self.line, self.column, "not-yaml", f"this cannot be read as YAML: {self.what}")

    def _tab(self) -> Fix | None:
        indentation = self.here[: len(self.here) - len(self.here.lstrip())]
        if "\t" not in indentation:
            return None
        column = indentation.index("\t") + 1
        return Fix(self.line, column, "tab", f"use spaces; line {self.line} starts with a tab")

    def _unclosed_quote(self) -> Fix | None:
        if "quoted scalar" not in self.context or "end of stream" not in self.what:
            return None
        message = "the quote that opens here is never closed"
        return Fix(self.context_line, self.context_column, "unclosed-quote", message)

    def _bracket_too_many(self) -> Fix | None:
        sign = self.here[self.column - 1 : self.column]
        opening = {"]": "[", "}": "{"}.get(sign)
        before = self.here[: self.column - 1]
        if opening is None or before.count(opening) == 0 or before.count(opening) > before.count(sign):
            return None
        return Fix(self.line, self.column, "unclosed-bracket", f"this `{sign}` closes nothing; delete it")

    def _sign_at_start(self) -> Fix | None:
        """``{name} hello``, ``@sam``, ``*bold*``, ``| or more``: the value's first sign has a meaning in YAML."""
        if self.here.startswith("%"):
            return Fix(self.line, 1, "directive", "a line cannot start with %; put the text into quotes")
        fix = _quotes_needed(self.lines, self.line, self.column)
        if fix is None or (self.here[fix.column - 1] in "{[" and "',' or" in self.what):
            return None
        return fix

    def _text_after_quote(self) -> Fix | None:
        match = _value_in(self.here)
        if match is None or match["value"][:1] not in ("'", '"') or self.column <= len(match["before"]) + 1:
            return None
        if "',' or" in self.what or "quoted scalar" in self.context:
            return None
        value = match["value"].rstrip()
        key = f"{match['key']}: " if match["key"] else ""
        message = f"nothing may follow a closing quote; quote the whole text: `{clipped(key + _requoted(value))}`"
        repaired = match["before"] + _requoted(value)
        return Fix(self.line, len(match["before"]) + 1, "text-after-quote", message, repaired)

    def _colon(self) -> Fix | None:
        """``prompt: Note: bring ID``, where YAML takes the second colon for that of a key."""
        if self.here[self.column - 1 : self.column] != ":":
            return None
        match = _value_in(self.here)
        if match is None or match["key"] is None or self.column <= len(match["before"]):
            return None
        if "',' or" in self.what:
            is_one_line = self.line == self.context_line
            return Fix(self.line, self.column, "colon-in-text", _COLON_IN_TEXT) if is_one_line else None
        value = quoted(match["value"].rstrip())
        message = f"{_COLON_IN_TEXT}: `{clipped(match['key'] + ': ' + value)}`"
        return Fix(self.line, len(match["before"]) + 1, "colon-in-text", message, match["before"] + value)

    def _no_space_after_colon(self) -> Fix | None:
        """``flow:x`` is one word to YAML; the trouble shows only at the next line's colon."""
        for line in (self.line, self.line - 1):
            match = _NO_SPACE_AFTER_COLON.fullmatch(_line(self.lines, line))
            if match is not None:
                message = f"put a space after the colon: `{clipped(match['key'] + ': ' + match['rest'])}`"
                return Fix(line, match.end("key") + 1, "no-space-after-colon", message)
        return None

    def _open_bracket(self) -> Fix | None:
        if "',' or" not in self.what:
            return None
        sign = "[" if "]" in self.what else "{"
        message = f"the `{sign}` that opens here is not closed, or a comma is missing after one of its items"
        return Fix(self.context_line, self.context_column, "unclosed-bracket", message)

    def _no_colon(self) -> Fix | None:
        if "expected ':'" not in self.what:
            return None
        word = _line(self.lines, self.context_line).strip()
        message = f"line {self.context_line} has no ': ' after its first word: {shown(word)}"
        return Fix(self.context_line, self.context_column, "no-colon", message)

    def _escape(self) -> Fix | None:
        if "escape" not in self.what:
            return None
        message = "a backslash has a special meaning in double quotes; use single quotes around this text"
        return Fix(self.line, self.column, "backslash", message)

    def _second_document(self) -> Fix | None:
        if "<document start>" not in self.what:
            return None
        return Fix(self.line, self.column, "several-documents", "'...' ends the file; delete it and what follows")

    def _comment_in_text(self) -> Fix | None:
        """A text over several lines that a comment cuts in two."""
        above = _line(self.lines, self.line - 1)
        if " #" not in f" {above}" or ":" in self.here or self.here.lstrip().startswith("- "):
            return None
        message = "everything after ` #` is a comment, and a text cannot go on after one; quote the text to keep it"
        return Fix(self.line - 1, f" {above}".index(" #") + 1, "comment-in-text", message)

    def _indentation(self) -> Fix | None:
        if not any(words in self.what for words in ("expected key", "'-' indicator", "not allowed in this context")):
            return None
        message = f"line {self.line} does not line up with the lines that it belongs to; check the spaces before it"
        return Fix(self.line, self.column, "bad-indentation", message)


def _requoted(value: str) -> str:
    if value.startswith("'") and value.endswith("'") and len(value) > 1:
        return quoted(value[1:-1])
    return quoted(value)
