"""The list of steps of a flow: one function for each kind of step, chosen by the step's first word."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import NamedTuple

from fsm_engine.flow_files.authors_help import did_you_mean, nearest, shown
from fsm_engine.flow_files.parse_questions import ASK_KEYS, CONFIRM_KEYS, parse_ask, parse_called, parse_confirm
from fsm_engine.flow_files.parse_reminders import parse_due
from fsm_engine.flow_files.parse_texts import optional_speech, parse_speech
from fsm_engine.flow_files.shapes import (
    Fields,
    action_name,
    as_full_list,
    as_map,
    is_blank,
    name,
    slot_name,
)
from fsm_engine.flow_files.step_parts import COMMON_KEYS, MOST_STEPS, Outline, parse_give_up
from fsm_engine.flow_files.yaml_source import YamlMap, YamlNode
from fsm_engine.model.flow import Case, Choose, Do, End, Handoff, Remind, Repeat, Run, Say, Speech, Step, Text

MOST_CASES = 50
MOST_ROUNDS = 100
MOST_RETRIES = 10
LONGEST_ACTION_S = 3600.0
_SPOKEN = ("options", "media")


def parse_steps(node: YamlNode, outline: Outline) -> tuple[Step, ...]:
    """All steps that could be read, in order; those of one flow and its repeats together are at most ``MOST_STEPS``."""
    found: list[Step] = []
    for item in as_full_list(outline.source, node, "'steps'", most=MOST_STEPS + 1):
        if outline.is_full:
            message = f"a flow has at most {MOST_STEPS} steps; move some into another flow and call it with run:"
            outline.source.error(item, "too-many-steps", message)
            break
        step = _step(item, outline)
        if step is not None:
            found.append(step)
    return tuple(found)


def _step(node: YamlNode, outline: Outline) -> Step | None:
    mapping = as_map(outline.source, node, "a step")
    if mapping is None:
        return None
    kind = _kind(mapping, outline)
    if kind is None:
        return None
    outline.count(kind)
    row = KINDS[kind]
    others = [word for word in mapping.entries if word in KINDS and word not in row.known]
    for word in others:
        message = f"a step does one thing: '{word}:' starts a step of its own, on a line that begins with '- '"
        outline.source.error(mapping.entries[word].key, "two-steps-in-one", message)
    fields = Fields(outline.source, mapping, row.what, row.known if not others else (*row.known, *others))
    return row.parse(fields, outline)


def _kind(mapping: YamlMap, outline: Outline) -> str | None:
    """The first word; a step that begins with another word is reported and, where it can be guessed, read all the same:
    what other steps make of it is then no problem of theirs."""
    source = outline.source
    words = list(mapping.entries)
    first = words[0] if words else ""
    if first in KINDS:
        return first
    meant = nearest(first, KINDS)
    kind = next((word for word in words if word in KINDS), None)
    if kind is not None and (meant is None or meant in words or first in KINDS[kind].known):
        message = f"a step begins with what it does; put '{kind}:' first"
        source.error(mapping.entries[kind].key, "kind-not-first", message)
        return kind
    hint = did_you_mean(first, KINDS) or f"; a step begins with one of {', '.join(KINDS)}"
    source.error(mapping, "unknown-step-kind", f"no step begins with {shown(first)}{hint}")
    if meant is not None:
        mapping.entries = {meant if word == first else word: entry for word, entry in mapping.entries.items()}
    return meant


def _spoken(fields: Fields, kind: str) -> Speech | None:
    node = fields.require(kind)
    return None if node is None else parse_speech(fields.source, node, f"'{kind}'", fields)


def _say(fields: Fields, outline: Outline) -> Step | None:
    speech = _spoken(fields, "say")
    empty = Speech(Text(fields.source.at(fields.node), {}))
    return Say(**outline.common(fields, "say", None), speech=speech or empty)


def _do(fields: Fields, outline: Outline) -> Step | None:
    action = action_name(fields, "do")
    save_as = fields.get("save_as")
    step_name = None if action is None else action.text
    step = Do(
        **outline.common(fields, "do", step_name),
        action=action or fields.unreadable(),
        send=fields.names("send"),
        save_as=None if save_as is None else slot_name(fields.source, save_as, "a slot"),
        undo=action_name(fields, "undo"),
        retry=fields.whole_number("retry", 0, MOST_RETRIES) or 0,
        time_limit_s=fields.duration_s("time_limit", LONGEST_ACTION_S) or 30.0,
        waiting_s=fields.duration_s("waiting", LONGEST_ACTION_S),
        give_up=parse_give_up(fields),
    )
    return None if action is None else step


def _choose(fields: Fields, outline: Outline) -> Step | None:
    source = fields.source
    node = fields.require("choose")
    items = [] if node is None else as_full_list(source, node, "'choose'", most=MOST_CASES)
    cases: list[Case] = []
    for index, item in enumerate(items):
        mapping = as_map(source, item, "a case of 'choose'")
        if mapping is None:
            continue
        if "otherwise" in mapping.entries and index < len(items) - 1:
            message = "'otherwise:' comes last; the cases after it would never be looked at"
            source.error(mapping.entries["otherwise"].key, "otherwise-not-last", message)
        case = _case(fields, mapping)
        if case is not None:
            cases.append(case)
    return Choose(**outline.common(fields, "choose", None), cases=tuple(cases))


def _case(parent: Fields, mapping: YamlMap) -> Case | None:
    source = parent.source
    if "otherwise" in mapping.entries:
        fields = _otherwise(parent, mapping)
    else:
        fields = Fields(source, mapping, "a case of 'choose'", ("when", *_CASE_KEYS))
        fields.require("when")
    if fields is None:
        return None
    when = fields.written("when")
    if not any(word in fields for word in ("say", "run", "goto")):
        source.error(mapping, "missing-key", "a case of 'choose' needs 'say:', 'run:' or 'goto:'")
    return Case(
        at=source.at(mapping),
        when=when,
        say=optional_speech(fields, "say"),
        run=fields.written("run"),
        goto=fields.written("goto"),
    )


_CASE_KEYS = ("say", "run", "goto", *_SPOKEN)


def _otherwise(parent: Fields, mapping: YamlMap) -> Fields | None:
    """What happens otherwise stands beside the word, or in a mapping as its value; never as a bare text."""
    source = parent.source
    value = mapping.entries["otherwise"].value
    if isinstance(value, YamlMap):
        Fields(source, mapping, "a case with 'otherwise' and its own mapping", ("otherwise",))
        return Fields(source, value, "'otherwise'", _CASE_KEYS)
    if not is_blank(value):
        message = "after 'otherwise:' come 'say:', 'run:' or 'goto:' on lines of their own"
        source.error(value, "wrong-shape", message)
        return None
    return Fields(source, mapping, "'otherwise'", ("otherwise", *_CASE_KEYS))


def _repeat(fields: Fields, outline: Outline) -> Step | None:
    source = fields.source
    slot_node, steps, ask_more = fields.require("repeat"), fields.require("steps"), fields.get("ask_more")
    slot = None if slot_node is None else slot_name(source, slot_node, "a slot")
    at_least = fields.whole_number("at_least", 0, MOST_ROUNDS)
    at_most = fields.whole_number("at_most", 1, MOST_ROUNDS)
    least, most = (1 if at_least is None else at_least), at_most or max(10, at_least or 0)
    if least > most:
        message = f"'at_least' is {least} and 'at_most' is {most}; the smaller one is at_least"
        source.error(fields.require("at_most") or fields.node, "bad-bounds", message)
    step = Repeat(
        **outline.common(fields, "repeat", slot),
        slot=slot or "",
        steps=() if steps is None else parse_steps(steps, outline),
        ask_more=None if ask_more is None else parse_speech(source, ask_more, "'ask_more'"),
        at_least=least,
        rounds_at_most=most,
        called=parse_called(fields),
    )
    return None if slot is None or not step.steps else step


def _run(fields: Fields, outline: Outline) -> Step | None:
    node = fields.require("run")
    flow = fields.written("run")
    own_name = None if node is None or flow is None else name(fields.source, node, "a flow")
    step = Run(**outline.common(fields, "run", own_name), flow=flow or fields.unreadable())
    return None if own_name is None else step


def _remind(fields: Fields, outline: Outline) -> Step | None:
    due, speech = parse_due(fields), _spoken(fields, "say")
    common = outline.common(fields, "remind", None)
    return None if due is None or speech is None else Remind(**common, due=due, speech=speech)


def _last_words(fields: Fields, kind: str) -> Speech | None:
    """The optional text of ``end`` and ``handoff``, which nothing can follow."""
    for word in ("goto", "at_most"):
        node = fields.get(word)
        if node is not None:
            message = f"'{word}' has no effect on a step that finishes the conversation; delete it"
            fields.source.error(node, "key-without-effect", message)
    return optional_speech(fields, kind, may_be_blank=True)


def _handoff(fields: Fields, outline: Outline) -> Step | None:
    return Handoff(speech=_last_words(fields, "handoff"), **outline.common(fields, "handoff", None))


def _end(fields: Fields, outline: Outline) -> Step | None:
    return End(speech=_last_words(fields, "end"), **outline.common(fields, "end", None))


class _Kind(NamedTuple):
    """What a kind of step is called in messages, all words that it knows, and its parser."""

    what: str
    known: Collection[str]
    parse: Callable[[Fields, Outline], Step | None]


def _kind_of_step(kind: str, keys: tuple[str, ...], parse: Callable[[Fields, Outline], Step | None]) -> _Kind:
    what = f"an {kind} step" if kind[0] in "aeiou" else f"a {kind} step"
    return _Kind(what, dict.fromkeys((kind, *keys, *COMMON_KEYS)), parse)


KINDS: Mapping[str, _Kind] = {
    "say": _kind_of_step("say", _SPOKEN, _say),
    "ask": _kind_of_step("ask", ASK_KEYS, parse_ask),
    "confirm": _kind_of_step("confirm", CONFIRM_KEYS, parse_confirm),
    "do": _kind_of_step("do", ("send", "save_as", "undo", "retry", "time_limit", "waiting", "give_up"), _do),
    "choose": _kind_of_step("choose", (), _choose),
    "repeat": _kind_of_step("repeat", ("steps", "at_least", "ask_more", "called"), _repeat),
    "run": _kind_of_step("run", (), _run),
    "remind": _kind_of_step("remind", ("say", *_SPOKEN), _remind),
    "handoff": _kind_of_step("handoff", _SPOKEN, _handoff),
    "end": _kind_of_step("end", _SPOKEN, _end),
}
