"""The one form in which messages and ids are stored."""

from __future__ import annotations

import time
import unicodedata

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fsm_engine.errors import InvalidArgument
from fsm_engine.understanding.text import (
    _SETTLED,
    CUT_MARK,
    HARD_LIMIT,
    MARKS_AT_MOST,
    TAIL_KEPT,
    _clean,
    canonical_id,
    canonical_text,
)

TEN_MIB = 10 * 2**20
ENGLAND = "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f"


def canonical(raw: str) -> str:
    return canonical_text(raw, limit=1000).text


@pytest.mark.parametrize(
    "text",
    [
        "I want to open an account",
        "Robert'); DROP TABLE messages;--",
        '<script>alert("hi")</script> & <b>bold</b>',
        "{name} {{ 7*7 }} ${HOME} %s %(name)s {0.__class__}",
        r"C:\temp\new \n is two characters",
        "first line\nsecond line\tafter a tab",
        "It’s “fine” — really…",
        "Quería cambiar mi correo, ¿puedo?",
        "می‌خواهم",  # a joiner between letters that need it
        "क्‍ष",
        "👨‍👩‍👧 ❤️‍🔥 1️⃣ 👍🏽",
        f"{ENGLAND} wins",
        "葛\U000e0100飾",  # a variation of an ideograph
        "Алексей Иванов",
        "日本語のテキスト",
    ],
)
def test_what_people_write_stays_as_typed(text: str) -> None:
    assert canonical(text) == text


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("  hello \n", "hello"),
        ("", ""),
        (" \t\r\n ", ""),
        ("a\x00b", "ab"),
        ("a\r\nb\rc\x85d\u2028e\u2029f", "a\nb\nc\nd\ne\nf"),
        ("one\x0btwo\x0cthree", "one\ntwo\nthree"),
        ("\x1b[31mred\x1b[0m", "[31mred[0m"),
        ("bell\x07 del\x7f c1\x9b", "bell del c1"),
        ("lone \ud800 high", "lone \ufffd high"),
        ("lone \udc00 low", "lone \ufffd low"),
        ("a pair \ud83d\ude00", "a pair 😀"),
        ("cafe\u0301", "café"),
        ("\u202eevil\u202c \u2066x\u2069\u200e\u200f\u061c", "evil x"),
        ("s\u200bu\u200di\u200cc\u2060i\u00add\ufeffe", "suicide"),
        ("s\ufe0fu\ufe00i\U000e0100cide", "suicide"),
        ("hidden\U000e0068\U000e0069 tags", "hidden tags"),
        ("\u3164\u115f\u1160\uffa0", ""),
        ("word\u034fjoiner", "wordjoiner"),
        ("\ufdd0\uffff", ""),
        ("👨\u200d", "👨"),
        ("\ufe0f\u200d", ""),
    ],
)
def test_what_carries_no_meaning_is_taken_out(raw: str, text: str) -> None:
    assert canonical(raw) == text


def test_the_limit_counts_characters_after_canonicalisation() -> None:
    at_limit = canonical_text("  " + "e\u0301" * 10 + "\x00" * 10, limit=10)
    over_limit = canonical_text("x" * 11, limit=10)

    assert (at_limit.text, at_limit.is_too_long, at_limit.original_length) == ("é" * 10, False, 32)
    assert (over_limit.text, over_limit.is_too_long) == ("x" * 11, True)


def test_a_message_over_the_hard_limit_keeps_its_start_and_its_end() -> None:
    found = canonical_text("start " + "x" * 2 * HARD_LIMIT + " I want to die", limit=1000)

    assert len(found.text) == HARD_LIMIT
    assert found.text.startswith("start xxx")
    assert found.text.endswith("xxx I want to die")
    assert CUT_MARK in found.text
    assert found.is_too_long


def test_a_message_of_exactly_the_hard_limit_is_kept_whole() -> None:
    found = canonical_text("x" * HARD_LIMIT, limit=HARD_LIMIT)

    assert found.text == "x" * HARD_LIMIT
    assert not found.is_too_long


def test_invisible_padding_does_not_hide_the_end_of_a_message() -> None:
    found = canonical_text("\u200b" * TEN_MIB + "I want to die", limit=1000)

    assert found.text.endswith("I want to die")
    assert found.is_too_long


def test_blanks_around_a_short_message_do_not_make_it_too_long() -> None:
    found = canonical_text(" " * TEN_MIB + "hello" + "\n" * 10**6, limit=1000)

    assert found.text == "hello"
    assert not found.is_too_long


def test_a_text_that_composition_lengthens_stays_within_the_hard_limit() -> None:
    found = canonical_text("\ufb2c" * HARD_LIMIT, limit=HARD_LIMIT)

    assert len(found.text) <= HARD_LIMIT
    assert found.is_too_long
    assert canonical(found.text) == found.text


def test_marks_are_capped_and_other_letters_kept() -> None:
    text = canonical("q" + "\u0301" * 100 + "w" + "\u0327" * 5 + "!")

    assert text == "q" + "\u0301" * MARKS_AT_MOST + "w" + "\u0327" * 5 + "!"


