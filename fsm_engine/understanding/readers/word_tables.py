"""How the tables of words in this room are written: as running text, so that a line can be read aloud and changed."""

from __future__ import annotations


def word_list(text: str) -> tuple[str, ...]:
    """The words of a text."""
    return tuple(text.split())


def phrase_list(text: str) -> tuple[str, ...]:
    """The phrases of a text; "|" or the end of a line parts them."""
    parts = (phrase.strip() for phrase in text.replace("\n", "|").split("|"))
    return tuple(phrase for phrase in parts if phrase)
