"""The steps that wait for an answer: ``ask`` and ``confirm``, with what happens to answers that do not fit."""

from __future__ import annotations

from fsm_engine.flow_files.option_words import with_same_as, with_shown_as
from fsm_engine.flow_files.parse_texts import parse_reasks, parse_speech, parse_text
from fsm_engine.flow_files.shapes import Fields, action_name, as_full_list, as_map, name, slot_name
from fsm_engine.flow_files.step_parts import Outline, parse_give_up
from fsm_engine.flow_files.type_phrases import parse_type
from fsm_engine.flow_files.yaml_source import Source, YamlList, YamlNode
from fsm_engine.model.flow import Ask, Check, Confirm, Speech, Text
from fsm_engine.model.slot import SlotType

MOST_ATTEMPTS = 20
MOST_CHECKS = 20
ATTEMPTS = 3

UNREADABLE = SlotType(kind="")

_ANSWER_KEYS = ("help", "again", "attempts", "give_up")
ASK_KEYS = (
    *("type", "same_as", "shown_as", "prompt", "options", "media", *_ANSWER_KEYS),
    *("optional", "checks", "private", "depends_on", "default", "prefill", "called"),
)
CONFIRM_KEYS = ("review", "prompt", "options", "media", *_ANSWER_KEYS)


def parse_ask(fields: Fields, outline: Outline) -> Ask | None:
    source = fields.source
    node = fields.require("ask")
    slot = None if node is None else slot_name(source, node, "a slot")
    step = Ask(
        **outline.common(fields, "ask", slot),
        slot=slot or "",
        type=_slot_type(fields),
        prompt=_prompt(fields),
        help=_help(fields),
        optional=fields.truth("optional"),
        again=_again(fields),
        checks=_checks(fields),
        attempts=fields.whole_number("attempts", 1, MOST_ATTEMPTS) or ATTEMPTS,
        give_up=parse_give_up(fields),
        private=fields.truth("private"),
        depends_on=fields.names("depends_on"),
        default=fields.written("default"),
        prefill=fields.written("prefill"),
        called=parse_called(fields),
    )
    return None if slot is None else step


def parse_confirm(fields: Fields, outline: Outline) -> Confirm | None:
    source = fields.source
    node = fields.require("confirm")
    own_name = None if node is None else name(source, node, "a confirm step")
    step = Confirm(
        **outline.common(fields, "confirm", own_name),
        review=fields.names("review"),
        prompt=_prompt(fields),
        help=_help(fields),
        again=_again(fields),
        attempts=fields.whole_number("attempts", 1, MOST_ATTEMPTS) or ATTEMPTS,
        give_up=parse_give_up(fields),
    )
    review = fields.require("review")
    if isinstance(review, YamlList) and not review.items:
        source.error(review, "empty-list", "'review' is empty")
    return None if own_name is None else step


def _slot_type(fields: Fields) -> SlotType:
    """`UNREADABLE` stands in for a type that cannot be understood: nothing that rests on it is wrong."""
    node = fields.require("type")
    kind = None if node is None else parse_type(fields.source, node)
    if kind is None:
        return UNREADABLE
    same_as, shown_as = fields.get("same_as"), fields.get("shown_as")
    if same_as is not None:
        kind = with_same_as(fields.source, kind, same_as)
    return kind if shown_as is None else with_shown_as(fields.source, kind, shown_as)


def _prompt(fields: Fields) -> Speech:
    """An empty speech stands in for a prompt that is missing or cannot be read."""
    node = fields.require("prompt")
    speech = None if node is None else parse_speech(fields.source, node, "'prompt'", fields)
    return speech or Speech(Text(fields.source.at(node or fields.node), {}))


def _help(fields: Fields) -> Text | None:
    node = fields.get("help")
    return None if node is None else parse_text(fields.source, node, "'help'")


def parse_called(fields: Fields) -> Text | None:
    """What the answer is called in speech."""
    node = fields.get("called")
    return None if node is None else parse_text(fields.source, node, "'called'")


def _again(fields: Fields) -> tuple[Text, ...]:
    node = fields.get("again")
    return () if node is None else parse_reasks(fields.source, node)


def _checks(fields: Fields) -> tuple[Check, ...]:
    node = fields.get("checks")
    if node is None:
        return ()
    items = as_full_list(fields.source, node, "'checks'", most=MOST_CHECKS)
    found = (_check(fields.source, item) for item in items)
    return tuple(check for check in found if check is not None)


def _check(source: Source, node: YamlNode) -> Check | None:
    mapping = as_map(source, node, "a check")
    if mapping is None:
        return None
    fields = Fields(source, mapping, "a check", ("call", "must", "error"))
    error_node = fields.require("error")
    error = None if error_node is None else parse_text(source, error_node, "'error'")
    if ("call" in fields) == ("must" in fields):
        message = "a check has either 'call:' (a registered function) or 'must:' (a condition)"
        source.error(mapping, "missing-key" if "call" not in fields else "keys-together", message)
        return None
    must = fields.written("must")
    call = action_name(fields, "call")
    return None if error is None or (must is None and call is None) else Check(error=error, call=call, must=must)
