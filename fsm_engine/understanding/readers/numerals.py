"""Numbers written in digits, by rules of their own.

``int()`` and ``float()`` take "1_000", "nan", "1e999" and "٣" from raw text and refuse "1.200,50"; nothing typed
reaches them here. What is read: an optional sign, digits, and separators that make sense. What is not: exponents,
hexadecimals, underscores, superscripts, letters glued to digits other than the units below.
"""

from __future__ import annotations

import re
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple

from fsm_engine.understanding.readers.word_tables import word_list

_SIGNED = re.compile(r"([+-]?)([0-9][0-9.,']*|[.,][0-9]+)(.*)")
_FRACTION = re.compile(r"([0-9]{1,6})/([1-9][0-9]{0,5})")
_RANGE = re.compile(r"([0-9]{1,9})-([0-9]{1,9})%?")
_UNITS = frozenset(
    word_list(
        """
    kg g km cm mm m lb lbs oz l ml ft in mi h hr hrs min mins s sec d w y yr yrs yo x usd eur gbp cad mxn c am
    pm
    """
    )
    + word_list("€ $ £ ¥ ₹ % ° °c °f years days hours minutes €/h $/h €/mes")
)
_SCALES = {
    "k": Decimal(1000),
    "m": Decimal(10**6),
    "mm": Decimal(10**6),
    "mn": Decimal(10**6),
    "mil": Decimal(1000),
    "bn": Decimal(10**9),
}
_VULGAR = {"½": Decimal("0.5"), "¼": Decimal("0.25"), "¾": Decimal("0.75")}


class Numeral(NamedTuple):
    """A number in digits. ``is_sure`` is False where the separators could mean something else.

    ``unit`` is what is glued to it: a currency sign, "%", "kg", or "".
    """

    value: Decimal
    is_sure: bool = True
    unit: str = ""


@lru_cache(maxsize=256)
def decimal_mark(language: str, region: str | None) -> str:
    """The decimal mark of a language in a region by the Unicode CLDR; "." where it has no entry."""
    from babel import Locale, UnknownLocaleError

    for tag in (f"{language}_{region}" if region else language, language, "en"):
        try:
            mark = Locale.parse(tag).number_symbols["latn"]["decimal"]
        except (UnknownLocaleError, ValueError, KeyError, TypeError):
            continue
        return "," if mark == "," else "."
    return "."


def read_numeral(chunk: str, mark: str, *, with_scales: bool = False) -> tuple[Numeral, ...]:
    """The numbers in a word that holds digits: one, both ends of a range ("5-10"), or none.

    ``chunk`` is folded and without brackets around it. ``with_scales``: "5m" is five million, not five metres.
    """
    span = _RANGE.fullmatch(chunk) if "-" in chunk else None
    if span is not None and Decimal(span[1]) < Decimal(span[2]):
        return (Numeral(Decimal(span[1]), is_sure=False), Numeral(Decimal(span[2]), is_sure=False))
    fraction = _FRACTION.fullmatch(chunk) if "/" in chunk else None
    if fraction is not None:
        return (Numeral(Decimal(fraction[1]) / Decimal(fraction[2]), is_sure=False, unit="/" + fraction[2]),)
    if chunk in _VULGAR:
        return (Numeral(_VULGAR[chunk]),)
    whole = _SIGNED.fullmatch(chunk)
    if whole is None:
        return ()
    sign, body, tail = whole.groups()
    plain = _plain(body.rstrip(".,'"), mark)
    if plain is None:
        return ()
    signed = plain._replace(value=-plain.value) if sign == "-" else plain
    scaled = _with_tail(signed, tail.rstrip("."), with_scales)
    return () if scaled is None else (scaled,)


def _with_tail(numeral: Numeral, tail: str, with_scales: bool) -> Numeral | None:
    if not tail:
        return numeral
    if tail in _VULGAR:
        return numeral._replace(value=numeral.value + _VULGAR[tail])
    unit = next((unit for unit in ("€", "$", "£", "¥", "₹", "") if tail.endswith(unit)), "")
    scale = tail.removesuffix(unit)
    if scale == "k" or (scale in _SCALES and (with_scales or scale != "m")):
        return numeral._replace(value=numeral.value * _SCALES[scale], unit=unit)
    return numeral._replace(unit=tail) if tail in _UNITS else None


def _plain(body: str, mark: str) -> Numeral | None:
    """Digits with separators; None where they group in no known way."""
    if body.isdigit():
        return Numeral(Decimal(body))
    separators = [character for character in body if not character.isdigit()]
    if len(set(separators)) == 1 and len(separators) == 1:
        return _one_separator(body, separators[0], mark)
    last = separators[-1]
    if separators.count(last) > 1:
        return Numeral(_joined(body)) if len(set(separators)) == 1 and _is_grouped(body.split(last)) else None
    head, _, tail = body.rpartition(last)
    if len(set(separators)) != 2 or last == "'" or not tail:
        return None
    return Numeral(Decimal(f"{_joined(head)}.{tail}")) if _is_grouped(head.split(separators[0])) else None


def _one_separator(body: str, separator: str, mark: str) -> Numeral | None:
    head, _, tail = body.partition(separator)
    could_group = len(tail) == 3 and 1 <= len(head) <= 3 and not head.startswith("0")
    if separator == "'":
        return Numeral(_joined(body)) if could_group else None
    if could_group and separator != mark:
        return Numeral(_joined(body))
    return Numeral(Decimal(f"{head or '0'}.{tail}"), is_sure=separator == mark and not could_group)


def _is_grouped(groups: list[str]) -> bool:
    """Groups of three ("1,200,000"), or Indian ones of two before the last three ("12,00,000")."""
    first, middle, last = groups[0], groups[1:-1], groups[-1]
    if len(groups) == 1 or not 1 <= len(first) <= 3 or len(last) != 3:
        return False
    return all(len(group) == 3 for group in middle) or (
        len(first) <= 2 and bool(middle) and all(len(group) == 2 for group in middle)
    )


def _joined(body: str) -> Decimal:
    return Decimal("".join(character for character in body if character.isdigit()))
