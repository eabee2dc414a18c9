"""Intents that are learned from phrases: how well, how sure, and the same every time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from fsm_engine.model.turn import IntentGuess
from fsm_engine.understanding.generic_sentences import GENERIC_SENTENCES
from fsm_engine.understanding.intent_model import HybridClassifier, LearnedClassifier, ModelTable
from fsm_engine.understanding.intent_training import content_hash, train
from fsm_engine.understanding.intents import EXACT, MAYBE, SURE, build_classifier

PHRASES = {
    "create_account": [
        "I want to open an account",
        "create an account",
        "open a bank account",
        "sign me up",
        "set up a new account",
        "quiero abrir una cuenta",
        "crear una cuenta",
    ],
    "goals": ["set a goal", "choose a goal for the week", "my goals", "poner una meta", "elegir una meta"],
    "worries": ["talk about my worries", "something worries me", "share a worry", "hablar de mis preocupaciones"],
    "close_account": ["close my account", "delete my account"],
}
TABLE = train(PHRASES)
LEARNED = LearnedClassifier(TABLE, maybe=MAYBE, margin=0.1)
HYBRID = HybridClassifier(build_classifier(PHRASES), LEARNED, sure=SURE)


def likeliest(classifier: LearnedClassifier, text: str) -> tuple[str, float]:
    return classifier.probabilities(text)[0]


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("could I get an account set up", "create_account"),
        ("I'd like to have my account created", "create_account"),
        ("me gustaría crear cuentas", "create_account"),
        ("choosing the goals of this week", "goals"),
        ("quisiera ponerme metas", "goals"),
        ("I keep worrying", "worries"),
        ("una preocupación", "worries"),
        ("closing the acount", "close_account"),
    ],
)
def test_other_words_than_the_phrases_are_understood_in_both_languages(text: str, intent: str) -> None:
    assert likeliest(LEARNED, text)[0] == intent


@pytest.mark.parametrize(
    "text",
    ["", "?!", "👍", "the weather is fine", "tell me a joke", "mi perro se llama Rex", "Ahmed Ali", "42", "asdf qwer"],
)
def test_what_asks_for_nothing_is_no_intent(text: str) -> None:
    assert LEARNED.classify(text) == ()
    assert HYBRID.classify(text) == ()


@pytest.mark.parametrize(
    "text",
    [
        "I don't want to open an account",
        "please don't set a goal",
        "no quiero abrir una cuenta",
        "never open an account",
    ],
)
def test_a_denied_wish_is_no_intent(text: str) -> None:
    assert LEARNED.probabilities(text) == []


def test_a_phrase_that_says_no_itself_is_not_held_against_the_user() -> None:
    table = train({"decline": ["I do not want a bank card", "no quiero una tarjeta", "I don't need a card"], **PHRASES})
    learned = LearnedClassifier(table, maybe=MAYBE, margin=0.1)

    assert [name for name, _ in learned.probabilities("sorry, I do not want any card")] == ["decline"]


@pytest.mark.parametrize(("count", "most"), [(1, 2 / 3), (2, 3 / 4), (4, 5 / 6)])
def test_an_intent_with_few_phrases_is_never_too_sure(count: int, most: float) -> None:
    """Laplace's rule of succession."""
    phrases = ["order a pizza", "pizza please", "bring me a pizza", "I would like pizza"][:count]
    learned = LearnedClassifier(train({"pizza": phrases, **PHRASES}), maybe=MAYBE, margin=0.1)

    assert all(likeliest(learned, phrase)[1] <= most for phrase in phrases)
    assert likeliest(learned, phrases[0])[0] == "pizza"


def test_one_intent_with_one_phrase_is_enough_to_learn_from() -> None:
    learned = LearnedClassifier(train({"pizza": ["order a pizza"]}), maybe=MAYBE, margin=0.1)

    assert likeliest(learned, "order a pizza please")[0] == "pizza"
    assert learned.classify("what a lovely day") == ()


def test_words_that_no_phrase_has_make_less_sure() -> None:
    plain = likeliest(LEARNED, "set a goal")[1]
    with_others = likeliest(LEARNED, "set a goal xylophone quartz jumbo")[1]

    assert with_others < plain


def test_candidates_that_are_alike_come_together_so_that_the_user_is_asked() -> None:
    guesses = LEARNED.classify("my account")

    assert {guess.name for guess in guesses} == {"create_account", "close_account"}
    assert guesses[0].confidence - guesses[1].confidence < 0.1


def test_one_clear_candidate_comes_alone() -> None:
    (guess,) = LEARNED.classify("talk about worries")

    assert (guess.name, guess.method) == ("worries", "ml")
    assert guess.confidence < EXACT


def test_the_threshold_is_the_bots() -> None:
    strict = LearnedClassifier(TABLE, maybe=0.999, margin=0.1)

    assert LEARNED.classify("talk about worries")
    assert strict.classify("talk about worries") == ()


def test_the_same_phrases_give_the_same_table_in_any_order() -> None:
    again = train({name: list(reversed(each)) for name, each in reversed(PHRASES.items())})

    assert (again.weights == TABLE.weights).all()
    assert (again.intents, again.vocabulary, again.temperature) == (TABLE.intents, TABLE.vocabulary, TABLE.temperature)


def test_the_hash_tells_other_phrases_and_not_another_order() -> None:
    shuffled = {name: list(reversed(each)) for name, each in reversed(PHRASES.items())}

    assert content_hash(shuffled) == content_hash(PHRASES)
    assert content_hash({**PHRASES, "goals": [*PHRASES["goals"], "one more"]}) != content_hash(PHRASES)


def test_the_rules_go_first_where_they_are_sure() -> None:
    assert HYBRID.classify("open a bank account") == (IntentGuess("create_account", EXACT, "rule_based"),)


def test_the_model_answers_where_the_rules_find_nothing() -> None:
    text = "the creation of accounts"
    assert build_classifier(PHRASES).classify(text) == ()

    assert [(guess.name, guess.method) for guess in HYBRID.classify(text)] == [("create_account", "ml")]


def test_what_both_say_is_one_guess_of_both() -> None:
    text = "a bank account please"
    (by_rules,) = build_classifier(PHRASES).classify(text)
    assert MAYBE <= by_rules.confidence < SURE

    best = HYBRID.classify(text)[0]
    assert (best.name, best.method) == ("create_account", "hybrid")
    assert best.confidence >= by_rules.confidence


def test_twenty_thousand_characters_are_cut_before_they_are_looked_at() -> None:
    story = "open an account and set a goal " * 20

    assert LEARNED.probabilities(story[:300]) == LEARNED.probabilities(story * 60)


def test_generic_sentences_are_all_different_and_in_two_languages() -> None:
    assert len(set(GENERIC_SENTENCES)) == len(GENERIC_SENTENCES)
    assert {"hello there", "hola qué tal"} <= set(GENERIC_SENTENCES)


def test_a_generic_sentence_that_is_a_bots_own_phrase_is_learned_as_such() -> None:
    phrases: Mapping[str, Sequence[str]] = {"alarm": ["set an alarm for seven", "wake me up", "pon una alarma"]}
    table: ModelTable = train(phrases)

    assert likeliest(LearnedClassifier(table, maybe=MAYBE, margin=0.1), "set an alarm for seven")[0] == "alarm"
