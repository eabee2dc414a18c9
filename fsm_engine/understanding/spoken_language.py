"""In which of a bot's languages somebody begins to speak, told by the words that only one of them has."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from fsm_engine.understanding.text import fold

LONGEST: Final = 300
"""Characters that are looked at."""

_ENGLISH = """
i im id you your my the is are what how can could would hello hi hey want need like help with for and not yes good
morning afternoon evening thanks thank open make start talk about to please of an this that where when do does have has
will which who why it its lets let from your there sorry someone something
"""
_SPANISH = """
yo tu mi el la los las un una es son soy estoy que como puedo puedes podria hola buenas buenos dias tardes noches quiero
quisiera necesito gustaria ayuda ayudame con para y por favor gracias si abrir hacer hablar empezar de del mis esta este
eso donde cuando tengo tienes hay cual quien porque lo se al perdon alguien algo vamos
"""
COMMON: Final[Mapping[str, frozenset[str]]] = {
    "en": frozenset(_ENGLISH.split()),
    "es": frozenset(_SPANISH.split()),
}
"""Everyday words, folded; other languages are told by the words of the bot's own phrases alone."""


def language_teller(phrases: Mapping[str, Sequence[str]]) -> Callable[[str], str | None]:
    """Gives a function that tells the language of a message, or None where no language has more of its words.

    ``phrases`` are what users may say, by the bot's languages.

    >>> tell = language_teller({"en": ["open an account"], "es": ["abrir una cuenta"]})
    >>> tell("hola, una cuenta por favor"), tell("Open one for me"), tell("Ana")
    ('es', 'en', None)
    """
    words = {
        language: {word for text in texts for word in fold(text).split()}
        | COMMON.get(language.partition("-")[0], frozenset())
        for language, texts in phrases.items()
    }
    counts = Counter(word for group in words.values() for word in group)
    only = {word: lang for lang, group in words.items() for word in group if counts[word] == 1 and len(word) > 1}

    def tell(text: str) -> str | None:
        told = [only[word] for word in fold(text[:LONGEST]).split() if word in only]
        found = {language: told.count(language) for language in set(told)}
        most = max(found.values(), default=0)
        best = [language for language, count in found.items() if count == most]
        return best[0] if len(best) == 1 else None

    return tell