@pytest.mark.parametrize(
    "hostile",
    [
        "a" * TEN_MIB,
        " " * TEN_MIB,
        "\n" * 10**6,
        "\x00" * TEN_MIB,
        "\u0301" * TEN_MIB,
        "\u0301\u0327" * (TEN_MIB // 2),
        "\u0f73\u0301\u0327" * (TEN_MIB // 3),
        "e\u200d\u0301\u200d" * (TEN_MIB // 4),
        "ا\u200d" * (TEN_MIB // 2),
        "\ud800" * TEN_MIB,
        "\ud83d\ude00" * (TEN_MIB // 2),
        "\ufb2c" * TEN_MIB,
        "\u200b" * TEN_MIB,
        "😀" + "\ufe0f" * TEN_MIB,
        "\U0001f3f4\U000e0067" * (TEN_MIB // 2),
    ],
    ids=lambda text: f"{ord(text[0]):x}-{ord(text[1]):x}",
)
def test_ten_mebibytes_of_anything_take_no_noticeable_time(hostile: str) -> None:
    started = time.process_time()
    found = canonical_text(hostile, limit=1000)
    spent_s = time.process_time() - started

    assert len(found.text) <= HARD_LIMIT
    assert spent_s < 0.25, "a tenth of this is usual; without the caps the worst takes many seconds"


def test_characters_of_the_short_cut_are_canonical_in_any_order() -> None:
    settled = [char for char in map(chr, range(0x110000)) if _SETTLED.fullmatch(char)]
    text = "".join(settled)

    assert _clean(f"a{text}z") == f"a{text}z"
    assert _clean(f"a{text[::-1]}z") == f"a{text[::-1]}z"
    assert not any(map(unicodedata.combining, settled))
    assert second_parts().isdisjoint(settled), "a character before one of them would melt into it"


def second_parts() -> set[str]:
    """Every character that composition can add to the one before it, Hangul apart."""
    decompositions = (unicodedata.decomposition(chr(code)).split() for code in range(0x110000))
    return {chr(int(parts[1], 16)) for parts in decompositions if len(parts) == 2 and not parts[0].startswith("<")}


@pytest.mark.parametrize(
    "raw",
    [
        "\ufb2c" + "\u05b0" * MARKS_AT_MOST,  # composition lengthens a run that was at its bound
        "q\u0301\u200d\u064b\u200d\u0627",  # taking out the first joiner makes the second one stray
        "q\u0301" + "\u200d\u064b" * 9 + "\u200d\u0627",  # and so on, more often than anybody writes
        "K\u200d\u212a\ufe0f",
    ],
    ids=ascii,
)
def test_tidying_up_leaves_nothing_to_tidy_up(raw: str) -> None:
    once = canonical(raw)

    assert canonical(once) == once


TRICKY = st.text(
    st.one_of(
        st.sampled_from(
            "aé\u0301\u0327\u064b\u0f73\u0344\u05b0ا\u0958ক\u09c7\u09be가ᄀ\u1161\u11a8 \n\r\t\x00\x85\u2028"
            "\u200b\u200c\u200d\u202e\u2066\ufeff\u00ad\ufe0f\ufe00\u180e\u1820\U000e0100\U000e0067\U000e007f"
            "\U0001f3f4😀👍\U0001f3fd\u2764\u212b\u212a\ufb2c\u2adc\U0001d15e\ud83d\ude00\udc00\u3164\uffff1"
        ),
        st.characters(),
    ),
    max_size=60,
)


@given(TRICKY)
@settings(max_examples=1500, deadline=None)
def test_canonical_text_is_stable_storable_and_in_normal_form(raw: str) -> None:
    found = canonical_text(raw, limit=1000)

    assert canonical_text(found.text, limit=1000).text == found.text
    assert orjson.loads(orjson.dumps(found.text)) == found.text
    assert unicodedata.is_normalized("NFC", found.text)
    assert {unicodedata.category(char) for char in found.text if char not in "\n\t"}.isdisjoint(
        {"Cc", "Cs", "Zl", "Zp"}
    )
    assert found.text == found.text.strip()
    assert found.original_length == len(raw)


@given(TRICKY, TRICKY, st.integers(0, 40))
@settings(max_examples=200, deadline=None)
def test_a_cut_text_is_stable_too(start: str, end: str, shift: int) -> None:
    raw = start + "x\u0301" * (HARD_LIMIT // 2 - shift) + end + "y" * TAIL_KEPT + end
    found = canonical_text(raw, limit=1000)

    assert found.is_too_long
    assert len(found.text) <= HARD_LIMIT
    assert canonical(found.text) == found.text


@pytest.mark.parametrize("raw", ["x", "telegram:42", "x" * 255, "José 7", "日本", "a\u200db"])
def test_an_id_comes_back_unchanged(raw: str) -> None:
    assert canonical_id(raw, what="conversation_id") == raw


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        ("", "user_id: has 0 characters. Use 1 to 255 characters."),
        ("secret" * 50, "user_id: has 300 characters. Use 1 to 255 characters."),
        (42, "user_id: must be text, not int. Pass str(...) of it."),
        (
            "ab\x00",
            "user_id: character 3 is U+0000. Use 1 to 255 characters without control characters, line breaks and lone "
            "surrogates.",
        ),
        (
            "a\ud800",
            "user_id: character 2 is U+D800. Use 1 to 255 characters without control characters, line breaks and lone "
            "surrogates.",
        ),
    ],
)
def test_an_id_that_cannot_be_stored_is_refused_without_repeating_it(raw: str, message: str) -> None:
    with pytest.raises(InvalidArgument) as refused:
        canonical_id(raw, what="user_id")

    assert str(refused.value) == message


@given(st.text(max_size=300))
def test_every_id_that_is_accepted_can_be_stored(raw: str) -> None:
    try:
        accepted = canonical_id(raw, what="request_id")
    except InvalidArgument:
        return

    assert orjson.loads(orjson.dumps(accepted)) == raw
    assert "\x00" not in raw
    assert 1 <= len(raw) <= 255
