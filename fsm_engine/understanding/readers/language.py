"""A human language, as its ISO 639 code; names from the Unicode CLDR through Babel."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from fsm_engine.model.slot import Fits, Reading, ReadingContext, SlotType
from fsm_engine.understanding.readers import reasons
from fsm_engine.understanding.readers.named_things import Names, as_name, read_name
from fsm_engine.understanding.readers.word_tables import word_list
from fsm_engine.understanding.readers.wording import language_of

_THREE_LETTERS: Final = frozenset({"haw", "fil", "yue", "ceb", "kab", "ast", "nah", "chr", "hmn", "gsw", "scn", "nap"})
"""Codes of three letters whose names people give; the other hundreds have names that are everyday words."""

_OWN_NAMES: Final = {
    "espanol": "es",
    "castellano": "es",
    "castilian": "es",
    "english": "en",
    "ingles": "en",
    "francais": "fr",
    "deutsch": "de",
    "italiano": "it",
    "portugues": "pt",
    "brazilian": "pt",
    "brazilian portuguese": "pt",
    "nederlands": "nl",
    "flemish": "nl",
    "polski": "pl",
    "русскии": "ru",
    "українська": "uk",
    "العربية": "ar",
    "中文": "zh",
    "mandarin": "zh",
    "mandarin chinese": "zh",
    "日本語": "ja",
    "한국어": "ko",
    "हिनदी": "hi",
    "turkce": "tr",
    "svenska": "sv",
    "dansk": "da",
    "norsk": "no",
    "norwegian": "no",
    "suomi": "fi",
    "catala": "ca",
    "valencian": "ca",
    "valenciano": "ca",
    "euskara": "eu",
    "galego": "gl",
    "farsi": "fa",
    "tagalog": "fil",
    "ελληνικα": "el",
    "עברית": "he",
    "tieng viet": "vi",
    "bahasa indonesia": "id",
    "gaelic": "ga",
}
_CODES_THAT_ARE_WORDS: Final = frozenset(word_list("no it is in me so am as my to id la se si de es io an be he or os"))
_DOUBTFUL: Final = frozenset({"turk", "ga", "twi", "ewe", "lao"})


def read(text: str, slot_type: SlotType, context: ReadingContext) -> Reading:
    """The language named, in English, Spanish, the user's language or itself, or by its code of two letters.

    Small letters are a code only where they are no everyday word ("it" is not Italian).
    """
    bare = text.strip(" .,!?")
    if len(bare) == 2 and (bare.isupper() or bare not in _CODES_THAT_ARE_WORDS):
        names = _codes()
        if bare.lower() in names:
            return Fits(bare.lower(), certain=False)
    return read_name(text, _names(language_of(context.language)), missing=reasons.NOT_A_LANGUAGE)


@lru_cache(maxsize=1)
def _codes() -> frozenset[str]:
    from babel import Locale

    return frozenset(code for code in map(str, Locale.parse("en").languages) if len(code) == 2)


@lru_cache(maxsize=16)
def _names(language: str) -> Names:
    from babel import Locale, UnknownLocaleError

    codes: dict[str, tuple[str, ...]] = {}
    for tag in dict.fromkeys((language, "en", "es")):
        try:
            languages = Locale.parse(tag).languages
        except (UnknownLocaleError, ValueError):
            continue
        for code, name in languages.items():
            if len(code) == 2 or code in _THREE_LETTERS:
                codes.setdefault(as_name(name), (code,))
    codes |= {as_name(name): (code,) for name, code in _OWN_NAMES.items()}
    return Names(codes, _DOUBTFUL)
