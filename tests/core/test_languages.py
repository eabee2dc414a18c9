"""Everything that is said exists in the user's language, and what does not is found before a user meets it."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import fsm_engine
from fsm_engine.core.flows import compile_saying
from fsm_engine.core.formats import format_value, join_words
from fsm_engine.core.texts import compile_template
from fsm_engine.model.slot import SlotType
from fsm_engine.understanding.readers.reasons import REASONS
from fsm_engine.understanding.sayings import LANGUAGES, OCCASIONS, SAYINGS
from tests.support.flow_texts import flows_of, problems_of
from tests.support.talk import Talk

PACKAGE = Path(fsm_engine.__file__).parent
HELLO = "flow: hello\nsteps:\n  - say: {en: Hello., es: Hola.}\n"
TWO = "bot: b\nlanguages: [en, es]\n"

SPOKEN = {"say", "saying", "all_sayings", "ask_to_choose"}


def calls_in(*rooms: str) -> list[tuple[str, ast.Call]]:
    """Every call in these folders, with the name of what is called."""
    found = []
    for room in rooms:
        for path in sorted((PACKAGE / room).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call):
                    function = node.func
                    name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
                    found.append((name, node))
    return found


def constants_of(node: ast.expr) -> list[str]:
    if isinstance(node, ast.IfExp):
        return constants_of(node.body) + constants_of(node.orelse)
    return [node.value] if isinstance(node, ast.Constant) and isinstance(node.value, str) else []


def test_whatever_the_core_says_by_name_is_there_in_every_language() -> None:
    names = {
        text
        for name, call in calls_in("core", "engine")
        if name in SPOKEN and call.args
        for text in constants_of(call.args[0])
    }

    assert len(names) > 30
    assert names <= OCCASIONS.keys()
    for name in names:
        assert all(SAYINGS[name].get(language) for language in LANGUAGES)


def texts_in(*rooms: str) -> tuple[set[str], list[re.Pattern[str]]]:
    """Every text in the code of these folders, and what texts that are put together look like."""
    texts, patterns = set(), []
    for room in rooms:
        for path in sorted((PACKAGE / room).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Constant) and isinstance(node.value, str):
                    texts.add(node.value)
                elif isinstance(node, ast.JoinedStr):
                    parts = [
                        re.escape(part.value) if isinstance(part, ast.Constant) else "[a-z_]+" for part in node.values
                    ]
                    patterns.append(re.compile("".join(parts)))
    return texts, [one for one in patterns if re.search("[a-z]{3}", one.pattern.replace("[a-z_]+", ""))]


def test_nothing_is_offered_to_be_worded_that_nobody_ever_hears() -> None:
    texts, patterns = texts_in("core", "engine")

    assert [name for name in OCCASIONS if name not in texts and not any(one.fullmatch(name) for one in patterns)] == []
    assert {name for name in OCCASIONS if name.startswith("again_")} <= {"again_confirm"} | {
        f"again_{one}" for one in REASONS
    }


def test_the_core_has_no_words_of_its_own() -> None:
    """A `Message` is made of sayings, authors' texts and values; never of words that stand in the code."""
    written = [
        text.value
        for name, call in calls_in("core", "engine")
        if name == "Message"
        for text in ast.walk(call)
        if isinstance(text, ast.Constant) and isinstance(text.value, str) and any(map(str.isalpha, text.value))
    ]

    assert [text for text in written if text not in OCCASIONS] == []


@pytest.mark.parametrize("language", ["es-MX", "es-419", "es"])
def test_a_language_with_its_country_is_spoken_in_that_language(language: str) -> None:
    for first_language in (language, "en"):
        said = compile_saying("cancelled").pick(language, first_language, "seed").parts[0]
        assert said in SAYINGS["cancelled"]["es"]

    assert format_value(True, language) == "sí"


def test_a_bot_of_one_country_speaks_its_language_throughout(tmp_path: Path) -> None:
    order = "flow: order\nsteps:\n  - {ask: dish, type: text, prompt: ¿Qué plato?}\n"
    talk = Talk(flows_of(tmp_path, order, "bot: b\nlanguages: [es-MX]\n"))
    talk.start("order", "es-MX")

    assert talk.say("atrás")[0] in SAYINGS["nothing_to_go_back_to"]["es"]


