"""Texts with placeholders: parsed once when a flow is loaded, filled in once when they are said, never parsed again."""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from fsm_engine.core.formats import FORMATS, format_value, plural_forms
from fsm_engine.core.guards import Expression, ExpressionError, Scope, compile_expression
from fsm_engine.model.flow import ANY_LANGUAGE, Speech, Text
from fsm_engine.model.problem import Written
from fsm_engine.model.slot import SlotType
from fsm_engine.model.turn import Message
from fsm_engine.model.values import turn_value

_PIECES = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")


@dataclass(frozen=True, slots=True)
class Placeholder:
    expression: Expression
    format: str | None
    slot_type: SlotType | None


@dataclass(frozen=True, slots=True)
class Template:
    """One variation of a text. ``names`` are the slots that it shows."""

    parts: tuple[str | Placeholder, ...]
    names: frozenset[str]

    def fill(self, scope: Scope, language: str) -> str:
        """The text with every placeholder replaced; a slot without a value shows as nothing."""
        return "".join([part if isinstance(part, str) else _show(part, scope, language) for part in self.parts])


def _show(part: Placeholder, scope: Scope, language: str) -> str:
    plain = part.expression.plain_slot
    value = scope.get(plain) if plain else part.expression.evaluate(scope)
    slot_type = part.slot_type
    if plain is None and slot_type is not None and value not in map(scope.get, part.expression.names):
        slot_type = None  # what stands in for an answer is no option
    return format_value(value, language, slot_type=slot_type, style=part.format)


def compile_template(source: str, slots: Mapping[str, SlotType]) -> Template:
    """The template of one text; ``{{`` and ``}}`` stand for single braces.

    Raises:
        ExpressionError: a brace without its partner, an unknown format, or a placeholder that cannot be read.
    """
    if "{" not in source and "}" not in source:
        return Template((source,), frozenset())
    parts: list[str | Placeholder] = []
    names: set[str] = set()
    position = 0
    for match in _PIECES.finditer(source):
        parts.append(source[position : match.start()])
        position = match.end()
        piece = match.group()
        if piece in {"{{", "}}"}:
            parts.append(piece[0])
        elif match.group(1) is None:
            raise ExpressionError(
                "text-brace", f"'{piece}' stands alone. Write {{{{ and }}}} for braces that are to be shown."
            )
        else:
            placeholder = _compile_placeholder(match.group(1), slots)
            names |= placeholder.expression.names
            parts.append(placeholder)
    parts.append(source[position:])
    return Template(tuple(part for part in parts if part != ""), frozenset(names))


def _compile_placeholder(inner: str, slots: Mapping[str, SlotType]) -> Placeholder:
    source, bar, style = inner.partition("|")
    style = " ".join(style.split())
    if bar and style not in FORMATS and plural_forms(style) is None:
        raise ExpressionError(
            "unknown-format", f"'{style}' is not a format. Formats are: {', '.join(FORMATS)}.", name=style
        )
    if not source.strip():
        raise ExpressionError("text-brace", "'{}' is empty. Put the name of a slot between the braces.")
    expression = compile_expression(source, slots)
    return Placeholder(expression, style or None, _type_shown(expression, slots))


def _type_shown(expression: Expression, slots: Mapping[str, SlotType]) -> SlotType | None:
    """The type of the slot that is shown; ``{mood or "fine"}`` shows an option by its name, too."""
    if expression.plain_slot:
        return slots.get(expression.plain_slot)
    types = [slots[name] for name in expression.names if name in slots]
    return types[0] if len(types) == 1 and types[0].options else None


@dataclass(frozen=True, slots=True)
class CompiledText:
    """Variations by language. ``key`` tells texts apart when a variation is chosen."""

    variations: Mapping[str, tuple[Template, ...]]
    names: frozenset[str]

    def pick(self, language: str, first_language: str, seed: str) -> Template:
        """One variation; the same seed always gives the same one."""
        options = self._options(language, first_language)
        return options[0] if len(options) == 1 else options[zlib.crc32(seed.encode()) % len(options)]

    def first(self, language: str, first_language: str) -> Template:
        """The first variation, for what always goes by the same name."""
        return self._options(language, first_language)[0]

    def _options(self, language: str, first_language: str) -> tuple[Template, ...]:
        return self.variations.get(language) or self._nearest(language, first_language)

    def _nearest(self, language: str, first_language: str) -> tuple[Template, ...]:
        """What stands in for a language: the same without its country, the bot's first language, any."""
        stand_ins = (language.partition("-")[0], first_language, first_language.partition("-")[0], ANY_LANGUAGE)
        found = (self.variations[name] for name in stand_ins if self.variations.get(name))
        return next(found, None) or next(iter(self.variations.values()))


@dataclass(frozen=True, slots=True)
class CompiledSpeech:
    text: CompiledText
    options: tuple[CompiledText, ...] = ()
    media: tuple[Template, ...] = ()


@turn_value
class Voice:
    """What saying something depends on: the user's language, the bot's first one, and the values in sight.

    ``scope`` is asked for these by a text that shows some; few do.
    """

    language: str
    first_language: str
    scope: Callable[[], Scope]

    def say(self, speech: CompiledSpeech, seed: str) -> Message:
        """The message, with its buttons and media filled in as well."""
        said = self.fill(speech.text, seed)
        if not speech.options and not speech.media:
            return Message(said)
        buttons = tuple([self.first(option) for option in speech.options])
        return Message(said, buttons, tuple([self._filled(address) for address in speech.media]))

    def first(self, text: CompiledText) -> str:
        """The first variation of what always goes by the same name."""
        return self._filled(text.first(self.language, self.first_language))

    def fill(self, text: CompiledText, seed: str) -> str:
        """One variation of the text, filled in."""
        return self._filled(text.pick(self.language, self.first_language, seed))

    def _filled(self, template: Template) -> str:
        parts = template.parts
        if len(parts) == 1 and isinstance(parts[0], str):
            return parts[0]
        return template.fill(self.scope(), self.language)


class TextCompiler:
    """Compiles texts and expressions of one flow and keeps what was wrong, with its place."""

    def __init__(self, slots: Mapping[str, SlotType]) -> None:
        self.slots = slots
        self.failures: list[tuple[Written, ExpressionError]] = []

    def template(self, written: Written) -> Template:
        try:
            return compile_template(written.text, self.slots)
        except ExpressionError as error:
            self.failures.append((written, error))
            return Template((written.text,), frozenset())

    def text(self, text: Text) -> CompiledText:
        variations = {
            language: tuple(self.template(written) for written in group) for language, group in text.variations.items()
        }
        return CompiledText(variations, _names(template for group in variations.values() for template in group))

    def speech(self, speech: Speech) -> CompiledSpeech:
        return CompiledSpeech(
            self.text(speech.text),
            tuple(self.text(option) for option in speech.options),
            tuple(self.template(address) for address in speech.media),
        )

    def expression(self, written: Written, *, must_be_bool: bool = True) -> Expression:
        try:
            return compile_expression(written.text, self.slots, must_be_bool=must_be_bool)
        except ExpressionError as error:
            self.failures.append((written, error))
            return Expression(written.text, lambda scope: None, "value", frozenset())


def _names(templates: Iterable[Template]) -> frozenset[str]:
    names: set[str] = set()
    for template in templates:
        names |= template.names
    return frozenset(names)
