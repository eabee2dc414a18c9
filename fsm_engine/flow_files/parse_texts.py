"""What is said: a text, a list of variations, or a map by language; with buttons and media where it may carry them."""

from __future__ import annotations

import re

from fsm_engine.flow_files.authors_help import shown
from fsm_engine.flow_files.iso_codes import LANGUAGES
from fsm_engine.flow_files.shapes import Fields, as_full_list, is_blank, lacks_quotes, many, said, scalar, written
from fsm_engine.flow_files.yaml_source import Source, YamlList, YamlMap, YamlNode, YamlText
from fsm_engine.model.flow import ANY_LANGUAGE, Speech, Text
from fsm_engine.model.problem import Written

MOST_VARIATIONS = 50
MOST_OPTIONS = 50
MOST_REASKS = 20
_SPEECH_KEYS = ("text", "options", "media")
_LANGUAGE_TAG = re.compile(r"([a-z]{2,3})(?:-[A-Za-z0-9]{2,8}){0,2}")


def language_code(source: Source, node: YamlText) -> str | None:
    """``en``, ``pt-BR``: two letters of ISO 639-1 (three where it has none), with a region or script to refine it."""
    match = _LANGUAGE_TAG.fullmatch(node.text)
    if match is not None and (len(match[1]) == 3 or match[1] in LANGUAGES):
        return node.text
    source.error(node, "bad-language", f"{shown(node.text)} is not a language code such as en, es or pt-BR")
    return None


def parse_text(source: Source, node: YamlNode, what: str) -> Text | None:
    """None, with a problem, when nothing could be said."""
    if isinstance(node, YamlText):
        one = said(source, node, what)
        return None if one is None else Text(one.at, {ANY_LANGUAGE: (one,)})
    if isinstance(node, YamlMap) and not lacks_quotes(node):
        return _by_language(source, node, what)
    variations = _variations(source, node, what)
    return Text(source.at(node), {ANY_LANGUAGE: variations}) if variations else None


def _by_language(source: Source, node: YamlMap, what: str) -> Text | None:
    found: dict[str, tuple[Written, ...]] = {}
    for entry in node.entries.values():
        language = language_code(source, entry.key)
        variations = _variations(source, entry.value, what) if language is not None else ()
        if language is not None and variations:
            found[language] = variations
    if not node.entries:
        source.error(node, "missing-value", f"{what} has no value")
    return Text(source.at(node), found) if found else None


def _variations(source: Source, node: YamlNode, what: str) -> tuple[Written, ...]:
    if isinstance(node, YamlList):
        items = as_full_list(source, node, what, most=MOST_VARIATIONS)
        texts = (said(source, item, what) for item in items)
        return tuple(text for text in texts if text is not None)
    one = said(source, node, what)
    return () if one is None else (one,)


def parse_speech(source: Source, node: YamlNode, what: str, beside: Fields | None = None) -> Speech | None:
    """A text that may carry ``options`` and ``media``: as words beside it, or in a mapping with ``text``."""
    inner: Fields | None = None
    text_node: YamlNode | None = node
    if isinstance(node, YamlMap) and not node.entries.keys().isdisjoint(_SPEECH_KEYS):
        inner = Fields(source, node, what, _SPEECH_KEYS)
        text_node = inner.require("text")
    options = _buttons(source, _carried(source, inner, beside, "options"))
    media = _addresses(source, _carried(source, inner, beside, "media"))
    text = None if text_node is None else parse_text(source, text_node, what)
    return None if text is None else Speech(text, options, media)


def optional_speech(fields: Fields, key: str, *, may_be_blank: bool = False) -> Speech | None:
    """What ``key`` says, if anything; reports buttons and media that would go along with nothing."""
    node = fields.get(key)
    if node is not None and not (may_be_blank and is_blank(node)):
        return parse_speech(fields.source, node, f"'{key}'", fields)
    for idle in ("options", "media"):
        idle_node = fields.get(idle)
        if idle_node is not None:
            message = f"'{idle}' goes along with a text, and '{key}:' has none"
            fields.source.error(idle_node, "key-without-effect", message)
    return None


