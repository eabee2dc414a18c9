"""A file that begins with ``bot:``: what all flows of a folder share."""

from __future__ import annotations

from typing import Literal, cast

from fsm_engine.flow_files.authors_help import shown
from fsm_engine.flow_files.iso_codes import COUNTRIES, unknown_country
from fsm_engine.flow_files.parse_intents import parse_intents
from fsm_engine.flow_files.parse_reminders import parse_nudge
from fsm_engine.flow_files.parse_texts import language_code, optional_speech, parse_phrases, parse_text
from fsm_engine.flow_files.shapes import (
    DAY_S,
    YEAR_S,
    Fields,
    as_full_list,
    as_list,
    as_map,
    choice,
    name,
    scalar,
)
from fsm_engine.flow_files.yaml_source import Source, YamlMap, YamlNode, YamlText
from fsm_engine.model.flow import ANYTIME_WORDS, Bot, ComingBack, Digression, Keep, Text

BOT_KEYS = (
    *("bot", "languages", "timezone", "region", "opening", "fallback", "expires", "coming_back", "nudge"),
    *("message_limit", "anytime", "digressions", "risk", "keep", "texts", "apology", "intents"),
)
MOST_LANGUAGES = 50
MOST_DIGRESSIONS = 200
MOST_TEXTS = 200
HIGHEST_MESSAGE_LIMIT = 100_000
_OFFERS = ("continue", "restart")
_DEFAULTS = Bot()


def parse_bot(source: Source, mapping: YamlMap) -> Bot | None:
    """None, with a problem, when the bot has no name; what could not be read has the value that it has when absent."""
    fields = Fields(source, mapping, "a bot file", BOT_KEYS)
    node = mapping.entries["bot"].value
    bot = name(source, node, "a bot")
    parsed = Bot(
        name=bot or "",
        at=source.at(node),
        languages=_languages(fields) or _DEFAULTS.languages,
        timezone=_timezone(fields) or _DEFAULTS.timezone,
        region=country(fields, "region"),
        opening=_text(fields, "opening"),
        fallback=_text(fields, "fallback"),
        expires_s=fields.duration_s("expires", YEAR_S) or _DEFAULTS.expires_s,
        coming_back=_coming_back(fields),
        nudge=parse_nudge(fields),
        message_limit=fields.whole_number("message_limit", 1, HIGHEST_MESSAGE_LIMIT) or _DEFAULTS.message_limit,
        anytime=_anytime(fields),
        digressions=_digressions(fields),
        risk=fields.written("risk"),
        keep=_keep(fields),
        texts=_texts(fields),
        apology=_text(fields, "apology"),
        intents=parse_intents(fields),
    )
    return None if bot is None else parsed


def country(fields: Fields, key: str) -> str | None:
    node = fields.get(key)
    text = None if node is None else scalar(fields.source, node, f"'{key}'")
    return None if text is None else country_code(fields.source, text)


def country_code(source: Source, node: YamlText) -> str | None:
    if node.text in COUNTRIES:
        return node.text
    source.error(node, "unknown-country", unknown_country(node.text))
    return None


def _text(fields: Fields, key: str) -> Text | None:
    node = fields.get(key)
    return None if node is None else parse_text(fields.source, node, f"'{key}'")


def _languages(fields: Fields) -> tuple[str, ...]:
    """The bot's languages, the one to fall back on first."""
    node = fields.get("languages")
    found: list[str] = []
    for item in [] if node is None else as_full_list(fields.source, node, "'languages'", most=MOST_LANGUAGES):
        text = scalar(fields.source, item, "a language")
        language = None if text is None else language_code(fields.source, text)
        if language is not None and language in found:
            fields.source.error(item, "bad-language", f"the language {language} is listed twice")
        elif language is not None:
            found.append(language)
    return tuple(found)


def _timezone(fields: Fields) -> str | None:
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    node = fields.get("timezone")
    text = None if node is None else scalar(fields.source, node, "'timezone'")
    if text is None:
        return None
    try:
        ZoneInfo(text.text)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        message = f"{shown(text.text)} is not a time zone such as UTC, Europe/London or America/New_York"
        fields.source.error(text, "unknown-timezone", message)
        return None
    return text.text


