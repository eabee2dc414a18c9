"""Patterns that authors write, checked with RE2, which matches in time proportional to the text whatever they say."""

from __future__ import annotations

from fsm_engine.flow_files.yaml_source import Source, YamlNode

LONGEST_PATTERN = 500
_MOST_MEMORY = 1024 * 1024  # bytes for one compiled pattern; \pL{1,20} fits, \pL{1,60} does not
# RE2 compiles some 2,000 instructions in a millisecond: the patterns of one file may take about a quarter of a second.
MOST_INSTRUCTIONS = 500_000
_COST_OF_A_REFUSAL = 10_000
_LONGEST_REASON = 100


def check_pattern(source: Source, node: YamlNode, pattern: str) -> None:
    """Reports a pattern that cannot be used. RE2 refuses what needs backtracking: look-around, references to groups."""
    if source.pattern_cost > MOST_INSTRUCTIONS:
        message = "the patterns of this file are too large together; make them simpler or split the file"
        source.error(node, "bad-pattern", message)
        return
    if len(pattern) > LONGEST_PATTERN:
        message = f"the pattern has {len(pattern)} characters and may have {LONGEST_PATTERN}"
        source.error(node, "bad-pattern", message)
        return
    cost, reason = _compiled(pattern)
    source.pattern_cost += cost
    if reason is not None:
        source.error(node, "bad-pattern", f"the pattern cannot be used: {reason[:_LONGEST_REASON]}")


def _compiled(pattern: str) -> tuple[int, str | None]:
    """How many instructions the pattern took, and why RE2 refused it."""
    import re2

    options = re2.Options()
    options.log_errors = False
    options.max_mem = _MOST_MEMORY
    try:
        return re2.compile(pattern, options).programsize, None
    except re2.error as error:
        reason = error.args[0]
        return _COST_OF_A_REFUSAL, reason.decode(errors="replace") if isinstance(reason, bytes) else str(reason)
