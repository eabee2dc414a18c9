"""P10: to a user, another user's conversation is one that does not exist, for every verb that takes a user id."""

# proves: M7

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any

import pytest

from fsm_engine import Engine, SyncEngine
from fsm_engine.errors import FsmEngineError, NotFound
from fsm_engine.model.session import SessionState
from fsm_engine.storage import repositories
from fsm_engine.storage.repositories import Repository
from fsm_engine.storage.store import Store
from fsm_engine.storage.turn_rows import AnswerRow, DetectionRow
from fsm_engine.testing.database_files import table_digests
from tests.engine.conftest import MakeBot
from tests.support.bots import ORDER, Bot

Ask = Callable[[Engine, str, str | None], Coroutine[Any, Any, Any]]

LOOK_UPS: dict[str, Ask] = {
    "session": lambda engine, chat, user: engine.session(chat, user_id=user),
    "history": lambda engine, chat, user: engine.history(chat, user_id=user),
    "outcome": lambda engine, chat, user: engine.outcome(chat, "r1", user_id=user),
}
"""What only looks: a missing conversation is not made by it."""
TURNS: dict[str, Ask] = {
    "turn": lambda engine, chat, user: engine.turn(chat, "Soup", user_id=user),
    "turn again": lambda engine, chat, user: engine.turn(chat, "I want to order", user_id=user, request_id="r1"),
    "turn with other content": lambda engine, chat, user: engine.turn(chat, "Stew", user_id=user, request_id="r1"),
    "start": lambda engine, chat, user: engine.start(chat, "order", user_id=user),
}
NOW = "2026-03-04T09:30:00.000000Z"
ANSWER = AnswerRow("order", "dish", "dish", '"Soup"', "Soup", 1)
FOUND = DetectionRow("low", "suicide", "words", "words", "a person", "1", resources_shown=False)
OWNERS = {"another user's": "ahmed", "nobody's": None}


@pytest.fixture
async def bot(make_bot: MakeBot) -> Bot:
    return make_bot(ORDER)


@pytest.fixture(params=["held", "read again"])
async def engine(request: pytest.FixtureRequest, bot: Bot) -> AsyncIterator[Engine]:
    """With one conversation of ahmed and one of nobody, both at their first question."""
    hold_at_most = 2000 if request.param == "held" else 0
    async with bot.open(hold_at_most=hold_at_most) as engine:
        for owner in OWNERS.values():
            await engine.turn(f"chat of {owner}", "I want to order", user_id=owner, request_id="r1")
        yield engine


async def answer(ask: Ask, engine: Engine, chat: str, user: str) -> tuple[str, str, str]:
    """What a user gets to know: a value, or an error's type, code and text; without the id that they gave."""
    try:
        value = await ask(engine, chat, user)
    except FsmEngineError as error:
        return type(error).__name__, error.code, str(error).replace(chat, "…")
    return "returned", repr(value), ""


@pytest.mark.parametrize("owner", OWNERS.values(), ids=OWNERS)
@pytest.mark.parametrize("verb", LOOK_UPS)
async def test_a_look_up_says_of_it_what_it_says_of_a_missing_one(engine: Engine, verb: str, owner: str | None) -> None:
    ask = LOOK_UPS[verb]

    assert await answer(ask, engine, f"chat of {owner}", "eve") == await answer(ask, engine, "no chat", "eve")


@pytest.mark.parametrize("owner", OWNERS.values(), ids=OWNERS)
@pytest.mark.parametrize("verb", TURNS)
async def test_a_turn_in_it_is_refused_in_the_words_of_a_missing_one_and_changes_nothing(
    engine: Engine, bot: Bot, verb: str, owner: str | None
) -> None:
    before = table_digests(bot.database)
    missing = await answer(LOOK_UPS["session"], engine, "no chat", "eve")

    assert await answer(TURNS[verb], engine, f"chat of {owner}", "eve") == missing
    assert table_digests(bot.database) == before


@pytest.mark.parametrize("owner", OWNERS.values(), ids=OWNERS)
async def test_its_owner_and_the_bot_itself_go_on(engine: Engine, owner: str | None) -> None:
    chat = f"chat of {owner}"

    for user in (owner, None):
        assert (await engine.session(chat, user_id=user)).step == "dish"
        assert len(await engine.history(chat, user_id=user)) == 2
        assert await engine.outcome(chat, "r1", user_id=user) is not None
    assert (await engine.turn(chat, "Soup", user_id=owner)).session.step == "note"
    assert (await engine.turn(chat, "None")).text == "Soup: None."


@pytest.mark.parametrize("verb", LOOK_UPS | TURNS)
async def test_damage_to_it_is_told_to_its_owner_only(bot: Bot, verb: str) -> None:
    ask = (LOOK_UPS | TURNS)[verb]
    async with bot.open() as engine:
        await engine.turn("chat of ahmed", "I want to order", user_id="ahmed", request_id="r1")
    bot.change("UPDATE sessions SET state_json = replace(state_json, 'order', 'ordre')")

    async with bot.open() as engine:
        missing = await answer(LOOK_UPS["outcome" if verb == "outcome" else "session"], engine, "no chat", "eve")
        assert await answer(ask, engine, "chat of ahmed", "eve") == missing
        assert (await answer(ask, engine, "chat of ahmed", "ahmed"))[0] == "SessionCorrupted"


