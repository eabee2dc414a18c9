"""A country, as its ISO 3166 code of two letters; names from the Unicode CLDR through Babel."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from fsm_engine.model.slot import Fits, Reading, ReadingContext, SlotType
from fsm_engine.understanding.readers import reasons
from fsm_engine.understanding.readers.named_things import Names, as_name, read_name
from fsm_engine.understanding.readers.word_tables import word_list
from fsm_engine.understanding.readers.wording import language_of

_ALSO_CALLED: Final = {
    "usa": "US",
    "u s a": "US",
    "u s": "US",
    "the states": "US",
    "united states of america": "US",
    "america": "US",
    "eeuu": "US",
    "ee uu": "US",
    "estados unidos de america": "US",
    "uk": "GB",
    "u k": "GB",
    "great britain": "GB",
    "britain": "GB",
    "england": "GB",
    "scotland": "GB",
    "wales": "GB",
    "northern ireland": "GB",
    "gran bretana": "GB",
    "inglaterra": "GB",
    "escocia": "GB",
    "holland": "NL",
    "the netherlands": "NL",
    "holanda": "NL",
    "turkey": "TR",
    "turkiye": "TR",
    "czech republic": "CZ",
    "republica checa": "CZ",
    "ivory coast": "CI",
    "burma": "MM",
    "birmania": "MM",
    "macedonia": "MK",
    "swaziland": "SZ",
    "cape verde": "CV",
    "the philippines": "PH",
    "uae": "AE",
    "emirates": "AE",
    "vatican": "VA",
    "east timor": "TL",
    "republic of ireland": "IE",
    "korea del sur": "KR",
    "republica dominicana": "DO",
    "ksa": "SA",
    "new mexico": "US",
    "new england": "US",
    "new jersey": "US",
    "new south wales": "AU",
}
_SHARED: Final[dict[str, tuple[str, ...]]] = {
    "korea": ("KR", "KP"),
    "corea": ("KR", "KP"),
    "congo": ("CD", "CG"),
    "the congo": ("CD", "CG"),
}
_DOUBTFUL: Final = frozenset({"america", "georgia", "jordan", "chad", "us", "turkey", "jersey", "guinea", "mali"})
_NO_COUNTRIES: Final = frozenset({"EU", "EZ", "UN", "QO", "XA", "XB", "ZZ", "AC", "CP", "DG", "EA", "IC", "TA", "CQ"})
_CODES_THAT_ARE_WORDS: Final = frozenset(
    word_list("no it is in me so at be by my am as do to id la de es si sa se li al ma mi pa")
)


def read(text: str, slot_type: SlotType, context: ReadingContext) -> Reading:
    """The country named, in English or the user's language, or by its code of two or three letters.

    Small letters are a code only where they are no everyday word ("no" is not Norway). "Georgia" and "America" are
    read, but not with certainty; "Korea" has two candidates.
    """
    language = language_of(context.language)
    bare = text.strip(" .,!?")
    if len(bare) == 2 and (bare.isupper() or bare.lower() not in _CODES_THAT_ARE_WORDS):
        code = _codes().get(bare.upper())
        if code is not None:
            return Fits(code, certain=bare.isupper())
    if len(bare) == 3 and bare.upper() in _codes():
        return Fits(_codes()[bare.upper()], certain=bare.isupper())
    return read_name(text, _names(language), missing=reasons.NOT_A_COUNTRY)


@lru_cache(maxsize=16)
def _names(language: str) -> Names:
    from babel import Locale, UnknownLocaleError

    codes: dict[str, tuple[str, ...]] = {}
    for tag in dict.fromkeys((language, "en", "es")):
        try:
            territories = Locale.parse(tag).territories
        except (UnknownLocaleError, ValueError):
            continue
        for code, name in territories.items():
            if len(code) == 2 and code not in _NO_COUNTRIES:
                codes.setdefault(as_name(name), (code,))
                codes.setdefault(as_name(name.replace("&", "and")), (code,))
    codes |= {name: (code,) for name, code in _ALSO_CALLED.items()}
    codes |= _SHARED
    return Names(codes, _DOUBTFUL)


@lru_cache(maxsize=1)
def _codes() -> dict[str, str]:
    """Codes of two letters, and those of three with the two that they stand for."""
    from babel import Locale
    from babel.core import get_global

    two = {
        code: code for code in map(str, Locale.parse("en").territories) if len(code) == 2 and code not in _NO_COUNTRIES
    }
    aliases = get_global("territory_aliases")
    three = {code: new[0] for code, new in aliases.items() if len(code) == 3 and code.isalpha() and len(new) == 1}
    return two | {code: new for code, new in three.items() if new in two} | {"UK": "GB"}
