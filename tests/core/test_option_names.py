"""Options are stored as their author wrote them, and shown and understood in every language of the bot."""

from __future__ import annotations

from pathlib import Path

import pytest

from fsm_engine.model.slot import DoesNotFit, Fits, Option, ReadingContext, SeveralFit, SlotType
from fsm_engine.understanding import readers
from fsm_engine.understanding.readers.choices import choices_of
from tests.support.flow_texts import flows_of, problems_of
from tests.support.talk import NOON, Talk

BOT = "bot: b\nlanguages: [en, es]\n"
NAMED = """
flow: shop
steps:
  - ask: size
    type: one of small, large
    called: {en: size, es: talla}
    shown_as:
      small: {en: small, es: [pequeña, chica]}
      large: {en: large, es: grande}
    same_as:
      small: {en: tiny, es: [mini]}
      large: [XL]
    prompt: {en: Which size?, es: ¿Qué talla?}
  - ask: extras
    type: some of bow, card
    called: {en: extras, es: extras}
    shown_as: {bow: {en: bow, es: lazo}, card: {en: card, es: tarjeta}}
    optional: true
    prompt: {en: Anything else?, es: ¿Algo más?}
  - say:
      en: "A {size} one, with {extras}; {size or 'no size'}."
      es: "Talla {size}, con {extras}; {size or 'sin talla'}."
  - say: {en: Small is nice., es: Lo pequeño es bonito.}
    when: size == "small"
  - confirm: order
    review: [size, extras]
    prompt: {en: Right?, es: ¿Está bien?}
  - end: {en: Done., es: Listo.}
"""
SIZES = SlotType(
    "one of",
    options=(
        Option("once", words={"en": ("one time",), "es": ("una vez",)}, shown_as={"en": "once", "es": "una vez"}),
        Option("eleven", words={"es": ("once",)}, shown_as={"es": "once"}),
    ),
)


def talk_in(tmp_path: Path, language: str) -> Talk:
    talk = Talk(flows_of(tmp_path, NAMED, BOT))
    talk.start("shop", language)
    return talk


def test_a_user_sees_options_in_the_own_language_and_the_flow_its_own_words(tmp_path: Path) -> None:
    talk = talk_in(tmp_path, "es")
    assert talk.last.expects is not None
    assert talk.last.expects.options == ("pequeña", "grande")

    talk.say("la chica, por favor")
    said = talk.say("el lazo y la tarjeta")

    assert talk.slots == {"size": "small", "extras": ["bow", "card"]}
    assert said[0] == "Talla pequeña, con lazo y tarjeta; pequeña."
    assert said[1] == "Lo pequeño es bonito."
    assert said[2] == "Talla: pequeña\nExtras: lazo y tarjeta"


@pytest.mark.parametrize("language", ["en", "es", "es-MX"])
@pytest.mark.parametrize("word", ["small", "tiny", "pequeña", "chica", "mini", "I'd like the small one", "pequenia"])
def test_words_of_every_language_are_understood(tmp_path: Path, language: str, word: str) -> None:
    talk = talk_in(tmp_path, language)

    talk.say(word)

    assert talk.slots == {"size": "small"}


def test_words_of_no_language_are_understood_in_each(tmp_path: Path) -> None:
    talk = talk_in(tmp_path, "es")

    talk.say("la XL")

    assert talk.slots == {"size": "large"}


def test_a_word_means_what_it_means_in_the_users_own_language_first() -> None:
    readings = {
        language: readers.read("once", SIZES, ReadingContext(language, None, "UTC", NOON))
        for language in ("en", "es", "es-MX")
    }

    assert readings["en"] == Fits("once")
    assert isinstance(readings["es"], SeveralFit)  # the stored word, and a word of the language
    assert readings["es"] == readings["es-MX"]
    assert readers.read("una vez", SIZES, ReadingContext("en", None, "UTC", NOON)) == Fits("once")


def test_other_languages_are_asked_where_the_own_one_says_nothing() -> None:
    options = (Option("a", words={"en": ("gift",)}), Option("b", words={"de": ("gift",)}))

    assert choices_of(options, "en").labels["gift"] == ("a",)
    assert choices_of(options, "de").labels["gift"] == ("b",)
    assert choices_of(options, "es").labels["gift"] == ("a", "b")


