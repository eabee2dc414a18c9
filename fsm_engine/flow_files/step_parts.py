"""What steps of several kinds share: names within a flow, ``when``, ``goto``, ``at_most``, ``flag`` and ``give_up``."""

from __future__ import annotations

from collections import Counter
from typing import TypedDict

from fsm_engine.flow_files.authors_help import did_you_mean, shown
from fsm_engine.flow_files.shapes import Fields, name, scalar
from fsm_engine.flow_files.yaml_source import Source, YamlNode, YamlText
from fsm_engine.model.flow import LEVELS, Flag, GiveUp
from fsm_engine.model.problem import Position, Written

MOST_STEPS = 500
MOST_TIMES = 1000
COMMON_KEYS = ("name", "when", "goto", "at_most", "flag")
_GIVE_UPS = ("handoff", "skip", "cancel")


class Common(TypedDict):
    """The arguments that make the shared part of a step."""

    name: str
    at: Position
    when: Written | None
    goto: Written | None
    at_most: int | None
    flag: Flag | None


class Outline:
    """The steps of one flow as they are met: names already taken, and how many of each kind there are."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self._first: dict[str, YamlNode] = {}
        self._kinds: Counter[str] = Counter()

    def count(self, kind: str) -> None:
        self._kinds[kind] += 1

    @property
    def is_full(self) -> bool:
        return self._kinds.total() >= MOST_STEPS

    def common(self, fields: Fields, kind: str, own_name: str | None) -> Common:
        """``own_name`` names the step unless ``name:`` does; without either it is called after its kind: ``say 3``."""
        node = fields.get("name")
        chosen = own_name if node is None else name(self.source, node, "a step")
        step_name = chosen or f"{kind} {self._kinds[kind]}"
        self._take(step_name, node or fields.get(kind) or fields.node, is_own=node is None)
        goto = fields.written("goto")
        at_most = None if kind == "repeat" else fields.whole_number("at_most", 1, MOST_TIMES)
        if at_most is not None and not _may_go_back(fields, kind):
            message = "'at_most' bounds how often a goto is taken, and this step has none"
            self.source.error(fields.require("at_most") or fields.node, "key-without-effect", message)
        return Common(
            name=step_name,
            at=self.source.at(fields.node),
            when=fields.written("when"),
            goto=goto,
            at_most=at_most,
            flag=parse_flag(fields),
        )

    def _take(self, step_name: str, node: YamlNode, *, is_own: bool) -> None:
        first = self._first.setdefault(step_name, node)
        if first is node:
            return
        fix = "give one of them a name: of its own" if is_own else "choose another name"
        message = f"step '{step_name}' is already defined on line {first.line} of this flow; {fix}"
        self.source.error(node, "duplicate-step", message)


def _may_go_back(fields: Fields, kind: str) -> bool:
    give_up = fields.get("give_up")
    return "goto" in fields or kind == "choose" or (isinstance(give_up, YamlText) and give_up.text.startswith("goto"))


def parse_flag(fields: Fields) -> Flag | None:
    """``flag: LABEL LEVEL``."""
    node = fields.get("flag")
    text = None if node is None else scalar(fields.source, node, "'flag'")
    if text is None:
        return None
    words = text.text.split()
    if len(words) != 2:
        message = f"'flag' is a label and a level, such as 'self_harm high', not {shown(text.text)}"
        fields.source.error(text, "bad-value", message)
        return None
    label, level = words
    if level not in LEVELS:
        hint = did_you_mean(level, LEVELS)
        message = f"the level of a flag is one of {', '.join(LEVELS)}, not {shown(level)}{hint}"
        fields.source.error(text, "bad-value", message)
        return None
    label_node = YamlText(label, text.line, text.column, text.style, is_cut=False)
    label_name = name(fields.source, label_node, "a flag")
    return None if label_name is None else Flag(label_name, level)


def parse_give_up(fields: Fields) -> GiveUp:
    """``handoff`` (also when absent), ``skip``, ``cancel`` or ``goto STEP``."""
    node = fields.get("give_up")
    text = None if node is None else scalar(fields.source, node, "'give_up'")
    if text is None:
        return GiveUp()
    match text.text.split():
        case ["handoff"]:
            return GiveUp("handoff")
        case ["skip"]:
            return GiveUp("skip")
        case ["cancel"]:
            return GiveUp("cancel")
        case ["goto", step]:
            return GiveUp("goto", Written(step, fields.source.at(text)))
        case _:
            hint = did_you_mean(text.text, _GIVE_UPS)
            message = f"'give_up' is handoff, skip, cancel or 'goto STEP', not {shown(text.text)}{hint}"
            fields.source.error(text, "bad-value", message)
            return GiveUp()
