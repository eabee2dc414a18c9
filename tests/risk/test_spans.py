"""Where in the message a finding says that its words stand, whatever they were disguised as."""

from collections.abc import Callable
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fsm_engine.model.turn import RiskFinding
from fsm_engine.understanding.risk_alignment import letters_for
from fsm_engine.understanding.risk_phrases import PHRASE_AT_MOST, build_detector
from fsm_engine.understanding.text import canonical_text

DETECTOR: Final = build_detector()

PHRASES: Final = ("kill myself", "want to die", "suicide", "end my life", "cutting myself", "quiero morir", "self harm")
BEFORE: Final = ("", "lemons and chairs, ", "Größe 42 — ", "🍋 ", "purple carpets. ", "\N{RIGHT-TO-LEFT OVERRIDE}")
AFTER: Final = ("", " under yellow lamps", ", ja", " 🍋🍋", ". carpets", "\N{ZERO WIDTH SPACE}")
INVISIBLE: Final = "\u200b\u200c\u200d\u2060\u00ad\ufeff\u202e\u2066"
JOINERS: Final = INVISIBLE + " .-_*'~\u0335\u0301!"

LOOK_ALIKES: Final = str.maketrans("aceiopsxy", "асеіорѕху")
BOLD: Final = {ord("a") + index: chr(0x1D5EE + index) for index in range(26)}
WIDE: Final = {ord("a") + index: chr(0xFF41 + index) for index in range(26)}
LEET: Final = str.maketrans("aeiost", "@31057")


def between_letters(joiner: str, gap: str) -> Callable[[str], str]:
    return lambda phrase: gap.join(joiner.join(word) for word in phrase.split())


def stretched(phrase: str) -> str:
    return "".join(letter * 5 if letter in "aeiou" else letter for letter in phrase)


def masked(phrase: str) -> str:
    """The words with the second letter of those of four and more masked."""
    return " ".join(word[0] + "*" + word[2:] if len(word) > 3 else word for word in phrase.split())


DISGUISES: Final[dict[str, Callable[[str], str]]] = {
    "as it is": str,
    "large": str.upper,
    "zero width": between_letters("\u200b", " "),
    "joiners": between_letters("\u200d", "\u200c "),
    "bidi": between_letters("\u202e", " \u2066"),
    "soft hyphens": between_letters("\u00ad", " "),
    "look-alikes": lambda phrase: phrase.translate(LOOK_ALIKES),
    "bold": lambda phrase: phrase.translate(BOLD),
    "wide": lambda phrase: phrase.translate(WIDE),
    "struck through": between_letters("\u0335", "\u0335 "),
    "accents": lambda phrase: "".join(f"{letter}\u0301" if letter.isalpha() else letter for letter in phrase),
    "leet": lambda phrase: phrase.translate(LEET),
    "spaced": between_letters(" ", "  "),
    "dotted": between_letters(".", "  "),
    "hyphens": between_letters("-", "  "),
    "stretched": stretched,
    "masked": masked,
    "underscores": lambda phrase: phrase.replace(" ", "_"),
    "dots between words": lambda phrase: phrase.replace(" ", "."),
    "run together": lambda phrase: phrase.replace(" ", ""),
    "hash": lambda phrase: f"#{phrase.replace(' ', '')}",
    "shouted": lambda phrase: f"{phrase.upper()}!!!",
    "wide and leet": lambda phrase: phrase.translate(LEET).translate(WIDE),
    "spaced look-alikes": lambda phrase: between_letters(" ", "  ")(phrase).translate(LOOK_ALIKES),
}


def gravest(text: str) -> RiskFinding:
    (first, *_) = DETECTOR.detect(text)
    return first


def assert_is_exact(text: str, disguised: str) -> None:
    """The span covers the words, and nothing else but what joins them."""
    finding = gravest(text)
    assert finding.start is not None
    shown = text[finding.start : finding.end]

    assert finding.phrase == shown[:PHRASE_AT_MOST]
    assert shown.strip(JOINERS + "#") == disguised.strip(JOINERS + "#")
    assert text.find(disguised.strip(JOINERS + "#")) - finding.start in range(-2, 1)


