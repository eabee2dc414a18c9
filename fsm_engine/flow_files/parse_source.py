"""One text of a flow file, of whatever kind, to its model value."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TypeAlias

from fsm_engine.flow_files.authors_help import did_you_mean, shown
from fsm_engine.flow_files.parse_bot import parse_bot
from fsm_engine.flow_files.parse_flow import parse_flow
from fsm_engine.flow_files.parse_risk import parse_risk
from fsm_engine.flow_files.parse_transcript import parse_transcript
from fsm_engine.flow_files.yaml_source import MOST_BYTES, EnoughProblems, Source, YamlMap, YamlNode, read_yaml
from fsm_engine.model.flow import Bot, Flow, RiskPolicy
from fsm_engine.model.problem import Position, Problem
from fsm_engine.model.transcript import Transcript

Parsed: TypeAlias = Flow | Bot | RiskPolicy | Transcript

_PARSERS: Mapping[str, Callable[[Source, YamlMap], Parsed | None]] = {
    "flow": parse_flow,
    "bot": parse_bot,
    "risk": parse_risk,
    "transcript": parse_transcript,
}


def source_hash(text: str) -> str:
    """The name under which a flow's source is kept: SHA-256 of its UTF-8 bytes, in hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()


def parse_source(text: str, file: str) -> tuple[Parsed | None, list[Problem]]:
    """What one text holds as far as it could be read, and every problem in it, sorted. Never raises.

    ``file`` is only named in positions; nothing is read from disk. A byte order mark at the start is ignored.
    The value is None when its kind or its name cannot be told, or after the hundredth problem.
    """
    text = text.removeprefix("\ufeff")
    if len(text) > MOST_BYTES or len(text.encode(errors="surrogatepass")) > MOST_BYTES:
        message = f"the file is larger than {MOST_BYTES // 1024} KiB; split it"
        return None, [Problem(Position(file, 1, 1), "file-too-large", message)]
    source = Source(file, text)
    parsed: Parsed | None = None
    try:
        root = read_yaml(source)
        if root is not None or not source.problems:
            parsed = _parsed(source, root)
    except EnoughProblems:
        parsed = None
    if isinstance(parsed, Flow):
        parsed = replace(parsed, source_hash=source_hash(text))
    return parsed, sorted(source.problems)


def _parsed(source: Source, root: YamlNode | None) -> Parsed | None:
    start = Position(source.file, 1, 1)
    if root is None:
        source.problems.append(Problem(start, "empty-file", f"the file is empty; {_FIRST_WORDS}"))
        return None
    if not isinstance(root, YamlMap) or not root.entries:
        source.error(root, "unknown-file-kind", _FIRST_WORDS)
        return None
    first = next(iter(root.entries))
    if first in _PARSERS:
        return _PARSERS[first](source, root)
    kind = next((word for word in _PARSERS if word in root.entries), None)
    if kind is not None:
        source.error(root.entries[kind].key, "kind-not-first", f"a file begins with what it is; put '{kind}:' first")
        return _PARSERS[kind](source, root)
    hint = did_you_mean(first, _PARSERS) or f"; {_FIRST_WORDS}"
    source.error(root, "unknown-file-kind", f"no file begins with {shown(first)}{hint}")
    return None


_FIRST_WORDS = "a file begins with 'flow: NAME', 'bot: NAME', 'risk: NAME' or 'transcript: TITLE'"