def test_every_public_verb_that_takes_a_user_is_asked_here() -> None:
    taking_a_user = {
        name
        for name, method in inspect.getmembers(Engine, inspect.iscoroutinefunction)
        if not name.startswith("_") and "user_id" in inspect.signature(method).parameters
    }

    assert taking_a_user - {"erase"} == set(LOOK_UPS) | {"turn", "start"}
    for name in LOOK_UPS:
        assert inspect.signature(getattr(SyncEngine, name)).parameters["user_id"].default is None


async def test_every_look_up_of_the_store_finds_of_another_user_what_it_finds_of_nobody(engine: Engine) -> None:
    store = engine.store
    session = (await engine.session("chat of ahmed")).id
    rows_of_ahmed = 0
    for owner, user in (("ahmed", "ahmed"), ("ahmed", "eve"), ("nobody", "eve")):
        chat, its_session = (f"chat of {owner}", session) if owner == "ahmed" else ("no chat", "no session")
        found = [
            await store.conversations.get(chat, user_id=user),
            await store.messages.last(chat, user_id=user),
            await store.messages.count_by_role(chat, user_id=user),
            await store.sessions.get(its_session, user_id=user),
            await store.sessions.journal(its_session, user_id=user),
            await store.responses.of_session(its_session, user_id=user),
            await store.audit.of_session(its_session, user_id=user),
            await store.audit.by_key("no key", user_id=user),
            await store.risk.of_session(its_session, user_id=user),
            await store.intents.of_session(its_session, user_id=user),
            await store.messages.page(chat, user_id=user),
            await store.messages.archived(chat, user_id=user),
            await store.messages.search("order", conversation_id=chat, user_id=user),
            await store.sessions.of_conversation(chat, user_id=user),
            await store.summaries.of_session(its_session, user_id=user),
            await store.transactions.get("no key", user_id=user),
            await store.idempotency.get("no key", now="2026", user_id=user),
        ]
        if user == "ahmed":
            rows_of_ahmed = sum(bool(one) for one in found)
        else:
            assert not any(found)
    assert rows_of_ahmed >= 5


CHANGES: dict[str, Callable[[Store, str, str, str], Coroutine[Any, Any, Any]]] = {
    "conversations.rename": lambda s, chat, _, user: s.conversations.rename(chat, "mine", now=NOW, user_id=user),
    "conversations.archive": lambda s, chat, _, user: s.conversations.archive(chat, now=NOW, user_id=user),
    "conversations.unarchive": lambda s, chat, _, user: s.conversations.unarchive(chat, now=NOW, user_id=user),
    "conversations.close": lambda s, chat, _, user: s.conversations.close(chat, now=NOW, user_id=user),
    "conversations.delete": lambda s, chat, _, user: s.conversations.delete(chat, now=NOW, user_id=user),
    "messages.save_user": lambda s, chat, _, user: s.messages.save_user(chat, "hi", now=NOW, user_id=user),
    "sessions.create": lambda s, chat, _, user: s.sessions.create(chat, session_id="new", now=NOW, user_id=user),
    "sessions.complete": lambda s, _, session, user: s.sessions.complete(session, now=NOW, user_id=user),
    "sessions.expire": lambda s, _, session, user: s.sessions.expire(session, now=NOW, user_id=user),
    "sessions.update_state": lambda s, _, session, user: s.sessions.update_state(
        SessionState(session, turn=1), now=NOW, user_id=user
    ),
    "responses.save": lambda s, _, session, user: s.responses.save(session, ANSWER, now=NOW, user_id=user),
    "risk.save": lambda s, _, session, user: s.risk.save(session, FOUND, now=NOW, user_id=user),
    "summaries.write": lambda s, _, session, user: s.summaries.write(session, now=NOW, user_id=user),
}
"""What operators change: another user's counts as missing."""
OWNER_IS_GIVEN = {"Conversations.create", "Audit.log", "Idempotency.put"}
"""There the user id says whose the new row is."""


@pytest.mark.parametrize("verb", CHANGES)
async def test_a_change_with_a_user_meets_nothing_of_another_user(bot: Bot, engine: Engine, verb: str) -> None:
    session = (await engine.session("chat of ahmed")).id
    before = table_digests(bot.database)
    with pytest.raises(NotFound):
        await CHANGES[verb](engine.store, "chat of ahmed", session, "eve")
    assert table_digests(bot.database) == before


def test_every_repository_s_look_up_with_a_user_is_among_those() -> None:
    asked = inspect.getsource(test_every_look_up_of_the_store_finds_of_another_user_what_it_finds_of_nobody)
    for _, repository in inspect.getmembers(repositories, inspect.isclass):
        if not issubclass(repository, Repository):
            continue
        for name, method in inspect.getmembers(repository, inspect.iscoroutinefunction):
            user = inspect.signature(method).parameters.get("user_id")
            is_meant = not name.startswith("_") and user is not None and user.kind is user.KEYWORD_ONLY
            verb = f"{repository.__name__}.{name}"
            if is_meant and verb not in OWNER_IS_GIVEN:
                assert f".{name}(" in asked or verb.lower() in CHANGES, verb


async def test_a_missing_one_is_not_found(engine: Engine) -> None:
    with pytest.raises(NotFound, match=r"^there is no conversation 'no chat'\. Check the id, and whose it is\.$"):
        await engine.session("no chat", user_id="eve")
