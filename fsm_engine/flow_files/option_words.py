"""What the options of a type are called, and the other words that mean them, each for any language or by language."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

from fsm_engine.flow_files.authors_help import did_you_mean, listed, shown
from fsm_engine.flow_files.parse_texts import language_code, parse_text
from fsm_engine.flow_files.shapes import as_list, lacks_quotes, scalar
from fsm_engine.flow_files.yaml_source import Source, YamlMap, YamlNode, YamlText
from fsm_engine.model.flow import ANY_LANGUAGE
from fsm_engine.model.slot import Option, SlotType

MOST_WORDS = 200
Words = Mapping[str, tuple[str, ...]]


def option_with(source: Source, value: str, node: YamlNode) -> Option:
    """An option with the other words that stand behind it."""
    return _meant_by(Option(value), _by_language(source, node))


def with_same_as(source: Source, kind: SlotType, node: YamlNode) -> SlotType:
    """The type with the other words that ``same_as`` has for its options."""
    example = "'same_as' maps each option to other words: {checking: [current, everyday]}"
    found = {value: _by_language(source, words) for value, words in _of_options(source, kind, node, "same_as", example)}
    return _each(kind, lambda option: _meant_by(option, found.get(option.value, {})))


def with_shown_as(source: Source, kind: SlotType, node: YamlNode) -> SlotType:
    """The type with what ``shown_as`` calls its options: the first variation is shown, all are understood."""
    example = "'shown_as' maps each option to what it is called: {checking: Checking account}"
    texts = {
        value: parse_text(source, words, f"the name of {shown(value)}")
        for value, words in _of_options(source, kind, node, "shown_as", example)
    }
    found = {
        value: {language: tuple(word.text for word in group) for language, group in text.variations.items()}
        for value, text in texts.items()
        if text is not None
    }
    return _each(kind, lambda option: _called(option, found.get(option.value, {})))


def _of_options(
    source: Source, kind: SlotType, node: YamlNode, key: str, example: str
) -> Iterator[tuple[str, YamlNode]]:
    """What stands behind each option that the type has; what is there for no option is a problem."""
    options = _with_options(kind).options
    if not options:
        source.error(node, "key-without-effect", f"'{key}' works with 'one of' and 'some of', not with '{kind.kind}'")
        return
    if not isinstance(node, YamlMap):
        source.error(node, "wrong-shape", example)
        return
    values = [option.value for option in options]
    for entry in node.entries.values():
        if entry.key.text in values:
            yield entry.key.text, entry.value
            continue
        hint = did_you_mean(entry.key.text, values) or f"; the options are {listed(values)}"
        source.error(entry.key, "unknown-option", f"{shown(entry.key.text)} is not an option of this type{hint}")


def _with_options(kind: SlotType) -> SlotType:
    """The type that has the options: of a list, that of its items."""
    return kind.item if kind.kind == "list of" and kind.item is not None else kind


def _each(kind: SlotType, change: Callable[[Option], Option]) -> SlotType:
    holder = _with_options(kind)
    changed = replace(holder, options=tuple(map(change, holder.options)))
    return replace(kind, item=changed) if holder is not kind else changed


def _by_language(source: Source, node: YamlNode) -> Words:
    """Other words for one option: a single one, a list, or either by language."""
    if not isinstance(node, YamlMap) or lacks_quotes(node):
        return {ANY_LANGUAGE: _words(source, node)}
    found: dict[str, tuple[str, ...]] = {}
    for entry in node.entries.values():
        language = language_code(source, entry.key)
        if language is not None:
            found[language] = _words(source, entry.value)
    return found


def _words(source: Source, node: YamlNode) -> tuple[str, ...]:
    items = [node] if isinstance(node, YamlText) else as_list(source, node, "what means the same", most=MOST_WORDS)
    texts = (scalar(source, item, "a word that means the same") for item in items)
    return tuple(text.text for text in texts if text is not None)


def _meant_by(option: Option, words: Words) -> Option:
    """The option with more words that mean it."""
    anywhere = option.synonyms + tuple(words.get(ANY_LANGUAGE, ()))
    named = {language: group for language, group in words.items() if language != ANY_LANGUAGE}
    return replace(option, synonyms=anywhere, words=_joined(option.words, named))


def _called(option: Option, names: Words) -> Option:
    first = {language: group[0] for language, group in names.items()}
    return replace(option, shown_as=first, words=_joined(option.words, names))


def _joined(one: Words, other: Words) -> Words:
    return {language: one.get(language, ()) + other.get(language, ()) for language in dict.fromkeys((*one, *other))}
