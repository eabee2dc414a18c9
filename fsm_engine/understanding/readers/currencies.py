"""Which currency people mean by a sign, a code or a word; data of the Unicode CLDR through Babel."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Final

from fsm_engine.understanding.readers.word_tables import word_list

CENTS: Final = frozenset(word_list("cent cents c ¢ p pence penny centavo centavos centimo centimos"))

_SIGNS: Final = {
    "€": "EUR",
    "£": "GBP",
    "¥": "JPY",
    "₹": "INR",
    "us$": "USD",
    "usd$": "USD",
    "ca$": "CAD",
    "c$": "CAD",
} | {
    "a$": "AUD",
    "au$": "AUD",
    "mx$": "MXN",
    "r$": "BRL",
    "s/": "PEN",
    "s/.": "PEN",
    "nz$": "NZD",
    "hk$": "HKD",
    "s$": "SGD",
}
_WORDS: Final = {
    "euro": "EUR",
    "euros": "EUR",
    "eur": "EUR",
    "pavos": None,
    "quid": "GBP",
    "sterling": "GBP",
    "gbp": "GBP",
    "yen": "JPY",
    "yenes": "JPY",
    "rupee": "INR",
    "rupees": "INR",
    "rupias": "INR",
    "franc": "CHF",
    "francs": "CHF",
    "francos": "CHF",
    "sol": "PEN",
    "soles": "PEN",
    "reais": "BRL",
    "reales": "BRL",
    "yuan": "CNY",
    "zloty": "PLN",
    "zlotys": "PLN",
    "bolivianos": "BOB",
    "guaranies": "PYG",
    "quetzales": "GTQ",
    "lempiras": "HNL",
    "cordobas": "NIO",
    "colones": "CRC",
    "bolivares": "VES",
    "dirhams": "AED",
    "naira": "NGN",
    "rand": "ZAR",
}
_DOLLARS: Final = frozenset(word_list("$ dollar dollars dolar dolares buck bucks pavos"))
_POUNDS: Final = frozenset(word_list("pound pounds libra libras"))
_PESOS: Final = frozenset(["peso", "pesos"])
_CROWNS: Final = frozenset(word_list("krona kronor krone kroner kr corona coronas"))
_DOLLAR_CURRENCIES: Final = frozenset(word_list("USD CAD AUD NZD HKD SGD JMD BSD BBD BZD TTD FJD"))
_PESO_CURRENCIES: Final = frozenset(word_list("MXN ARS COP CLP UYU DOP CUP PHP"))
_WITH_DOLLAR_SIGN: Final = _DOLLAR_CURRENCIES | _PESO_CURRENCIES
_POUND_CURRENCIES: Final = frozenset(word_list("GBP EGP LBP SYP"))
_CROWN_CURRENCIES: Final = frozenset(word_list("SEK NOK DKK ISK CZK"))


_NATIONAL: Final = {
    ("canadi", "dollar"): "CAD",
    ("austra", "dollar"): "AUD",
    ("americ", "dollar"): "USD",
    ("us", "dollar"): "USD",
    ("estado", "dollar"): "USD",
    ("mexica", "peso"): "MXN",
    ("argent", "peso"): "ARS",
    ("colomb", "peso"): "COP",
    ("chilen", "peso"): "CLP",
    ("chilea", "peso"): "CLP",
    ("urugua", "peso"): "UYU",
    ("philip", "peso"): "PHP",
    ("britis", "pound"): "GBP",
    ("esterl", "pound"): "GBP",
    ("egypti", "pound"): "EGP",
}
"""By the first six letters of the nation ("canadian", "canadienses") and what it calls its money."""


def _kind_of(word: str) -> str:
    for kind, words in (("dollar", _DOLLARS), ("peso", _PESOS), ("pound", _POUNDS)):
        if word in words:
            return kind
    return ""


def named_currency(
    glued: Iterable[str], before: Sequence[str], after: Sequence[str], region: str | None, wanted: str | None
) -> str | None:
    """The ISO code that the words around a number name; None when they name none.

    A word that several countries share ("dollars", "pesos") is the currency that the type wants if it is one of
    them, else the region's, else the best known one (USD, GBP, MXN).
    """
    if len(after) > 1:
        national = _NATIONAL.get((after[0][:6], _kind_of(after[1]))) or _NATIONAL.get(
            (after[1][:6], _kind_of(after[0]))
        )
        if national is not None:
            return national
    for word in (*glued, *after, *before):
        if not word:
            continue
        currency = _currency_of(word, region, wanted)
        if currency is not None:
            return currency
    return None


def _currency_of(word: str, region: str | None, wanted: str | None) -> str | None:
    known = _SIGNS.get(word) or _WORDS.get(word)
    if known is not None:
        return known
    if word == "$":
        return _shared(_WITH_DOLLAR_SIGN, "USD", region, wanted)
    for words, currencies, best_known in (
        (_DOLLARS, _DOLLAR_CURRENCIES, "USD"),
        (_POUNDS, _POUND_CURRENCIES, "GBP"),
        (_PESOS, _PESO_CURRENCIES, "MXN"),
        (_CROWNS, _CROWN_CURRENCIES, "SEK"),
    ):
        if word in words:
            return _shared(currencies, best_known, region, wanted)
    code = word.upper()
    return code if len(word) == 3 and word.isascii() and word.isalpha() and code in _codes() else None


def _shared(currencies: frozenset[str], best_known: str, region: str | None, wanted: str | None) -> str:
    if wanted in currencies and wanted is not None:
        return wanted
    own = currency_in_region(region)
    return own if own is not None and own in currencies else best_known


@lru_cache(maxsize=1)
def _codes() -> frozenset[str]:
    """ISO 4217 codes in use that are no everyday words ("ALL" of Albania, "TOP" of Tonga, "TRY" of Turkey)."""
    from babel import Locale

    return (
        frozenset(Locale.parse("en").currencies)
        - {"ALL", "TOP", "TRY", "MOP", "GEL", "PEN", "MAD", "BAM", "CUP"}
        - {
            "LEI",
            "SOS",
            "LAK",
            "COU",
            "PAB",
            "WST",
            "ARM",
            "PES",
            "SIT",
            "ESP",
            "MAN",
        }
    )


@lru_cache(maxsize=300)
def currency_in_region(region: str | None) -> str | None:
    """The currency in use in a region today; None for no or an unknown region."""
    if region is None:
        return None
    from babel.core import get_global

    entries = get_global("territory_currencies").get(region.upper(), ())
    in_use = [code for code, _start, end, is_tender in entries if end is None and is_tender]
    return str(in_use[0]) if in_use else None


@lru_cache(maxsize=300)
def decimals_of(currency: str) -> int:
    """How many decimals amounts of the currency have: 2 for USD, 0 for JPY."""
    from babel.numbers import get_currency_precision

    return int(get_currency_precision(currency))