def _carried(source: Source, inner: Fields | None, beside: Fields | None, key: str) -> YamlNode | None:
    within = None if inner is None else inner.get(key)
    outside = None if beside is None else beside.get(key)
    if within is not None and outside is not None:
        source.error(within, "keys-together", f"'{key}' is written twice, in the text and beside it; keep one")
    return within or outside


def _addresses(source: Source, node: YamlNode | None) -> tuple[Written, ...]:
    if node is None:
        return ()
    if isinstance(node, YamlText):
        address = written(source, node, "'media'")
        return () if address is None else (address,)
    items = as_full_list(source, node, "'media'", most=MOST_OPTIONS)
    texts = (said(source, item, "'media'") for item in items)
    return tuple(text for text in texts if text is not None)


def _buttons(source: Source, node: YamlNode | None) -> tuple[Text, ...]:
    """A list whose items may be maps by language, or lists by language."""
    if node is None:
        return ()
    if isinstance(node, YamlMap) and not lacks_quotes(node):
        return _buttons_by_language(source, node)
    items = as_full_list(source, node, "'options'", most=MOST_OPTIONS)
    texts = (_button(source, item) for item in items)
    return tuple(text for text in texts if text is not None)


def _button(source: Source, node: YamlNode) -> Text | None:
    """One text, or one for each language: a button does not change its words from time to time."""
    if not isinstance(node, YamlMap) or lacks_quotes(node):
        one = said(source, node, "'options'")
        return None if one is None else Text(one.at, {ANY_LANGUAGE: (one,)})
    text = _by_language(source, node, "'options'")
    several = next((group for group in text.variations.values() if len(group) > 1), None) if text else None
    if several is not None:
        source.error(node, "wrong-shape", "each of 'options' is one text, or one for each language")
    return text


def _buttons_by_language(source: Source, node: YamlMap) -> tuple[Text, ...]:
    whole = _by_language(source, node, "'options'")
    if whole is None:
        return ()
    counts = {language: len(texts) for language, texts in whole.variations.items()}
    if len(set(counts.values())) > 1:
        told = " and ".join(f"{count} in {language}" for language, count in counts.items())
        source.error(node, "bad-options", f"'options' are the same ones in each language; there are {told}")
    return tuple(
        Text(whole.at, {language: (texts[index],) for language, texts in whole.variations.items()})
        for index in range(min(counts.values()))
    )


def parse_reasks(source: Source, node: YamlNode) -> tuple[Text, ...]:
    """The 1st, 2nd … re-ask. A map by language holds the re-asks of each in order; short lists repeat their last."""
    if isinstance(node, YamlMap) and not lacks_quotes(node):
        whole = _by_language(source, node, "'again'")
        return () if whole is None else _turned(whole)
    if isinstance(node, YamlText):
        one = parse_text(source, node, "'again'")
        return () if one is None else (one,)
    items = as_full_list(source, node, "'again'", most=MOST_REASKS)
    texts = (parse_text(source, item, "'again'") for item in items)
    return tuple(text for text in texts if text is not None)


def _turned(whole: Text) -> tuple[Text, ...]:
    rounds = max(len(texts) for texts in whole.variations.values())
    return tuple(
        Text(whole.at, {lang: (texts[min(index, len(texts) - 1)],) for lang, texts in whole.variations.items()})
        for index in range(rounds)
    )


def parse_phrases(source: Source, node: YamlNode) -> dict[str, tuple[Written, ...]]:
    """What users may say for something: a list, or lists by language."""
    if isinstance(node, YamlMap) and not lacks_quotes(node):
        found: dict[str, tuple[Written, ...]] = {}
        for entry in node.entries.values():
            language = language_code(source, entry.key)
            if language is not None:
                found[language] = _phrase_list(source, entry.value)
        return found
    return {ANY_LANGUAGE: _phrase_list(source, node)}


def _phrase_list(source: Source, node: YamlNode) -> tuple[Written, ...]:
    if isinstance(node, YamlText):
        if scalar(source, node, "'phrases'") is not None:
            source.error(node, "wrong-shape", "'phrases' is a list: [one phrase, another phrase]")
        return ()
    if isinstance(node, YamlList) and not node.items:
        source.error(node, "empty-list", "'phrases' is empty")
    return many(source, node, "'phrases'", said)