def _coming_back(fields: Fields) -> ComingBack | None:
    node = fields.get("coming_back")
    mapping = None if node is None else as_map(fields.source, node, "'coming_back'")
    if mapping is None:
        return None
    inner = Fields(fields.source, mapping, "'coming_back'", ("say", "offer"))
    say_node, offer_node = inner.require("say"), inner.get("offer")
    say = None if say_node is None else parse_text(fields.source, say_node, "'say'")
    offer = _OFFERS if offer_node is None else _choices(fields.source, offer_node, "'offer'", _OFFERS)
    if say is None:
        return None
    return ComingBack(say, cast("tuple[Literal['continue', 'restart'], ...]", offer))


def _choices(source: Source, node: YamlNode, what: str, allowed: tuple[str, ...]) -> tuple[str, ...]:
    """Distinct words out of a known few, in the author's order."""
    words = (choice(source, item, f"each item of {what}", allowed) for item in as_list(source, node, what))
    return tuple(dict.fromkeys(word for word in words if word is not None))


def _anytime(fields: Fields) -> tuple[str, ...]:
    node = fields.get("anytime")
    return ANYTIME_WORDS if node is None else _choices(fields.source, node, "'anytime'", ANYTIME_WORDS)


def _digressions(fields: Fields) -> tuple[Digression, ...]:
    node = fields.get("digressions")
    if node is None:
        return ()
    items = as_list(fields.source, node, "'digressions'", most=MOST_DIGRESSIONS)
    found = (_digression(fields.source, item) for item in items)
    return tuple(digression for digression in found if digression is not None)


def _digression(source: Source, node: YamlNode) -> Digression | None:
    mapping = as_map(source, node, "a digression")
    if mapping is None:
        return None
    fields = Fields(source, mapping, "a digression", ("say", "run", "phrases", "options", "media"))
    phrases = fields.require("phrases")
    if ("say" in fields) == ("run" in fields):
        message = "a digression has either 'say:' (a text) or 'run:' (a flow)"
        source.error(mapping, "keys-together" if "say" in fields else "missing-key", message)
    if phrases is None:
        return None
    return Digression(
        at=source.at(mapping),
        phrases=parse_phrases(source, phrases),
        say=optional_speech(fields, "say"),
        run=fields.written("run"),
    )


def _keep(fields: Fields) -> Keep:
    node = fields.get("keep")
    mapping = None if node is None else as_map(fields.source, node, "'keep'")
    if mapping is None:
        return Keep()
    inner = Fields(
        fields.source, mapping, "'keep'", ("sessions", "messages", "unreviewed_risk", "drop_messages_on_completion")
    )
    sessions_s = inner.duration_s("sessions", LONGEST_KEPT_S)
    messages_s = inner.duration_s("messages", LONGEST_KEPT_S)
    unreviewed_s = inner.duration_s("unreviewed_risk", LONGEST_KEPT_S)
    return Keep(
        sessions_days=Keep().sessions_days if sessions_s is None else sessions_s / DAY_S,
        messages_days=Keep().messages_days if messages_s is None else messages_s / DAY_S,
        unreviewed_days=Keep().unreviewed_days if unreviewed_s is None else unreviewed_s / DAY_S,
        drop_messages_on_completion=inner.truth("drop_messages_on_completion"),
    )


LONGEST_KEPT_S = 100 * YEAR_S


def _texts(fields: Fields) -> dict[str, Text]:
    """The engine's own sayings, by name; whether a name exists is checked where the sayings are."""
    node = fields.get("texts")
    mapping = None if node is None else as_map(fields.source, node, "'texts'")
    if mapping is None:
        return {}
    if len(mapping.entries) > MOST_TEXTS:
        message = f"'texts' has {len(mapping.entries)} entries and may have {MOST_TEXTS}"
        fields.source.error(mapping, "too-many-items", message)
        return {}
    found: dict[str, Text] = {}
    for key, entry in mapping.entries.items():
        text = parse_text(fields.source, entry.value, shown(key))
        if text is not None:
            found[key] = text
    return found