def test_an_option_that_is_called_not_sure_is_no_doubt() -> None:
    options = (Option("unknown", shown_as={"es": "no lo sé"}, words={"es": ("no lo sé",)}), Option("other"))
    context = ReadingContext("es", None, "UTC", NOON)

    assert readers.read("pues no lo sé", SlotType("one of", options=options), context) == Fits("unknown")
    assert readers.read("ni idea", SlotType("one of", options=options), context) == DoesNotFit("unsure")


def test_which_one_is_meant_is_asked_in_the_users_words(tmp_path: Path) -> None:
    talk = talk_in(tmp_path, "es")

    said = talk.say("pequeña o grande")
    assert talk.last.expects is not None
    assert talk.last.expects.options == ("pequeña", "grande")
    assert "pequeña o grande" in said[-1]
    talk.say("grande")

    assert talk.slots == {"size": "large"}


def test_an_answer_that_is_none_is_asked_again_with_the_options_in_the_users_words(tmp_path: Path) -> None:
    said = " ".join(talk_in(tmp_path, "es").say("azul"))

    assert "pequeña o grande" in said
    assert "small" not in said


def test_a_name_for_every_language_is_shown_for_the_stored_word(tmp_path: Path) -> None:
    flow = (
        "flow: f\nsteps:\n  - {ask: plan, type: 'one of p1, p2', shown_as: {p1: Basic, p2: [All of it, Full]},"
        " prompt: Which?}\n  - end: '{plan}!'\n"
    )
    talk = Talk(flows_of(tmp_path, flow))
    talk.start("f")

    assert talk.say("full") == ["All of it!"]
    assert talk.answers == {}


def test_buttons_are_shown_in_the_users_language(tmp_path: Path) -> None:
    flow = """
        flow: f
        steps:
          - say: {en: Hi., es: Hola.}
            options: [{en: Menu, es: Menú}, OK]
          - ask: mood
            type: text
            prompt: {text: {en: How are you?, es: ¿Qué tal?}, options: {en: [good, bad], es: [bien, mal]}}
        """
    talk = Talk(flows_of(tmp_path, flow, BOT))
    for language, buttons in (("es", [("Menú", "OK"), ("bien", "mal")]), ("en", [("Menu", "OK"), ("good", "bad")])):
        talk.start("f", language)

        assert [message.options for message in talk.last.messages] == buttons


def missing(tmp_path: Path, flow: str, bot: str = BOT) -> list[str]:
    return [line.split("missing-language: ")[1] for line in problems_of(tmp_path, flow, bot)]


def test_options_without_a_name_in_a_language_are_told(tmp_path: Path) -> None:
    ask = "flow: f\nsteps:\n  - ask: name\n    type: {}\n    prompt: {{en: a?, es: a?}}\n"

    assert missing(tmp_path / "1", ask.format("one of tea, coffee, 7")) == [
        "options of step 'name' have no name in es: 'tea', 'coffee'. Write shown_as: {tea: {en: …, es: …}}."
    ]
    assert missing(tmp_path / "2", ask.format("one of tea, 7") + "    shown_as: {tea: {es: té}}\n") == [
        "options of step 'name' have no name in en: 'tea'. Write shown_as: {tea: {en: …, es: …}}."
    ]
    assert missing(tmp_path / "3", ask.format("one of 6, 7")) == []
    assert missing(tmp_path / "4", ask.format("one of tea, coffee"), "bot: b\n") == []


def test_answers_without_a_name_in_a_language_are_told(tmp_path: Path) -> None:
    ask = "flow: f\nsteps:\n  - ask: {}\n    type: text\n    prompt: {{en: a?, es: a?}}\n"

    assert missing(tmp_path / "1", ask.format("shoe_size")) == [
        "the answer to 'shoe_size' has no name in: es. The bot would speak of 'shoe size'. "
        "Write called: {en: …, es: …}."
    ]
    assert missing(tmp_path / "2", ask.format("email")) == []  # a usual name has its word


def test_buttons_and_nudges_without_a_language_are_told(tmp_path: Path) -> None:
    flow = "flow: f\nnudge: {after: 5 minutes, say: Hi?}\nsteps:\n  - {say: {en: a, es: b}, options: [Go]}\n"

    assert [
        each.split(" is not there")[0] for each in missing(tmp_path, flow, BOT + "nudge: {after: 1 hour, say: Eh}")
    ] == [
        "the nudge of flow 'f'",
        "this text of step 'say 1'",
        "'nudge'",
    ]
