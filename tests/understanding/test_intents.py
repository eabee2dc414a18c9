"""Which flow a message asks for, and how sure one can be."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fsm_engine.model.turn import IntentGuess
from fsm_engine.understanding.intents import (
    EXACT,
    GUESSES_AT_MOST,
    LONG_TEXT,
    MAYBE,
    SMALL_WORDS,
    SURE,
    IntentClassifier,
    build_classifier,
)
from fsm_engine.understanding.text import fold

PHRASES = {
    "create_account": [
        "I want to open an account",
        "create an account",
        "open a bank account",
        "open a checking account",
        "sign me up",
        "abrir una cuenta",
        "quiero abrir una cuenta",
    ],
    "close_account": ["close my account", "delete my account", "cerrar mi cuenta"],
    "support_people": ["who can I talk to", "find people who support me", "my support people"],
    "goals": ["set a goal", "my goals", "make a plan", "make a plan for the week", "poner una meta"],
    "worries": ["I have worries", "talk about my worries", "something worries me"],
    "transfer": ["transfer money", "send money to someone"],
    "digression:0": ["who can see this", "is this private"],
    "digression:1": ["what can you do", "who are you"],
}


CLASSIFIER = build_classifier(PHRASES)


@pytest.fixture
def classifier() -> IntentClassifier:
    return CLASSIFIER


def best(classifier: IntentClassifier, text: str) -> tuple[str | None, float]:
    guesses = classifier.classify(text)
    return (guesses[0].name, guesses[0].confidence) if guesses else (None, 0.0)


@pytest.mark.parametrize(("intent", "phrase"), [(name, phrase) for name, each in PHRASES.items() for phrase in each])
@pytest.mark.parametrize("form", ["{}", "{}!", "  {}  ", "Please {}", "hi, {} please"])
def test_a_phrase_itself_is_exact(classifier: IntentClassifier, intent: str, phrase: str, form: str) -> None:
    assert classifier.classify(form.format(phrase.upper())) == (IntentGuess(intent, EXACT),)


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("hello, I'd like to open a bank account for my daughter please", "create_account"),
        ("can you open an account for me?", "create_account"),
        ("open account", "create_account"),
        ("I would like to open a new account", "create_account"),
        ("no, I want to open an account", "create_account"),
        ("opne an acount", "create_account"),
        ("I want to crate an account", "create_account"),
        ("quisiera abrir una cuenta nueva", "create_account"),
        ("QUIERO ABRIR CUENTA", "create_account"),
        ("please delete the account", "close_account"),
        ("quiero cerrar mi cuenta", "close_account"),
        ("how can I make a plan?", "goals"),
        ("make plans for the week", "goals"),
        ("I want to talk about my worries", "worries"),
        ("can you transfer some money for me", "transfer"),
        ("so what can you do", "digression:1"),
        ("send him money", "transfer"),
        ("who can see this chat", "digression:0"),
    ],
)
def test_a_phrase_inside_a_sentence_or_with_slips_is_sure(classifier: IntentClassifier, text: str, intent: str) -> None:
    name, confidence = best(classifier, text)

    assert name == intent
    assert SURE <= confidence < EXACT


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("a checking account please", "create_account"),
        ("is it private?", "digression:0"),
        ("my goal", "goals"),
        ("sign up", "create_account"),
        ("I have some worries", "worries"),
        (
            "yesterday my brother helped me create an account on the games site and then we all played football",
            "create_account",
        ),
    ],
)
def test_a_doubtful_wish_is_worth_asking_about(classifier: IntentClassifier, text: str, intent: str) -> None:
    name, confidence = best(classifier, text)

    assert name == intent
    assert MAYBE <= confidence < SURE


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "?!", "👍", "Ahmed Ali", "checking", "Checking, please", "yes", "no", "account", "savings", "money",
        "send",
        "ahmed@example.com", "+1 415 555 2671", "25", "next Friday", "my mum", "I see", "I do", "who", "what", "see",
        "private",
        "me and you", "talk", "talk to my teacher", "my brother's accountant", "I am good at football", "support",
        "week",
        "we opened presents", "I made a cake for my mum", "chequing", "the week was hard and nobody talks to me",
        "I have a dog", "no sé", "sí", "mi madre", "una cuenta pendiente con mi hermano", "meta", "someone",
        "people who are mean", "what can I do to sleep better",
    ],
)  # fmt: skip
def test_an_ordinary_answer_is_no_intent(classifier: IntentClassifier, text: str) -> None:
    assert classifier.classify(text) == ()


@pytest.mark.parametrize(
    "text",
    [
        "I don't want to open an account",
        "I do not want to open an account",
        "I never wanted to open an account",
        "no need to open an account",
        "please don't close my account",
        "do not close my account",
        "I'm not going to make a plan",
        "no quiero abrir una cuenta",
        "tampoco quiero poner una meta",
        "I don't want to sign up",
    ],
)
def test_a_denied_wish_is_no_intent(classifier: IntentClassifier, text: str) -> None:
    assert classifier.classify(text) == ()


@pytest.mark.parametrize(
    "text",
    [
        "no, open a bank account",
        "I don't know how to open an account",
        "I haven't got one, can you open an account for me",
    ],
)
def test_a_no_that_denies_something_else_is_not_held_against_the_wish(classifier: IntentClassifier, text: str) -> None:
    assert best(classifier, text)[0] == "create_account"


def test_of_two_wishes_only_the_denied_one_is_dropped(classifier: IntentClassifier) -> None:
    guesses = classifier.classify("I don't want to close my account, I want to open an account")

    assert [guess.name for guess in guesses] == ["create_account"]


def test_a_slip_makes_less_sure(classifier: IntentClassifier) -> None:
    assert best(classifier, "opne an account")[1] < best(classifier, "open some account")[1]
    assert best(classifier, "opne an acount")[1] < best(classifier, "opne an account")[1]


def test_the_more_else_a_message_says_the_less_sure_it_makes(classifier: IntentClassifier) -> None:
    order = ["account open", "account football open", "account football weather river open"]
    confidences = [best(classifier, text)[1] for text in order]

    assert SURE > confidences[0] > confidences[1] > confidences[2]


def test_words_of_a_phrase_far_from_each_other_are_not_the_phrase(classifier: IntentClassifier) -> None:
    near = best(classifier, "open a shiny blue account")[1]
    far = best(classifier, "open the shiny blue wooden account")[1]

    assert far < SURE <= near


def test_a_message_with_two_wishes_gives_both(classifier: IntentClassifier) -> None:
    guesses = classifier.classify("I want to make a plan and open an account")

    assert [guess.name for guess in guesses] == ["create_account", "goals"]
    assert all(guess.confidence >= SURE for guess in guesses)


def test_a_phrase_of_two_intents_gives_both_by_name() -> None:
    classifier = build_classifier({"b": ["help with money"], "a": ["Help with money!"], "c": ["other"]})

    assert classifier.classify("help with money") == (IntentGuess("a", EXACT), IntentGuess("b", EXACT))


def test_at_most_three_guesses_are_given_best_first() -> None:
    classifier = build_classifier(
        {f"bank{n}": [f"open bank {word}"] for n, word in enumerate(["a", "one", "two", "six"])}
    )
    guesses = classifier.classify("open bank one two six seven")

    assert len(guesses) == GUESSES_AT_MOST
    assert [guess.confidence for guess in guesses] == sorted((guess.confidence for guess in guesses), reverse=True)


def test_rare_words_weigh_more_than_common_ones() -> None:
    others = {f"other{number}": [f"account number{number} report"] for number in range(8)}
    classifier = build_classifier({"freeze": ["freeze account report"], **others})

    assert classifier.classify("report my account") == ()
    assert best(classifier, "freeze my account")[0] == "freeze"


def test_one_word_of_several_is_never_enough_however_rare() -> None:
    others = {f"other{number}": [f"account number{number}"] for number in range(8)}
    classifier = build_classifier({"freeze": ["freeze account"], **others})

    assert classifier.classify("freeze") == ()


def test_spaces_elsewhere_do_not_matter(classifier: IntentClassifier) -> None:
    assert best(classifier, "signmeup") == ("create_account", 0.95)
    assert best(classifier, "set agoal")[0] == "goals"


def test_in_a_long_text_only_whole_phrases_count(classifier: IntentClassifier) -> None:
    story = "we walked along the river until it got dark and then went home again, " * 6
    assert len(story) > LONG_TEXT

    assert best(classifier, story + "I want to open an account") == ("create_account", 0.7)
    assert classifier.classify(story + "open me some new account") == ()
    assert classifier.classify(story + "and my goals are far away") == ()


def test_a_phrase_that_says_no_itself_is_not_held_against_the_user() -> None:
    classifier = build_classifier({"decline": ["I do not want a bank card"]})

    assert best(classifier, "sorry, I do not want any bank card")[1] >= SURE


@pytest.mark.parametrize(
    ("phrase", "text"),
    [
        ("report my worries today", "I report a worry today"),
        ("open an account", "I would like help with opening an account"),
        ("transfer money", "I transferred money"),
        ("stop bank payments", "stopping some bank payment"),
    ],
)
def test_endings_of_words_do_not_matter(phrase: str, text: str) -> None:
    assert best(build_classifier({"wanted": [phrase]}), text) == ("wanted", 0.97)


def test_no_intents_and_empty_phrases_are_no_trouble() -> None:
    assert build_classifier({}).classify("open an account") == ()
    assert build_classifier({"a": [], "b": ["", "?!"]}).classify("?!") == ()


def test_the_same_message_always_gives_the_same_guesses(classifier: IntentClassifier) -> None:
    again = build_classifier({name: list(reversed(each)) for name, each in reversed(PHRASES.items())})

    for text in ["make a plan to open an account and send money", "close or open account", "is it private who can see"]:
        assert again.classify(text) == classifier.classify(text)


WORDS = st.sampled_from(sorted({word for each in PHRASES.values() for phrase in each for word in fold(phrase).split()}))


@given(st.one_of(st.text(max_size=200), st.lists(st.one_of(WORDS, st.text(max_size=8)), max_size=20).map(" ".join)))
@settings(max_examples=400, deadline=None)
def test_any_text_gives_at_most_three_guesses_in_order(text: str) -> None:
    guesses = CLASSIFIER.classify(text)

    assert len(guesses) <= GUESSES_AT_MOST
    assert list(guesses) == sorted(guesses, key=lambda guess: (-guess.confidence, guess.name))
    assert all(MAYBE <= guess.confidence <= EXACT and guess.name in PHRASES for guess in guesses)


@given(st.dictionaries(st.text(max_size=5), st.lists(st.text(max_size=20), max_size=4), max_size=5), st.data())
@settings(max_examples=200, deadline=None)
def test_every_phrase_of_any_bot_is_exact(phrases: dict[str, list[str]], data: st.DataObject) -> None:
    classifier = build_classifier(phrases)
    usable = [(name, phrase) for name, each in phrases.items() for phrase in each if fold(phrase)]
    if usable:
        name, phrase = data.draw(st.sampled_from(usable))

        exact = {guess.name for guess in classifier.classify(phrase) if guess.confidence == EXACT}
        assert name in exact or len(exact) == GUESSES_AT_MOST


@given(st.lists(st.sampled_from(sorted(SMALL_WORDS)), min_size=1, max_size=3))
@settings(max_examples=200, deadline=None)
def test_small_words_alone_ask_for_nothing(words: list[str]) -> None:
    text = " ".join(words)
    if not any(fold(phrase) in text for each in PHRASES.values() for phrase in each):
        assert CLASSIFIER.classify(text) == ()


@pytest.mark.parametrize("piece", ["open account ", "a ", "accuont ", "x", "who can see ", "é", "I want to open an "])
def test_twenty_thousand_characters_take_no_noticeable_time(classifier: IntentClassifier, piece: str) -> None:
    text = piece * (20_000 // len(piece))
    started = time.process_time()
    classifier.classify(text)
    classifier.classify(text[:LONG_TEXT])

    assert time.process_time() - started < 0.2
