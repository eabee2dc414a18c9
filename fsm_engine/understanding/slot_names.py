"""What usual slots are called, by language: for speaking of an answer where the author gives it no name."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from fsm_engine.understanding.correction_patterns import COMMON_NAMES
from fsm_engine.understanding.text import fold

_USUAL: Final[Mapping[str, Mapping[str, str]]] = MappingProxyType(
    {
        "es": {
            "name": "nombre",
            "full name": "nombre completo",
            "email": "correo electrónico",
            "phone": "teléfono",
            "address": "dirección",
            "age": "edad",
            "birthday": "fecha de nacimiento",
            "city": "ciudad",
            "country": "país",
            "postcode": "código postal",
            "language": "idioma",
            "account type": "tipo de cuenta",
            "deposit": "depósito",
            "opening deposit": "depósito inicial",
            "amount": "cantidad",
            "goal": "objetivo",
            "date": "fecha",
            "time": "hora",
        },
    }
)
"""Names by language and by an English name of the slot."""


def usual_name(slot: str, language: str) -> str | None:
    """The word for a slot of a usual name, where the language is another than the slot's own words are written in.

    >>> usual_name("account_type", "es"), usual_name("e_mail", "es"), usual_name("account_type", "en")
    ('tipo de cuenta', 'correo electrónico', None)
    """
    words = _USUAL.get(language[:2].lower())
    if words is None:
        return None
    folded = fold(slot)
    known = words.get(folded)
    return known or next((words[name] for name in same_names(slot) if name in words), None)


def same_names(slot: str) -> tuple[str, ...]:
    """Folded names that mean the same slot, in all languages; none for a slot of an unusual name."""
    folded = fold(slot)
    return next((tuple(sorted(names)) for names in COMMON_NAMES if folded in names), ())