@pytest.mark.parametrize(
    ("bot", "problem"),
    [
        (TWO + "opening: Hi.", "'opening' is not there in: es."),
        (TWO + "fallback: {es: Eh.}", "'fallback' is not there in: en."),
        (TWO + "apology: {en: Oops.}", "'apology' is not there in: es."),
        (TWO + "texts: {completed: Done.}", "'completed' is not there in: es."),
        (TWO + "coming_back: {say: Hi again.}", "'coming_back' is not there in: es."),
        (
            TWO + "digressions: [{say: Yes., phrases: {en: [a b], es: [c d]}}]",
            "the answer of digression 1 is not there",
        ),
        (
            TWO + "digressions: [{say: {en: Yes., es: Si.}, phrases: {en: [is it so]}}]",
            "digression 1 has no phrases in: es. Users of that language cannot ask for it.",
        ),
    ],
)
def test_what_the_bot_file_lacks_in_a_language_is_a_warning(tmp_path: Path, bot: str, problem: str) -> None:
    (found,) = problems_of(tmp_path, HELLO, bot)

    assert "warning missing-language" in found
    assert problem in found


def test_titles_phrases_and_words_about_risk_are_looked_at_too(tmp_path: Path) -> None:
    begins = "start: {phrases: {en: [begin the flow]}}"
    flow = f"flow: f\ntitle: The flow\n{begins}\nsteps:\n  - say: {{en: Hi., es: Hola.}}\n"
    risk = "risk: r\ndetectors: [{phrases: crisis}]\nlevels:\n  high: {say: I am glad you told me.}\n"
    found = [each for each in problems_of(tmp_path, flow, TWO, risk) if "missing-language" in each]

    assert [each.split("missing-language: ")[1].split(" in:")[0] for each in found] == [
        "the title of flow 'f' is not there",
        "flow 'f' has no phrases",
        "what is said at level high of 'r' is not there",
    ]


def test_phrases_without_a_language_are_of_any(tmp_path: Path) -> None:
    flow = "flow: f\nstart: {phrases: [begin, empieza]}\nsteps:\n  - say: {en: Hi., es: Hola.}\n"

    assert problems_of(tmp_path, flow, TWO) == []


def test_a_text_of_the_language_does_for_its_countries(tmp_path: Path) -> None:
    assert problems_of(tmp_path, HELLO, "bot: b\nlanguages: [en-GB, es-MX]\nopening: {en: Hi., es: Hola.}") == []


def test_a_language_that_the_engine_does_not_speak_needs_its_texts(tmp_path: Path) -> None:
    (found,) = problems_of(tmp_path, "flow: f\nsteps:\n  - say: Salut.\n", "bot: b\nlanguages: [fr]\nopening: Salut.")
    assert f"{len(SAYINGS) - 1} of the engine's own texts are not there in fr" in found

    texts = "\n".join(f"  {name}: Salut." for name in SAYINGS)
    whole = f"bot: b\nlanguages: [fr]\ntexts:\n{texts}"
    assert problems_of(tmp_path, "flow: f\nsteps:\n  - say: Salut.\n", whole) == []


@pytest.mark.parametrize(
    ("language", "number", "word"),
    [("en", 1, "person"), ("en", 0, "people"), ("en", 2, "people"), ("es", 1, "person"), ("fr", 0, "person")],
)
def test_the_word_goes_with_the_number_as_the_language_has_it(language: str, number: int, word: str) -> None:
    """French counts none as one."""
    assert format_value(number, language, style="one person, other people") == word


def test_a_language_with_more_forms_takes_the_right_one() -> None:
    style = "one soubor, few soubory, other souborů"

    assert [format_value(count, "cs", style=style) for count in (1, 3, 5)] == ["soubor", "soubory", "souborů"]


def test_words_by_number_stand_in_texts(tmp_path: Path) -> None:
    template = compile_template("{age} {age | one year, other years}", {"age": SlotType("whole number")})

    assert template.names == {"age"}
    flow = (
        "flow: f\nsteps:\n  - {ask: age, type: whole number, prompt: Age?}\n  - {say: '{age} {age | one year, few}'}\n"
    )
    (found,) = problems_of(tmp_path, flow)
    assert "unknown-format" in found


def test_lists_are_joined_as_the_language_does() -> None:
    assert join_words(["Ana", "Ben", "Carl"], "es") == "Ana, Ben y Carl"
    assert join_words(["Ana", "Ben", "Carl"], "en") == "Ana, Ben and Carl"
