"""Messages are found by their words. proves: M9, M7, P10"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fsm_engine.errors import InvalidArgument
from fsm_engine.storage import Store, open_store
from fsm_engine.storage.search import matching
from fsm_engine.storage.sql_search import CANDIDATES
from fsm_engine.storage.turn_rows import MessageRow
from tests.turns import at, turn


async def say(store: Store, *texts: str, conversation: str = "chat", user_id: str | None = None) -> None:
    """A conversation of one turn in which the user said all of this."""
    messages = tuple(MessageRow("user", text, "{}") for text in texts)
    await store.commit(turn(1, conversation=conversation, user_id=user_id, messages=messages))


async def texts_found(store: Store, query: str, **options: object) -> list[str]:
    return [one.message.content for one in await store.messages.search(query, **options)]  # type: ignore[arg-type]


async def test_all_words_must_be_there_in_any_order_and_case(store: Store) -> None:
    await say(store, "A Savings account for Ana", "a savings book", "an account")

    assert await texts_found(store, "ACCOUNT savings") == ["A Savings account for Ana"]
    assert await texts_found(store, "loan") == []


async def test_accents_and_scripts_are_folded(store: Store) -> None:
    await say(store, "Mañana en Bogotá", "ÉCOLE", "Straße", "Привет, Мир", "مرحبا بالعالم", "안녕 하세요", "naïve")

    assert await texts_found(store, "manana bogota") == ["Mañana en Bogotá"]
    assert await texts_found(store, "école") == ["ÉCOLE"]
    assert await texts_found(store, "NAÏVE") == ["naïve"]
    assert await texts_found(store, "мир") == ["Привет, Мир"]
    assert await texts_found(store, "مرحبا") == ["مرحبا بالعالم"]
    assert await texts_found(store, "안녕") == ["안녕 하세요"]


async def test_the_last_word_may_be_the_beginning_of_one_unless_it_is_quoted(store: Store) -> None:
    await say(store, "my accounts", "my account")

    assert sorted(await texts_found(store, "my acc")) == ["my account", "my accounts"]
    assert await texts_found(store, "acc my") == []
    assert await texts_found(store, '"my account"') == ["my account"]
    assert await texts_found(store, '"account my"') == []


async def test_messages_that_hold_a_word_oftener_or_say_little_else_come_first(store: Store) -> None:
    filler = "and so on and so forth " * 8
    await say(store, f"card {filler}", "card", f"card card card {filler}", "card card")

    assert await texts_found(store, "card") == ["card card", "card", f"card card card {filler}", f"card {filler}"]


async def test_newer_messages_come_first_among_equals_and_the_limit_holds(store: Store) -> None:
    await say(store, "card one", "card two", "card six")

    assert await texts_found(store, "card", limit=2) == ["card six", "card two"]
    with pytest.raises(InvalidArgument):
        await store.messages.search("card", limit=0)


async def test_a_snippet_shows_the_words_among_others(store: Store) -> None:
    await say(store, "first " * 50 + "the savings account of mine " + "last " * 50)

    (found,) = await store.messages.search("savings acc", marks=("<", ">"))
    assert "the <savings> <account> of mine" in found.snippet
    assert found.snippet.startswith("…")
    assert len(found.snippet.split()) <= 24
    (plain,) = await store.messages.search("savings")
    assert "**savings** account" in plain.snippet


async def test_a_search_looks_at_one_users_or_one_conversations_messages(store: Store) -> None:
    await say(store, "card of ahmed", user_id="ahmed")
    await say(store, "card of ahmed too", conversation="second", user_id="ahmed")
    await say(store, "card of sara", conversation="other", user_id="sara")
    await say(store, "card of nobody", conversation="free")

    assert sorted(await texts_found(store, "card", user_id="ahmed")) == ["card of ahmed", "card of ahmed too"]
    assert await texts_found(store, "card", conversation_id="free") == ["card of nobody"]
    assert await texts_found(store, "card", conversation_id="second", user_id="ahmed") == ["card of ahmed too"]
    assert await texts_found(store, "card", conversation_id="other", user_id="ahmed") == []
    assert await texts_found(store, "card", conversation_id="missing") == []
    assert await texts_found(store, "card", user_id="") == []
    assert len(await texts_found(store, "card")) == 4


async def test_others_messages_never_crowd_out_ones_own(store: Store) -> None:
    await say(store, "card of ahmed", user_id="ahmed")
    for number in range(3):
        await say(store, *["card"] * (CANDIDATES // 2), conversation=f"other {number}", user_id="sara")

    assert await texts_found(store, "card", user_id="ahmed") == ["card of ahmed"]
    assert await texts_found(store, "card", conversation_id="chat") == ["card of ahmed"]
    assert len(await texts_found(store, "card", limit=CANDIDATES * 2)) == CANDIDATES


async def test_owners_and_threads_are_no_words(store: Store) -> None:
    await say(store, "hello", user_id="ahmed")

    for query in ("c1", "u61686D6564", "owner", "thread : c1", "u*", 'owner:"u61686D6564"'):
        assert await texts_found(store, query) == []


async def test_user_ids_of_every_kind_are_kept_apart(store: Store) -> None:
    users = ["a", "A", "a b", "a\u0301", "á", '"', "'; DROP TABLE messages; --", "*", "a" * 500, "日本"]
    for number, user in enumerate(users):
        await say(store, f"hello {number}", conversation=f"chat {number}", user_id=user)

    for number, user in enumerate(users):
        assert await texts_found(store, "hello", user_id=user) == [f"hello {number}"]


async def test_what_is_said_between_two_searches_is_found_by_the_second(store: Store) -> None:
    await say(store, "card one")
    before = await texts_found(store, "card")
    await store.messages.save_user("chat", "card two", now=at(2))

    assert before == ["card one"]
    assert await texts_found(store, "card") == ["card two", "card one"]


async def test_deleted_messages_are_not_found_and_their_numbers_are_used_again(store: Store) -> None:
    await say(store, "card of sara", conversation="other", user_id="sara")
    for _ in range(3):
        await say(store, "card of ahmed", "another", user_id="ahmed")
        assert len(await texts_found(store, "card")) == 2
        await store.users.delete("ahmed")
        assert await texts_found(store, "card") == ["card of sara"]
        assert await texts_found(store, "another") == []


async def test_messages_that_were_never_indexed_can_be_deleted(store: Store) -> None:
    await say(store, "card", user_id="ahmed")
    await store.users.delete("ahmed")
    await say(store, "car")

    assert await texts_found(store, "car") == ["car"]


HOSTILE = (
    *("", " ", '"', '""', '"""', "'", "''", "*", "**", "-", "--", "^", "^a", "a*b", "(", ")", "()", "((", ":", "a:b"),
    *("AND", "OR", "NOT", "NEAR", "a AND", "AND a", "NOT a", "a OR", "NEAR(", "NEAR(a b, 5)", "a NEAR/2 b", "+"),
    *("a + b", "content:x", "{content}:x", "{content thread} : x", "- content : x", "messages_index", "rank", "rowid"),
    *("'; DROP TABLE messages; --", '" OR 1=1', '") OR ("', '"*', '*"', '"a"b', 'a"b"c', "\\", '\\"', "%", "_", "?1"),
    *("\0", "a\0b", "\ud800", "a\udfff b", "\ufeff", "\u202e", "\u0301", "e\u0301", "\u200d", "😀", "🇩🇪", "²", "Ⅷ"),
    *(
        "👩\u200d👩\u200d👧",
        "𝔞",
        "\U000e0041",
        "\U0010ffff",
        "\n\r\t\v\f",
        "數據庫",
        "データ",
        "ภาษาไทย",
        "ꙮ",
        "𞤀",
        "ẞ",
    ),
    *("a" * 100_000, '"' * 5000, "a " * 5000, '"a ' * 3000, "*" * 5000, "İ", "ſ", "\x1b[2J", "<script>", "{{7*7}}"),
)


async def test_no_query_is_an_error(store: Store) -> None:
    await say(store, "an ordinary message", user_id="ahmed")
    scopes: tuple[dict[str, str], ...] = ({}, {"user_id": "ahmed"}, {"conversation_id": "chat", "user_id": "ahmed"})
    for query in HOSTILE:
        for scope in scopes:
            assert {*await texts_found(store, query, **scope)} <= {"an ordinary message"}

    assert await texts_found(store, "ordinary") == ["an ordinary message"]


async def test_any_text_is_found_by_itself_and_no_text_is_an_error() -> None:
    """Hypothesis: what is searched and what is said are arbitrary; a message's own letters find it."""
    store = await open_store("sqlite:///:memory:")
    try:
        await _any_text(store)
    finally:
        await store.close()


async def _any_text(store: Store) -> None:
    import asyncio

    loop = asyncio.get_running_loop()
    await say(store, "first")

    @given(st.text(max_size=60), st.text("abcXYZ éñßжω0 9-'\"", min_size=1, max_size=30))
    def holds(query: str, said: str) -> None:
        future = asyncio.run_coroutine_threadsafe(_say_and_search(store, query, said), loop)
        future.result(timeout=20)

    await asyncio.to_thread(holds)


async def _say_and_search(store: Store, query: str, said: str) -> None:
    saved = await store.messages.save_user("chat", said, now=at(1))
    await store.messages.search(query)
    by_itself = await store.messages.search(said.replace('"', " "), conversation_id="chat", limit=500)
    if matching(said.replace('"', " ")):
        assert saved.id in [one.message.id for one in by_itself] or len(by_itself) == 500


def test_every_word_of_a_query_is_quoted() -> None:
    assert matching('NEAR(a) OR -b* "x y" z') == '"NEAR(a)" "OR" "-b*" "x y" "z" *'
    assert matching("* - ( ) 😀") == ""
