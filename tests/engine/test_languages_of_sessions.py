"""Which language a conversation is held in: the program's word for it, else the user's first ones."""

from __future__ import annotations

from tests.engine.conftest import MakeBot
from tests.support.bots import texts

BOT = "bot: b\nlanguages: [en, es]\nopening: {en: Hello!, es: ¡Hola!}\nexpires: 1 hour\n"
ORDER = """
flow: order
start: {phrases: {en: [I want to order], es: [quiero pedir]}}
steps:
  - {ask: name, type: text, prompt: {en: Your name?, es: ¿Tu nombre?}}
  - {end: {en: Done., es: Listo.}}
"""


async def test_a_conversation_is_held_in_the_language_in_which_it_begins(make_bot: MakeBot) -> None:
    bot = make_bot(ORDER, BOT)
    async with bot.open() as engine:
        asked = await engine.turn("chat", "Hola, quiero pedir algo")
        async with bot.open() as other:  # another process goes on
            done = await other.turn("chat", "I am what I am")
        again = await engine.turn("chat", "👍")
        english = await engine.turn("chat", "Hello, I want to order")

    assert texts(asked) == ["¿Tu nombre?"]
    assert texts(done) == ["Listo."]  # in the middle of a flow it stays
    assert texts(again) == ["¡Hola!"]  # and where the words tell nothing
    assert texts(english) == ["Your name?"]


async def test_what_the_program_says_about_the_language_counts(make_bot: MakeBot) -> None:
    bot = make_bot(ORDER, BOT)
    async with bot.open() as engine:
        reply = await engine.turn("chat", "quiero pedir", locale="en-GB")

    assert texts(reply) == ["Your name?"]


async def test_before_a_flow_has_begun_the_language_may_still_change(make_bot: MakeBot) -> None:
    bot = make_bot(ORDER, BOT)
    async with bot.open() as engine:
        greeted = await engine.turn("chat", "hello")
        asked = await engine.turn("chat", "quiero pedir")

    assert (texts(greeted), texts(asked)) == (["Hello!"], ["¿Tu nombre?"])


async def test_the_bots_first_language_is_spoken_where_nothing_tells(make_bot: MakeBot) -> None:
    bot = make_bot(ORDER, BOT)
    async with bot.open() as engine:
        assert texts(await engine.turn("chat", "123")) == ["Hello!"]
