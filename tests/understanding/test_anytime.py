"""What users can say at any time, and what only sounds like it."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fsm_engine.model.flow import ANYTIME_WORDS
from fsm_engine.understanding.anytime import LONGEST, anytime_word, expand
from fsm_engine.understanding.anytime_words import LANGUAGES, Language

ENGLISH = {
    "help": [
        "help", "HELP!", "Help?", "/help", "help 🙏", "please help", "help me please", "can you help me", "I need help",
        "I need some help, please", "could you please help me", "I don't understand", "I don’t understand the question",
        "what can I say?", "what are my options?", "what do you mean?", "why do you need that?", "how does this work",
        "Can you explain the question?", "help help help", "hey, can you help?",
    ],
    "repeat": [
        "repeat", "again", "again, again!", "repeat that please", "can you repeat the question?", "say that again",
        "Could you say that again, please?", "what did you ask?", "what did you just say?", "what was the question?",
        "What's the question", "sorry, what?", "pardon?", "come again?", "what?", "I didn't get that",
        "once more please",
        "What was your question again?", "ask me again",
    ],
    "back": [
        "back", "Back.", "go back", "can we go back", "please go back one step", "I want to go back",
        "Sorry, can we go back please?", "go back to the previous question", "previous question", "undo",
        "one step back",
        "let me change my last answer", "no, go back", "take me back", "back please", "ok go back",
    ],
    "skip": [
        "skip", "skip this one", "Skip it please", "can I skip this question?", "pass", "next question",
        "I'd rather not say", "prefer not to say", "I don't want to answer that", "can we move on?", "n/a", "N/A",
        "leave it blank", "let's skip this", "no comment", "skip please thanks",
    ],
    "cancel": [
        "cancel", "Cancel!", "stop", "quit", "exit", "please cancel this", "I want to cancel", "never mind",
        "nevermind",
        "forget it", "no, cancel", "I want to stop", "can we stop here?", "cancel everything", "end this chat",
        "stop stop stop", "I don't want to continue",
    ],
    "restart": [
        "restart", "start over", "let's start over please", "start again", "can we start from the beginning?",
        "I want to start over", "start from scratch", "begin again", "reset", "go back to the beginning",
        "new conversation",
    ],
    "human": [
        "human", "agent", "operator", "i want to talk to a human", "I'd like to speak with a real person please",
        "can I talk to someone?", "talk to a person", "let me speak to an agent", "I need a human",
        "give me a real person",
        "connect me to an agent", "I don't want to talk to a bot", "customer service",
        "is there a human I can talk to?",
        "I want to talk to someone", "can i please speak to a manager",
    ],
    "what_have_i_said": [
        "what have I said?", "What have I said so far?", "what did I tell you", "show me my answers",
        "can I see my answers?", "what are my answers so far", "what do you know about me?", "my answers",
    ],
}  # fmt: skip

SPANISH = {
    "help": [
        "ayuda", "¡Ayuda!", "ayúdame por favor", "necesito ayuda", "¿me puedes ayudar?", "no entiendo",
        "No entiendo la pregunta", "¿qué puedo decir?", "¿cómo funciona esto?", "¿puedes explicar la pregunta?", "help",
    ],
    "repeat": [
        "repite", "repite por favor", "¿puedes repetir?", "¿Puedes repetir la pregunta, por favor?", "¿qué dijiste?",
        "¿Qué preguntaste?", "otra vez", "de nuevo", "¿cómo?", "¿cuál era la pregunta?", "perdón, ¿qué?",
    ],
    "back": [
        "atrás", "Atras", "volver", "volver atrás", "quiero volver atrás", "¿podemos volver a la pregunta anterior?",
        "vuelve atrás", "pregunta anterior", "regresar", "un paso atrás por favor",
    ],
    "skip": [
        "saltar", "salta esta pregunta", "quiero saltar esta", "paso", "siguiente", "siguiente pregunta",
        "prefiero no decirlo", "no quiero responder", "¿puedo omitir esta pregunta?", "sin comentarios",
    ],
    "cancel": [
        "cancelar", "cancela", "cancela todo", "quiero cancelar", "parar", "para", "basta", "salir", "olvídalo",
        "quiero cancelar esto por favor", "terminar la conversación",
    ],
    "restart": [
        "empezar de nuevo", "quiero empezar de nuevo", "volver a empezar", "reiniciar", "desde el principio",
        "empecemos otra vez", "¿podemos empezar desde cero?",
    ],
    "human": [
        "hablar con una persona", "quiero hablar con una persona", "humano", "agente", "¿puedo hablar con alguien?",
        "quiero hablar con un agente por favor", "pásame con una persona", "necesito un humano", "una persona real",
        "no quiero hablar con un robot",
    ],
    "what_have_i_said": [
        "¿qué he dicho?", "¿Qué he dicho hasta ahora?", "¿qué te dije?", "muéstrame mis respuestas", "mis respuestas",
        "quiero ver mis respuestas",
    ],
}  # fmt: skip

ENGLISH_ANSWERS = [
    "", " ", "?", "Ahmed Ali", "checking", "yes", "no", "please", "thanks", "ok", "25", "x@y.z", "my mum",
    '"help"', "'help'", "“help”", "‘back’", "«skip»", '"cancel" please', 'the word "stop"', "help my mum more",
    "help out at home", "I want to help", "I want to help my mum", "I need to help my brother", "my friends help me",
    "I want to go back to school", "go back to sleep earlier", "my back", "back pain", "cancel culture",
    "cancel my gym membership", "stop smoking", "I want to stop biting my nails", "skip breakfast less",
    "skip school", "pass my exams", "repeat the year", "restart my studies", "start again with running", "human rights",
    "agent Smith", "talk to someone", "talk to my teacher", "I want to talk to my dad", "someone", "a person",
    "don't cancel", "do not skip this", "no help", "I don't need help", "I'm lost", "I give up", "I'm confused",
    "end it",
    "I don't want to go on", "I can't go on any more", "what about my brother", "what a day",
    "again and again he hits me",
    "next Friday", "next week", "the last one", "next to my house", "exit strategy", "my answers are honest",
    "I'd rather not go there", "what did you ask him", "human, I think, is what we all are", "later", "maybe later",
    "stop it hurts", "he told me to stop", "nothing", "none", "return",
]  # fmt: skip

SPANISH_ANSWERS = [
    "Ana García", "sí", "no", "para mi madre", "quiero ayudar a mi madre", "ayudar", "volver al colegio",
    "quiero volver a estudiar", '"ayuda"', "«atrás»", "paso mucho tiempo solo", "salir con amigos", "quiero salir más",
    "cancelar la suscripción del gimnasio", "hablar con mi madre", "no necesito ayuda", "el siguiente lunes",
    "dolor de espalda", "como bien", "que llueva", "no quiero seguir viviendo", "una persona", "alguien",
    "repetir el curso", "la parada del bus",
]  # fmt: skip


@pytest.mark.parametrize(("word", "text"), [(word, text) for word, texts in ENGLISH.items() for text in texts])
def test_english_words_work_at_any_time(word: str, text: str) -> None:
    assert anytime_word(text, "en") == word


@pytest.mark.parametrize(("word", "text"), [(word, text) for word, texts in SPANISH.items() for text in texts])
def test_spanish_words_work_at_any_time(word: str, text: str) -> None:
    assert anytime_word(text, "es") == word


@pytest.mark.parametrize("text", ENGLISH_ANSWERS)
def test_english_answers_are_no_commands(text: str) -> None:
    assert anytime_word(text, "en") is None


@pytest.mark.parametrize("text", SPANISH_ANSWERS)
def test_spanish_answers_are_no_commands(text: str) -> None:
    assert anytime_word(text, "es") is None


def test_every_word_of_the_bot_file_can_be_said_in_every_language() -> None:
    for language in LANGUAGES.values():
        assert set(ANYTIME_WORDS) < set(language.words)


def test_a_language_tag_may_name_a_country_and_an_unknown_language_means_english() -> None:
    assert anytime_word("atrás", "es-MX") == "back"
    assert anytime_word("back", "EN_gb") == "back"
    assert anytime_word("back", "de") == "back"
    assert anytime_word("back", "") == "back"


@pytest.mark.parametrize("language", LANGUAGES.values(), ids=LANGUAGES)
def test_no_wording_of_the_table_means_two_things(language: Language) -> None:
    meanings: dict[str, str] = {}
    for word, ways in language.words.items():
        for pattern in (*ways.alone, *ways.deeds):
            for wording in filter(None, expand(pattern)):
                assert meanings.setdefault(wording, word) == word, f"{wording!r} means {meanings[wording]} and {word}"


@pytest.mark.parametrize("language", LANGUAGES, ids=str)
def test_every_wording_of_the_table_is_understood(language: str) -> None:
    for word, ways in LANGUAGES[language].words.items():
        for pattern in (*ways.alone, *ways.deeds):
            for wording in filter(None, expand(pattern)):
                assert len(wording) <= LONGEST
                assert anytime_word(wording, language) == word, wording


@given(st.text(max_size=200), st.sampled_from(["en", "es", "", "xx"]))
@settings(max_examples=400, deadline=None)
def test_any_text_is_read_without_an_exception(text: str, language: str) -> None:
    assert anytime_word(text, language) in {None, *LANGUAGES["en"].words}


@given(
    st.sampled_from([text for texts in ENGLISH.values() for text in texts]),
    st.sampled_from(['"{}"', "“{}”", "«{}»", "'{}'", "my favourite word is {}", "{} my mother more often"]),
)
@settings(max_examples=300, deadline=None)
def test_a_command_in_quotes_or_inside_an_answer_is_an_answer(command: str, around: str) -> None:
    assert anytime_word(around.format(command), "en") is None