@given(
    before=st.sampled_from(BEFORE),
    phrase=st.sampled_from(PHRASES),
    disguise=st.sampled_from(sorted(DISGUISES)),
    after=st.sampled_from(AFTER),
)
def test_the_span_of_a_disguised_phrase_is_exact(before: str, phrase: str, disguise: str, after: str) -> None:
    disguised = DISGUISES[disguise](phrase)

    assert_is_exact(f"{before}{disguised}{after}", disguised)


@given(phrase=st.sampled_from(PHRASES), disguise=st.sampled_from(sorted(DISGUISES)), after=st.sampled_from(AFTER))
def test_the_span_is_one_of_the_message_as_it_is_stored(phrase: str, disguise: str, after: str) -> None:
    stored = canonical_text(f"lemons and chairs, {DISGUISES[disguise](phrase)}{after}", limit=1000).text

    assert_is_exact(stored, canonical_text(DISGUISES[disguise](phrase), limit=1000).text)


@given(
    letters=st.text(alphabet=" abdekilmsty1!@$*#.-'\n\u200b\u0301еЕ🔫", max_size=40), phrase=st.sampled_from(PHRASES)
)
def test_every_span_lies_within_the_text(letters: str, phrase: str) -> None:
    text = f"{letters} {phrase} {letters[::-1]}"

    for finding in DETECTOR.detect(text):
        assert finding.start is not None
        assert finding.end is not None
        assert 0 <= finding.start < finding.end <= len(text)
        assert finding.phrase == text[finding.start : finding.end][:PHRASE_AT_MOST]


@pytest.mark.parametrize(
    ("text", "shown", "read_as"),
    [
        ("lemons, flesym llik", "flesym llik", "kill myself"),
        ("lemons, 🔫 myself, ja", "🔫 myself", "gun myself"),
        ("tablekillmyselfhouse", "killmyself", "kill myself"),
        ("carpets, kms, ja", "kms", ""),
        ("ja, want to d\u0335i\u0335e\u0335 ja", "want to d\u0335i\u0335e\u0335", "want to die"),
        ("carpets 'sucide' ja", "sucide", "suicide"),
        ("carpets kil lmyself ja", "kil lmyself", "kill myself"),
        ("carpets k!ll mys3lf ja", "k!ll mys3lf", "kill myself"),
        ("carpets suicid e ja", "suicid e", "suicide"),
        ("kill@myself.com", "kill@myself", ""),
        ("carpets ﬁne SUICIDE!", "SUICIDE", ""),
        ("carpets 𝖐𝖎𝖑𝖑 𝖒𝖞𝖘𝖊𝖑𝖋 ja", "𝖐𝖎𝖑𝖑 𝖒𝖞𝖘𝖊𝖑𝖋", "kill myself"),
        ("k i l l m y s e l f", "k i l l m y s e l f", "kill myself"),
        ("(k i l l  m y s e l f)", "k i l l  m y s e l f", "kill myself"),
    ],
)
def test_what_a_finding_shows_and_what_it_was_read_as(text: str, shown: str, read_as: str) -> None:
    finding = gravest(text)

    assert (finding.phrase, finding.read_as) == (shown, read_as)
    assert text[finding.start : finding.end] == shown


@given(
    st.text(alphabet=" abdei1!@$*#.-'|+^", min_size=1, max_size=60), st.text(alphabet=" abdei", min_size=1, max_size=30)
)
def test_every_letter_stands_for_some_of_the_source_in_order(source: str, text: str) -> None:
    found = letters_for(source, text)

    assert len(found) == len(text)
    assert all(0 <= start < end <= len(source) for start, end in found)
    assert [start for start, _ in found] == sorted(start for start, _ in found)


def test_long_runs_are_not_compared_letter_by_letter() -> None:
    assert letters_for("a. " * 1000, "b" * 20) == [(0, 2998)] * 20
