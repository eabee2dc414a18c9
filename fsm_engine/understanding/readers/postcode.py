"""A postcode of one country, in the spelling of its post office ("SW1A 1AA", "12345-6789")."""

from __future__ import annotations

import re
from typing import Final

from fsm_engine.model.slot import DoesNotFit, Fits, Json, Reading, ReadingContext, SeveralFit, SlotType
from fsm_engine.understanding.readers import doubt, reasons
from fsm_engine.understanding.readers.wording import plain_spelling

_FIVE_DIGITS: Final = r"([0-9]{5})"
_FOUR_DIGITS: Final = r"([1-9][0-9]{3})"
_SIX_DIGITS: Final = r"([1-9][0-9]{2}) ?([0-9]{3})"
_SHAPES: Final = (
    {
        "US": (r"([0-9]{5})(?:[- ]([0-9]{4}))?", "-"),
        "PR": (r"(00[679][0-9]{2})(?:[- ]([0-9]{4}))?", "-"),
        "GB": (
            r"((?:GIR|[A-PR-UWYZ](?:[0-9]{1,2}|[A-HK-Y][0-9]|[A-HK-Y][0-9][0-9ABEHMNPRV-Y]|[0-9][A-HJKPS-UW])))"
            r" ?([0-9][ABD-HJLNP-UW-Z]{2})",
            " ",
        ),
        "CA": (r"([ABCEGHJ-NPRSTVXY][0-9][ABCEGHJ-NPRSTV-Z])[ -]?([0-9][ABCEGHJ-NPRSTV-Z][0-9])", " "),
        "IE": (r"([AC-FHKNPRTV-Y](?:[0-9]{2}|6W)) ?([0-9AC-FHKNPRTV-Y]{4})", " "),
        "NL": (r"([1-9][0-9]{3}) ?((?!SA|SD|SS)[A-Z]{2})", " "),
        "ES": (r"((?:0[1-9]|[1-4][0-9]|5[0-2])[0-9]{3})", ""),
        "PT": (r"([1-9][0-9]{3})[- ]?([0-9]{3})", "-"),
        "BR": (r"([0-9]{5})[- ]?([0-9]{3})", "-"),
        "PL": (r"([0-9]{2})[- ]?([0-9]{3})", "-"),
        "JP": (r"([0-9]{3})[- ]?([0-9]{4})", "-"),
        "SE": (r"([1-9][0-9]{2}) ?([0-9]{2})", " "),
        "IN": (_SIX_DIGITS, ""),
        "CN": (r"([0-9]{6})", ""),
        "CO": (r"([0-9]{6})", ""),
        "EC": (r"([0-9]{6})", ""),
        "AR": (r"([A-HJ-NP-Z]?[0-9]{4}(?:[A-Z]{3})?)", ""),
        "DE": (r"(?:D-)?([0-9]{5})", ""),
        "CL": (r"([0-9]{3})[- ]?([0-9]{4})", ""),
    }
    | dict.fromkeys(("FR", "IT", "MX", "FI", "TR", "PE", "UY", "CR", "GT", "DO", "UA", "GR", "KR"), (_FIVE_DIGITS, ""))
    | dict.fromkeys(("AT", "BE", "CH", "DK", "NO", "AU", "NZ", "HU", "LU", "PY", "ZA"), (_FOUR_DIGITS, ""))
)
_ELSEWHERE: Final = (r"((?=[A-Z0-9 -]*[0-9])[A-Z0-9]{2,5}(?:[ -][A-Z0-9]{2,5})?)", "")
_SEPARATED: Final = r"(?<![\w$€£-]){}(?![\w-])"
_PATTERNS: Final = {region: re.compile(_SEPARATED.format(f"(?:{shape})")) for region, (shape, _) in _SHAPES.items()}


def read(text: str, slot_type: SlotType, context: ReadingContext) -> Reading:
    """The postcode of the type's country ("postcode GB"), else of the user's region.

    Of countries without a table here, and where no country is known, any two to ten letters and digits with at least
    one digit, not certain. Whether the code is in use is not asked.
    """
    region = (slot_type.region or context.region or "").upper()
    written = plain_spelling(text).upper()
    pattern = _PATTERNS.get(region)
    if pattern is None:
        return _elsewhere(text, written)
    found = [match for match in pattern.finditer(written) if not _is_turned_down(text, match)]
    distinct: list[Json] = list(dict.fromkeys(_joined(match, _SHAPES[region][1]) for match in found))
    if len(distinct) > 1:
        return SeveralFit(tuple(distinct))
    if distinct:
        return Fits(distinct[0], certain=len(written) <= len(str(distinct[0])) + 30)
    return DoesNotFit(reasons.REFUSED if pattern.search(written) else _why_none(written))


def _joined(match: re.Match[str], between: str) -> str:
    return between.join(group for group in match.groups() if group)


def _is_turned_down(text: str, match: re.Match[str]) -> bool:
    folded = plain_spelling(text)
    return doubt.is_turned_down(folded[: match.start()], folded[match.end() :])


def _elsewhere(text: str, written: str) -> Reading:
    match = re.fullmatch(_ELSEWHERE[0], written.strip(" .,!"))
    return Fits(match[1], certain=False) if match is not None else DoesNotFit(_why_none(written))


def _why_none(written: str) -> str:
    return reasons.UNSURE if doubt.is_unsure(written.lower()) else reasons.NOT_A_POSTCODE
