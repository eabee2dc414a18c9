"""Corrections of earlier answers, and answers that only look like them."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fsm_engine.understanding.correction_phrases import CorrectionPhrase, read_correction

NAMES = {
    "name": ["full name"],
    "email": ["email", "e-mail address"],
    "phone": [],
    "account_type": ["account type"],
    "opening_deposit": ["opening deposit"],
    "age": [],
    "goal": [],
    "date_of_birth": [],
}
SPANISH_NAMES = {**NAMES, "date_of_birth": ["fecha de nacimiento"]}

Case = tuple[str, str | None, str | None, bool]

ENGLISH: list[Case] = [
    ("change my email", "email", None, True),
    ("Change my e-mail, please", "email", None, True),
    ("I want to change my email", "email", None, True),
    ("I'd like to correct my name", "name", None, True),
    ("can I change the account type?", "account_type", None, True),
    ("Could you please update my phone number?", "phone", None, True),
    ("can I go back and change my phone number?", "phone", None, True),
    ("how do I change my e-mail?", "email", None, True),
    ("change email", "email", None, True),
    ("change the email question", "email", None, True),
    ("go back to my email", "email", None, True),
    ("change my emial", "email", None, True),
    ("update my adress book", None, None, False),
    ("change my age to 25", "age", "25", True),
    ("change my age from 24 to 25 please", "age", "25", True),
    ("please change my account type to savings", "account_type", "savings", True),
    ("Can you update my mobile number to 555 1234?", "phone", "555 1234", True),
    ("update my phone number, it's 555 1234", "phone", "555 1234", True),
    ("set my deposit to $50", "opening_deposit", "$50", True),
    ("change my email: new@y.org", "email", "new@y.org", True),
    ("actually my email is x@y.z", "email", "x@y.z", True),
    ("Actually, my email is x@y.z.", "email", "x@y.z", True),
    ("no, my email should be x@y.z", "email", "x@y.z", True),
    ("no wait, my mail is x@y.z", "email", "x@y.z", True),
    ("Sorry! My name is Ahmed Ali", "name", "Ahmed Ali", True),
    ("oops, the email is x@y.z", "email", "x@y.z", True),
    ("actually email is x@y.z", "email", "x@y.z", True),
    ("I mean my age is 30", "age", "30", True),
    ("my age should have been 30", "age", "30", True),
    ("wait, my email address is x@y.z, not a@b.c", "email", "x@y.z", True),
    ("my email is not x@y.z, it's a@b.c", "email", "a@b.c", True),
    ("My email isn’t x@y.z but a@b.c", "email", "a@b.c", True),
    ("actually I'm called Bob", "name", "Bob", True),
    ("my email is x@y.z", "email", "x@y.z", False),
    ("My name's José Núñez", "name", "José Núñez", False),
    ("my full name is Ahmed Ali", "name", "Ahmed Ali", False),
    ("email: x@y.z", "email", "x@y.z", False),
    ("my goal is not to fail", "goal", "not to fail", False),
    ("my goal is to rest more, not to work less", "goal", "to rest more, not to work less", False),
    ("my goal is to sleep better now", "goal", "to sleep better now", False),
    ("my goal is to say thanks", "goal", "to say thanks", False),
    ("I made a mistake now, sorry about that", None, None, True),
    ("I made a mistake sorry", None, None, True),
    ("change my email now", "email", None, True),
    ("my date of birth is 3 May 2001", "date_of_birth", "3 May 2001", False),
    ("my birthday is 3 May 2001", "date_of_birth", "3 May 2001", False),
    ("my goal is\nto run\nmore", "goal", "to run\nmore", False),
    ("I made a mistake", None, None, True),
    ("Oh no, I made a mistake!", None, None, True),
    ("I think I made a mistake", None, None, True),
    ("sorry, my mistake", None, None, True),
    ("that's wrong", None, None, True),
    ("That’s not right!", None, None, True),
    ("no, that's not correct", None, None, True),
    ("that is not what I said", None, None, True),
    ("wrong", None, None, True),
    ("I want to change something", None, None, True),
    ("I'd like to correct one of my answers", None, None, True),
    ("I made a mistake, can I fix it?", None, None, True),
    ("that's wrong, it should be 25", None, "25", True),
    ("I made a mistake in my email", "email", None, True),
    ("there's a typo in my name", "name", None, True),
    ("wrong email", "email", None, True),
    ("that's the wrong number", "phone", None, True),
    ("I gave you the wrong number", "phone", None, True),
    ("I typed my email wrong", "email", None, True),
    ("I misspelled my name", "name", None, True),
    ("my email is wrong", "email", None, True),
    ("the email is wrong, I moved to another company", "email", None, True),
    ("my email isn't right", "email", None, True),
    ("That is not my email", "email", None, True),
    ("sorry, I typed my email wrong, it should be x@y.z", "email", "x@y.z", True),
    ("Oops, I made a mistake. My age is 30.", "age", "30", True),
]

SPANISH: list[Case] = [
    ("cambiar mi correo", "email", None, True),
    ("quiero cambiar mi correo electrónico por favor", "email", None, True),
    ("¿Puedo cambiar mi nombre?", "name", None, True),
    ("¿me puedes cambiar el teléfono?", "phone", None, True),
    ("cambia mi edad a 25", "age", "25", True),
    ("cambia mi edad de 24 a 25", "age", "25", True),
    ("cambiar mi número de teléfono a 555", "phone", "555", True),
    ("corrige mi fecha de nacimiento", "date_of_birth", None, True),
    ("en realidad mi correo es x@y.z", "email", "x@y.z", True),
    ("En realidad, mi correo es x@y.z.", "email", "x@y.z", True),
    ("no, mi teléfono es 555 1234", "phone", "555 1234", True),
    ("perdón, me llamo José Núñez", "name", "José Núñez", True),
    ("mi edad debería ser 30", "age", "30", True),
    ("mi correo no es x@y.z, es a@b.c", "email", "a@b.c", True),
    ("mi correo es x@y.z", "email", "x@y.z", False),
    ("correo: x@y.z", "email", "x@y.z", False),
    ("me equivoqué", None, None, True),
    ("me equivoque", None, None, True),
    ("Perdona, me he equivocado", None, None, True),
    ("cometí un error", None, None, True),
    ("eso no es correcto", None, None, True),
    ("eso está mal", None, None, True),
    ("¿Puedo corregir algo?", None, None, True),
    ("quiero cambiar una respuesta", None, None, True),
    ("Me he equivocado en el correo", "email", None, True),
    ("hay un error en mi nombre", "name", None, True),
    ("mi correo está mal", "email", None, True),
    ("puse mal mi correo", "email", None, True),
    ("ese no es mi correo", "email", None, True),
    ("me equivoqué, mi edad es 30", "age", "30", True),
    ("me equivoqué, perdón", None, None, True),
    ("mi meta es sentirme mejor", "goal", "sentirme mejor", False),
    ("cambiar mi correo mejor", "email", None, True),
    ("eso está mal, debe ser 25", None, "25", True),
]

ENGLISH_ANSWERS = [
    "", " ", "Ahmed Ali", "checking", "yes", "no", "actually no", "actually, yes please", "correct", "that's correct",
    "that is right", "x@y.z", "555 1234", "my mum is great", "my friend's name is Bob", "my brother's email is a@b.c",
    "change my life", "I want to change my mind", "I want to change schools", "fix my bike", "update my cv",
    "I made a mistake at school and now everyone hates me", "that's wrong, people should be kind", "something is wrong",
    "my fault", "what is my email?", "is my email private?", "I need help with my email", "I like my name",
    "my mum and dad", "I want to go back to school", "it's fine", "my", "change", "change my", "my email",
    "my email is",
    "wrong number of tickets", "12:30", "note: bring ID", "I should be sleeping more", "I don't have an email",
    "no", "no no no", "sorry", "wait", "actually", "stop changing my words", "the right to vote",
    "he typed it wrong", "everything is wrong with me", "I was wrong about him", "I meant savings",
    "the goal is no more fights", "age is no excuse",
]  # fmt: skip

SPANISH_ANSWERS = [
    "Ana García", "sí", "no", "no sé", "mi madre es buena", "quiero cambiar de colegio", "quiero cambiar mi vida",
    "me siento mal", "mal", "todo me sale mal", "correcto", "es correcto", "mi correo", "me llamo José",
    "mi perro se llama Sol",
    "cambio de tema", "ayer me equivoqué de autobús y llegué tarde", "en realidad no",
]  # fmt: skip


@pytest.mark.parametrize(("text", "slot", "answer", "is_explicit"), ENGLISH)
def test_english_corrections_are_read(text: str, slot: str | None, answer: str | None, is_explicit: bool) -> None:
    expected = CorrectionPhrase(slot, answer, is_explicit) if slot or answer or is_explicit else None

    assert read_correction(text, "en", NAMES) == expected


@pytest.mark.parametrize(("text", "slot", "answer", "is_explicit"), SPANISH)
def test_spanish_corrections_are_read(text: str, slot: str | None, answer: str | None, is_explicit: bool) -> None:
    assert read_correction(text, "es", SPANISH_NAMES) == CorrectionPhrase(slot, answer, is_explicit)


@pytest.mark.parametrize("text", ENGLISH_ANSWERS)
def test_english_answers_are_no_corrections(text: str) -> None:
    assert read_correction(text, "en", NAMES) is None


@pytest.mark.parametrize("text", SPANISH_ANSWERS)
def test_spanish_answers_are_no_corrections(text: str) -> None:
    assert read_correction(text, "es", SPANISH_NAMES) is None


def test_what_the_caller_calls_a_slot_goes_before_synonyms() -> None:
    names = {"phone": [], "lucky_number": ["number"]}

    assert read_correction("change my number to 7", "en", names) == CorrectionPhrase("lucky_number", "7", True)
    assert read_correction("change my mobile number", "en", names) == CorrectionPhrase("phone", None, True)


def test_of_two_slots_with_one_name_the_first_is_meant() -> None:
    assert read_correction("change my colour", "en", {"a": ["colour"], "b": ["colour"]}) == CorrectionPhrase(
        "a", None, True
    )


def test_a_slot_needs_no_spoken_name() -> None:
    assert read_correction("change my favourite food to rice", "en", {"favourite_food": []}) == CorrectionPhrase(
        "favourite_food", "rice", True
    )


def test_without_slots_only_a_vague_correction_can_be_meant() -> None:
    assert read_correction("change my email", "en", {}) is None
    assert read_correction("I made a mistake", "en", {}) == CorrectionPhrase(None, None, True)


def test_an_answer_keeps_the_letters_that_the_user_typed() -> None:
    found = read_correction("Actually my name is ÁNGEL İnönü", "en", NAMES)

    assert found == CorrectionPhrase("name", "ÁNGEL İnönü", True)


TEXTS = st.lists(
    st.one_of(
        st.sampled_from(
            [text for text, *_ in ENGLISH] + [text for text, *_ in SPANISH] + [",", ".", " ", ":", "not", "no"]
        ),
        st.text(max_size=15),
    ),
    max_size=8,
).map(" ".join)


@given(TEXTS, st.sampled_from(["en", "es", "xx"]))
@settings(max_examples=500, deadline=None)
def test_any_text_is_read_and_an_answer_is_always_a_part_of_it(text: str, language: str) -> None:
    found = read_correction(text, language, NAMES)

    if found is not None:
        assert found.slot is None or found.slot in NAMES
        assert found.answer is None or (found.answer in text and found.answer.strip())
        assert found.slot or found.is_explicit


@pytest.mark.parametrize("language", ["en", "es"])
@pytest.mark.parametrize(
    "piece",
    ["no ", "wrong, ", "my ", "my a's ", "change my ", "please ", "i want to ", "x: ", "a, not b ", "my age is not ",
     "i made a mistake, ", "mi edad no es ", "cambiar mi ", "por favor ", "me equivoque, ", "- ",
     "my age is 3, not 4 "],
)  # fmt: skip
def test_a_hostile_message_is_read_in_little_time(piece: str, language: str) -> None:
    text = "no wait actually my change wrong mi " + piece * (20_000 // len(piece))
    started = time.process_time()
    read_correction(text, language, NAMES)
    read_correction(piece * (20_000 // len(piece)), language, NAMES)

    assert time.process_time() - started < 0.3
