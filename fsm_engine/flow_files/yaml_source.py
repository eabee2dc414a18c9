"""The strict YAML reader: one text to a tree of nodes that know their places.

PyYAML's C parser gives a stream of events; a guard looks at each before anything is built. It refuses anchors,
aliases, tags, directives, merge keys, a second document, nesting deeper than ``DEEPEST`` and more than ``MOST_NODES``
values, so reading costs time and memory in proportion to those bounds and never to what a file pretends to be. The
composer and the constructors of PyYAML are never used: the composer crashes the process on deep nesting, the
constructors turn ``no`` into False and drop duplicated keys. Scalars stay text here; the parsers of flow files give
them their types.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TypeAlias, cast

import yaml

from fsm_engine.flow_files.authors_help import Fix, anchor_fix, parser_error_fix, place_of, shown, tag_fix
from fsm_engine.model.problem import Position, Problem

MOST_BYTES = 1024 * 1024
MOST_NODES = 50_000
MOST_PROBLEMS = 100
DEEPEST = 30
MOST_REPAIRS = 20
LARGEST_REPAIRED = 64 * 1024

# C0 and C1 controls, surrogates, and the line ends that editors do not show but YAML counts as lines.
_UNREADABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]")
_COMMENT = re.compile(r" {1,100}#")


@dataclass(slots=True)
class YamlText:
    """A scalar as written; ``style`` is "" or its quote or block sign. ``is_cut``: a comment took the text's end."""

    text: str
    line: int
    column: int
    style: str
    is_cut: bool

    @property
    def is_empty(self) -> bool:
        """Nothing was written at all, not even a pair of quotes."""
        return not self.text and not self.style


@dataclass(slots=True)
class YamlList:
    line: int
    column: int
    is_flow: bool
    items: list[YamlNode] = field(default_factory=list)


@dataclass(slots=True)
class YamlEntry:
    key: YamlText
    value: YamlNode


@dataclass(slots=True)
class YamlMap:
    line: int
    column: int
    is_flow: bool
    entries: dict[str, YamlEntry] = field(default_factory=dict)


YamlNode: TypeAlias = YamlText | YamlList | YamlMap


class EnoughProblems(Exception):
    """So much is wrong with a file that reading on would tell its author nothing new."""


class _Refused(Exception):
    """The one thing for which a text cannot be read as YAML."""

    def __init__(self, fix: Fix) -> None:
        super().__init__(fix.code)
        self.fix = fix


class Source:
    """One file's text together with the problems found in it so far."""

    __slots__ = ("file", "pattern_cost", "problems", "text")

    def __init__(self, file: str, text: str) -> None:
        self.file = file
        self.pattern_cost = 0
        self.text = text
        self.problems: list[Problem] = []

    def at(self, node: YamlNode) -> Position:
        return Position(self.file, node.line, node.column)

    def error(self, node: YamlNode, code: str, message: str) -> None:
        """Raises ``EnoughProblems`` at the file's hundredth problem."""
        self.add(Problem(self.at(node), code, message))

    def warn(self, node: YamlNode, code: str, message: str) -> None:
        self.add(Problem(self.at(node), code, message, "warning"))

    def add(self, problem: Problem) -> None:
        self.problems.append(problem)
        if len(self.problems) >= MOST_PROBLEMS:
            message = f"there are {MOST_PROBLEMS} problems up to here; mend these first, the rest was not looked at"
            self.problems.append(Problem(problem.at, "too-many-problems", message))
            raise EnoughProblems


def read_yaml(source: Source) -> YamlNode | None:
    """The tree of one document; None when nothing could be read, and then ``source.problems`` says why.

    A text that only lacks quotes is reported and read as if it had them, so that its file's other problems show too.
    """
    bad = _UNREADABLE.search(source.text)
    if bad is not None:
        source.problems.append(_bad_character(source, bad.start()))
        return None
    text = source.text
    for _ in range(MOST_REPAIRS):
        found: list[Problem] = []
        try:
            root = _Tree(source.file, text, found).read()
        except _Refused as refusal:
            fix = refusal.fix
            source.problems.append(Problem(Position(source.file, fix.line, fix.column), fix.code, fix.message))
            if fix.repaired_line is None or len(text) > LARGEST_REPAIRED:
                return None
            text = _with_line(text, fix.line, fix.repaired_line)
            continue
        for problem in found:
            source.add(problem)
        return root
    return None


def _bad_character(source: Source, index: int) -> Problem:
    before = source.text[:index]
    line = before.count("\n") + 1
    column = index - (before.rfind("\n") + 1) + 1
    message = f"character U+{ord(source.text[index]):04X} cannot be seen and is not allowed; delete it"
    return Problem(Position(source.file, line, column), "bad-character", message)


def _with_line(text: str, line: int, replacement: str) -> str:
    lines = re.split(r"(\r\n|\r|\n)", text)
    lines[2 * (line - 1)] = replacement
    return "".join(lines)


class _Tree:
    """Builds nodes from events; ``open`` holds the unfinished lists and maps, ``keys`` the keys that await a value."""

    __slots__ = ("count", "file", "found", "has_comments", "keys", "open", "root", "text")

    def __init__(self, file: str, text: str, found: list[Problem]) -> None:
        self.file = file
        self.text = text
        self.found = found
        self.root: YamlNode | None = None
        self.open: list[YamlList | YamlMap] = []
        self.keys: list[YamlText | None] = []
        self.count = 0
        self.has_comments = " #" in text

    def read(self) -> YamlNode | None:
        """Raises ``_Refused`` at the first thing that cannot be read."""
        try:
            next_event = yaml.CSafeLoader(self.text).get_event
            while (event := next_event()) is not None:
                if type(event) is yaml.ScalarEvent:
                    self._take_text(event)
                else:
                    self._take(event)
        except yaml.MarkedYAMLError as error:
            raise _Refused(parser_error_fix(error, self.text)) from error
        except yaml.reader.ReaderError as error:
            raise _Refused(Fix(1, 1, "not-yaml", "this text cannot be read; save the file as plain UTF-8")) from error
        return self.root

    def _take(self, event: yaml.Event) -> None:
        kind = type(event)
        if kind is yaml.MappingStartEvent or kind is yaml.SequenceStartEvent:
            self._open(cast("yaml.CollectionStartEvent", event))
        elif kind is yaml.MappingEndEvent or kind is yaml.SequenceEndEvent:
            self.open.pop()
            self.keys.pop()
        elif kind is yaml.AliasEvent:
            raise _Refused(anchor_fix(event, self.text, "*"))
        elif kind is yaml.DocumentStartEvent:
            self._start_document(cast("yaml.DocumentStartEvent", event))

    def _start_document(self, event: yaml.DocumentStartEvent) -> None:
        line, column = place_of(event)
        if self.root is not None:
            raise _Refused(Fix(line, column, "several-documents", _SEVERAL_DOCUMENTS))
        if event.version or event.tags:
            raise _Refused(Fix(line, column, "directive", _DIRECTIVE))

    def _take_text(self, event: yaml.ScalarEvent) -> None:
        if event.anchor is not None or event.tag is not None:
            self._refuse_marks(event)
        mark, end = event.start_mark, event.end_mark
        assert mark is not None  # the C parser gives each event its marks
        assert end is not None
        text, style, is_cut = event.value, event.style or "", False
        if not style:
            is_cut = self.has_comments and self._is_cut(text, end.index)
        elif style == '"':
            if _UNREADABLE.search(text):
                raise _Refused(Fix(mark.line + 1, mark.column + 1, "bad-character", _ESCAPED_CONTROL))
        elif style != "'":
            text = text.rstrip("\n")
        self._add(YamlText(text, mark.line + 1, mark.column + 1, style, is_cut))

    def _is_cut(self, text: str, end: int) -> bool:
        """A comment follows at once; before nothing at all it may stand further off."""
        return self.text.startswith(" #", end) if text else _COMMENT.match(self.text, end) is not None

    def _open(self, event: yaml.CollectionStartEvent) -> None:
        if event.anchor is not None or event.tag is not None:
            self._refuse_marks(event)
        line, column = place_of(event)
        if len(self.open) >= DEEPEST:
            message = f"this is nested more than {DEEPEST} levels deep; write it flatter"
            raise _Refused(Fix(line, column, "too-deep", message))
        node: YamlList | YamlMap
        if type(event) is yaml.SequenceStartEvent:
            node = YamlList(line, column, bool(event.flow_style))
        else:
            node = YamlMap(line, column, bool(event.flow_style))
        self._add(node)
        self.open.append(node)
        self.keys.append(None)

    def _refuse_marks(self, event: yaml.ScalarEvent | yaml.CollectionStartEvent) -> None:
        if event.anchor is not None:
            raise _Refused(anchor_fix(event, self.text, "&"))
        raise _Refused(tag_fix(event, self.text))

    def _add(self, node: YamlNode) -> None:
        self.count += 1
        if self.count > MOST_NODES:
            message = f"the file holds more than {MOST_NODES} values; split it"
            raise _Refused(Fix(node.line, node.column, "too-many-values", message))
        if not self.open:
            self.root = node
            return
        into = self.open[-1]
        if isinstance(into, YamlList):
            into.items.append(node)
            return
        key = self.keys[-1]
        if key is None:
            self.keys[-1] = node if type(node) is YamlText and node.text != "<<" else self._odd_key(node)
            return
        self.keys[-1] = None
        if key.text in into.entries:
            self._report_twice(into.entries[key.text].key, key)
        else:
            into.entries[key.text] = YamlEntry(key, node)

    def _odd_key(self, node: YamlNode) -> YamlText:
        if not isinstance(node, YamlText):
            message = "a list or a mapping cannot stand before ':'; if this is a text, put it into quotes"
            raise _Refused(Fix(node.line, node.column, "bad-key", message))
        if not node.style:
            message = "'<<' is not allowed; write the keys out where they are needed"
            raise _Refused(Fix(node.line, node.column, "merge-key", message))
        return node

    def _report_twice(self, first: YamlText, second: YamlText) -> None:
        if len(self.found) >= MOST_PROBLEMS:
            return
        where = f"on line {first.line} and on line {second.line}"
        message = f"{shown(second.text)} is written twice, {where}; keep one"
        self.found.append(Problem(Position(self.file, second.line, second.column), "duplicate-key", message))


_SEVERAL_DOCUMENTS = "'---' starts a second document; one file holds one thing, so put it into a file of its own"
_DIRECTIVE = "lines that start with % are not allowed; delete them"
_ESCAPED_CONTROL = "this text holds an invisible control character, written with a backslash; delete it"
