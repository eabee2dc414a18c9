"""What a store promises of turns. proves: S1, S2, M2, M5, A1, R1, R4, D5, P1, P2, P3, P4"""

# proves: C3, S1, S2, M2, M5

from __future__ import annotations

import asyncio

import pytest

from fsm_engine.errors import (
    DuplicateRequest,
    FsmEngineError,
    IntegrityViolated,
    InvalidArgument,
    VersionConflict,
)
from fsm_engine.storage import Store
from fsm_engine.storage.records import StoredResult, StoredTurn
from fsm_engine.storage.turn_rows import AnswerRow, AuditRow, ClassificationRow, DetectionRow, MessageRow
from tests.turns import at, turn

ANSWER = AnswerRow("create_account", "name", "name", '"Ahmed Ali"', "I'm Ahmed Ali", 2)
DETECTION = DetectionRow("high", "suicide", "end it", "crisis", "3", "I want to end it", True)
AUDIT = AuditRow("key 1", "create_account", "accounts.create", "pending", '{"name":"Ahmed"}')


async def test_an_unknown_conversation_loads_as_none(store: Store) -> None:
    assert await store.load("chat", "request 1") is None


async def test_a_committed_turn_is_what_the_next_load_gives(store: Store) -> None:
    await store.commit(turn(1, user_id="ahmed", title="An account"))

    loaded = await store.load("chat", "request 2")
    assert loaded is not None
    assert loaded.seen == ()
    conversation, session = loaded.conversation, loaded.session
    assert (conversation.id, conversation.user_id, conversation.version) == ("chat", "ahmed", 1)
    assert (conversation.title, conversation.status, conversation.message_count) == ("An account", "active", 2)
    assert (conversation.created_at, conversation.updated_at) == (at(1), at(1))
    assert session is not None
    assert (session.id, session.conversation_id, session.user_id) == ("session of chat", "chat", "ahmed")
    assert (session.turn, session.state_json, session.status) == (1, '{"turn":1}', "active")
    assert (session.flow, session.step, session.intent) == ("create_account", "email", "create_account")
    assert (session.created_at, session.last_activity) == (at(1), at(1))
    assert (session.expires_at, session.completed_at) == (at(1801), None)


async def test_a_turn_brings_back_the_result_that_is_kept_under_the_key_it_looks_up(store: Store) -> None:
    await store.idempotency.put("soup", '{"n":1}', now=at(0), expires_at=at(2), user_id=None)
    await store.idempotency.put("cake", "[2]", now=at(0), expires_at=at(9), user_id=None)

    answers = await asyncio.gather(
        *(store.commit(turn(1, f"chat {key}", looks_up=key)) for key in ("soup", "cake", "pie", None))
    )
    late = await store.commit(turn(2, "chat soup", looks_up="soup"))

    soup, cake, pie, nothing = answers
    assert soup == StoredResult("soup", None, '{"n":1}', at(0), at(2))
    assert cake == StoredResult("cake", None, "[2]", at(0), at(9))
    assert (pie, nothing, late) == (None, None, None)


async def test_a_later_turn_replaces_state_and_keeps_what_was_said(store: Store) -> None:
    await store.commit(turn(1, title="First"))
    await store.commit(turn(2, title="ignored", status="completed", step=None, completed_at=at(2), expires_at=None))

    loaded = await store.load("chat", None)
    assert loaded is not None
    assert loaded.session is not None
    assert (loaded.conversation.version, loaded.conversation.message_count) == (2, 4)
    assert (loaded.conversation.title, loaded.conversation.updated_at) == ("First", at(2))
    assert (loaded.session.turn, loaded.session.state_json, loaded.session.status) == (2, '{"turn":2}', "completed")
    assert (loaded.session.step, loaded.session.completed_at, loaded.session.expires_at) == (None, at(2), None)
    assert loaded.session.created_at == at(1)
    said = await store.messages.last("chat")
    assert [(one.number, one.role, one.content) for one in said] == [
        (1, "user", "message 1"),
        (2, "assistant", "reply 1"),
        (3, "user", "message 2"),
        (4, "assistant", "reply 2"),
    ]


async def test_every_message_carries_its_turn_and_request(store: Store) -> None:
    await store.commit(turn(1, user_id="ahmed"))

    first, second = await store.messages.last("chat")
    assert (first.request_id, first.turn, first.session_id) == ("request 1", 1, "session of chat")
    assert (first.user_id, first.metadata_json, first.created_at) == ("ahmed", '{"source":"test"}', at(1))
    assert (second.request_id, second.metadata_json) == ("request 1", "{}")


async def test_of_two_turns_from_one_version_the_second_is_refused(store: Store) -> None:
    await store.commit(turn(1))
    await store.commit(turn(2))

    with pytest.raises(VersionConflict):
        await store.commit(turn(2, request_id="another", state_json='{"stale":true}'))

    loaded = await store.load("chat", "another")
    assert loaded is not None
    assert loaded.session is not None
    assert (loaded.conversation.version, loaded.session.state_json, loaded.seen) == (2, '{"turn":2}', ())
    assert len(await store.messages.last("chat")) == 4


async def test_a_conversation_can_begin_only_once(store: Store) -> None:
    await store.commit(turn(1))

    with pytest.raises(VersionConflict):
        await store.commit(turn(1, session_id="another", request_id="another"))

    assert await store.sessions.get("another") is None


async def test_a_turn_of_a_conversation_that_is_gone_is_refused(store: Store) -> None:
    with pytest.raises(VersionConflict):
        await store.commit(turn(2))


async def test_of_many_turns_from_one_version_one_is_stored(store: Store) -> None:
    results = await asyncio.gather(
        *(store.commit(turn(1, session_id=f"s{n}", request_id=f"r{n}")) for n in range(40)), return_exceptions=True
    )

    assert results.count(None) == 1
    assert sum(isinstance(result, VersionConflict) for result in results) == 39
    loaded = await store.load("chat", None)
    assert loaded is not None
    assert (loaded.conversation.version, loaded.conversation.message_count) == (1, 2)


async def test_a_request_id_is_stored_once_per_conversation(store: Store) -> None:
    await store.commit(turn(1))

    with pytest.raises(DuplicateRequest):
        await store.commit(turn(2, request_id="request 1"))
    await store.commit(turn(1, conversation="other"))

    loaded = await store.load("chat", None)
    assert loaded is not None
    assert loaded.conversation.version == 1


async def test_turns_without_a_request_id_are_never_duplicates(store: Store) -> None:
    await store.commit(turn(1, request_id=None))
    await store.commit(turn(2, request_id=None))

    loaded = await store.load("chat", None)
    assert loaded is not None
    assert (loaded.conversation.version, loaded.seen) == (2, ())


async def test_a_request_seen_before_comes_with_the_turns_that_it_caused(store: Store) -> None:
    await store.commit(turn(1))
    await store.commit(turn(2))
    await store.commit(turn(3, request_id=None, caused_by=2))
    await store.commit(turn(4))
    await store.commit(turn(5, request_id=None, caused_by=3))

    loaded = await store.load("chat", "request 2")
    assert loaded is not None
    assert [one.number for one in loaded.seen] == [2, 3, 5]
    assert loaded.seen[0] == StoredTurn(
        session_id="session of chat",
        number=2,
        request_id="request 2",
        fingerprint="content 2",
        event_json='{"text":"message 2"}',
        reply_json='{"messages":["reply 2"]}',
        flow_hash="hash of the flow",
        caused_by=None,
        created_at=at(2),
    )


async def test_a_request_of_an_earlier_session_is_still_known(store: Store) -> None:
    await store.commit(turn(1))
    await store.commit(turn(1, base_version=1, session_id="second", request_id="request 2", now=at(2)))

    loaded = await store.load("chat", "request 1")
    assert loaded is not None
    assert loaded.session is not None
    assert loaded.session.id == "second"
    assert [(one.session_id, one.number) for one in loaded.seen] == [("session of chat", 1)]


async def test_the_journal_holds_every_turn_in_order(store: Store) -> None:
    for number in (1, 2, 3):
        await store.commit(turn(number))

    journal = await store.sessions.journal("session of chat")
    assert [(one.number, one.event_json) for one in journal] == [
        (number, f'{{"text":"message {number}"}}') for number in (1, 2, 3)
    ]


async def test_a_new_session_closes_the_one_before(store: Store) -> None:
    await store.commit(turn(1))
    await store.commit(
        turn(1, base_version=1, session_id="second", request_id="r2", closes_session=("session of chat", "expired"))
    )
    await store.commit(
        turn(1, base_version=2, session_id="third", request_id="r3", now=at(3), closes_session=("second", "cancelled"))
    )

    first, second = await store.sessions.get("session of chat"), await store.sessions.get("second")
    assert first is not None
    assert (first.status, first.completed_at, first.state_json) == ("expired", None, '{"turn":1}')
    assert second is not None
    assert (second.status, second.completed_at) == ("cancelled", at(3))


async def test_a_new_session_after_one_that_the_conversation_never_had_is_a_conflict(store: Store) -> None:
    await store.commit(turn(1))
    await store.commit(turn(1, conversation="other"))
    for gone in ("session that is gone", "session of other"):
        with pytest.raises(VersionConflict):
            await store.commit(turn(1, base_version=1, session_id="second", request_id="r2", after_session=gone))
    await store.commit(turn(1, base_version=1, session_id="second", request_id="r2", after_session="session of chat"))

    sessions = await store.sessions.journal("second")
    assert [one.number for one in sessions] == [1]


async def test_a_turn_cannot_close_a_session_of_another_conversation(store: Store) -> None:
    await store.commit(turn(1, conversation="other"))
    await store.commit(turn(1, closes_session=("session of other", "expired")))

    foreign = await store.sessions.get("session of other")
    assert foreign is not None
    assert foreign.status == "active"


async def test_a_turn_cannot_go_on_with_a_session_of_another_conversation(store: Store) -> None:
    await store.commit(turn(1, conversation="other"))
    await store.commit(turn(1))

    with pytest.raises(IntegrityViolated):
        await store.commit(turn(2, session_id="session of other", messages=()))

    foreign = await store.sessions.get("session of other")
    assert foreign is not None
    assert foreign.turn == 1


@pytest.mark.parametrize("number", [1, 2, 4])
async def test_a_session_takes_only_the_turn_that_comes_next(store: Store, number: int) -> None:
    await store.commit(turn(1))
    await store.commit(turn(2))

    with pytest.raises(IntegrityViolated):
        await store.commit(turn(number, base_version=2, request_id="new"))

    loaded = await store.load("chat", "new")
    assert loaded is not None
    assert loaded.session is not None
    assert (loaded.conversation.version, loaded.session.turn, loaded.seen) == (2, 2, ())


async def test_an_answer_is_kept_and_a_correction_replaces_it(store: Store) -> None:
    await store.commit(turn(1, answers=(ANSWER,)))
    await store.commit(
        turn(2, answers=(AnswerRow("create_account", "name", "name", '"Ahmed Aly"', "Aly, not Ali", 1),))
    )

    (answer,) = await store.responses.of_session("session of chat")
    assert (answer.response_json, answer.raw, answer.attempts) == ('"Ahmed Aly"', "Aly, not Ali", 1)
    assert (answer.flow, answer.step, answer.slot) == ("create_account", "name", "name")
    assert (answer.created_at, answer.updated_at) == (at(1), at(2))


async def test_an_answer_without_a_response_is_taken_away(store: Store) -> None:
    other = AnswerRow("create_account", "email", "email", '"a@example.com"', "a@example.com", 1)
    await store.commit(turn(1, answers=(ANSWER, other)))
    await store.commit(turn(2, answers=(AnswerRow("create_account", "name", "name", None, "", 0),)))

    (left,) = await store.responses.of_session("session of chat")
    assert left.step == "email"


async def test_a_detection_points_at_the_message_that_it_was_found_in(store: Store) -> None:
    await store.commit(turn(1))
    await store.commit(turn(2, detections=(DETECTION,)))

    (found,) = await store.risk.of_session("session of chat")
    said = await store.messages.last("chat")
    assert found.message_id == next(one.id for one in said if one.content == "message 2")
    assert (found.turn, found.level, found.category, found.phrase) == (2, "high", "suicide", "end it")
    assert (found.detector, found.detector_version, found.user_message) == ("crisis", "3", "I want to end it")
    assert (found.resources_shown, found.detected_at, found.reviewed_at) == (True, at(2), None)


async def test_a_detection_without_a_user_message_points_nowhere(store: Store) -> None:
    await store.commit(turn(1, detections=(DETECTION,), messages=(MessageRow("assistant", "hello", "{}"),)))

    (found,) = await store.risk.of_session("session of chat")
    assert found.message_id is None


async def test_a_classification_is_kept_with_its_turn(store: Store) -> None:
    await store.commit(
        turn(1, classification=ClassificationRow("open an account", "create_account", 0.75, "hybrid", "name"))
    )
    await store.commit(turn(2, classification=ClassificationRow("hm", None, 0.0, "rule_based", None)))

    first, second = await store.intents.of_session("session of chat")
    assert (first.turn, first.user_message, first.intent) == (1, "open an account", "create_account")
    assert (first.confidence, first.method, first.step, first.created_at) == (0.75, "hybrid", "name", at(1))
    assert (second.turn, second.intent, second.step) == (2, None, None)


async def test_an_action_keeps_one_audit_row_from_pending_to_its_end(store: Store) -> None:
    await store.commit(turn(1, user_id="ahmed", audit=(AUDIT,)))
    done = AuditRow("key 1", None, "accounts.create", "success", "{}", '{"account":"1"}')
    await store.commit(turn(2, user_id="ahmed", request_id=None, caused_by=1, audit=(done,)))

    (row,) = await store.audit.of_session("session of chat")
    assert (row.key, row.status, row.output_json, row.error) == ("key 1", "success", '{"account":"1"}', None)
    assert (row.input_json, row.intent, row.turn) == ('{"name":"Ahmed"}', "create_account", 1)
    assert (row.user_id, row.created_at, row.updated_at) == ("ahmed", at(1), at(2))


async def test_dropping_messages_takes_those_of_the_session_and_no_others(store: Store) -> None:
    await store.commit(turn(1))
    await store.commit(turn(1, base_version=1, session_id="second", request_id="r2", now=at(2)))
    await store.commit(turn(2, base_version=2, session_id="second", request_id="r3", drop_messages=True))
    await store.commit(turn(3, base_version=3, session_id="second", request_id="r4"))

    said = await store.messages.last("chat")
    assert [(one.number, one.session_id) for one in said] == [
        (1, "session of chat"),
        (2, "session of chat"),
        (7, "second"),
        (8, "second"),
    ]
    conversation = await store.conversations.get("chat")
    assert conversation is not None
    assert conversation.message_count == 4


HOSTILE = (
    "'; DROP TABLE messages; --",
    'quotes " and \\ and \\u0000 and {slot} and %s',
    "👩‍👩‍👧 \u202eright to left\u202c é é \u200b",
    "line\nline\r\n\ttab \x01\x1f\x7f",
    "x" * 100_000,
)


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
async def test_any_text_is_stored_verbatim(store: Store, text: str) -> None:
    await store.commit(
        turn(
            1,
            conversation=text,
            request_id=text,
            title=text[:200],
            messages=(MessageRow("user", text, "{}"),),
            answers=(AnswerRow(text, text, text, '"x"', text, 1),),
            audit=(AuditRow(text, text, text, "failure", "{}", None, text),),
        )
    )

    loaded = await store.load(text, text)
    assert loaded is not None
    assert loaded.seen[0].request_id == text
    assert [one.content for one in await store.messages.last(text)] == [text]
    (answer,) = await store.responses.of_session(f"session of {text}")
    assert (answer.flow, answer.step, answer.raw) == (text, text, text)
    assert (await store.audit.by_key(text)) is not None


@pytest.mark.parametrize("text", ["a\0b", "a\ud800b"], ids=["NUL", "surrogate"])
@pytest.mark.parametrize("place", ["message", "state", "conversation", "request", "answer", "reply"])
async def test_text_that_no_database_can_keep_is_refused(store: Store, text: str, place: str) -> None:
    await store.commit(turn(1, conversation="a"))
    changed = {
        "message": turn(1, messages=(MessageRow("user", text, "{}"),)),
        "state": turn(1, state_json=text),
        "conversation": turn(1, conversation=text),
        "request": turn(1, request_id=text),
        "answer": turn(1, answers=(AnswerRow("f", "s", text, '"x"', "x", 1),)),
        "reply": turn(1, reply_json=text),
    }[place]

    with pytest.raises(InvalidArgument):
        await store.commit(changed)
    with pytest.raises(InvalidArgument):
        await store.load(text, None)
    with pytest.raises(InvalidArgument):
        await store.load("a", text)


BAD = (
    (turn(1, conversation="bad", status="sleeping"), IntegrityViolated),
    (turn(1, conversation="bad", messages=(MessageRow("robot", "x", "{}"),)), IntegrityViolated),  # type: ignore[arg-type]
    (turn(1, conversation="bad", title="x" * 201), IntegrityViolated),
    (turn(1, conversation="bad", classification=ClassificationRow("x", "y", 1.5, "ml", None)), IntegrityViolated),
    (turn(1, conversation="bad", caused_by=2**70), InvalidArgument),
    (turn(7, conversation="bad"), VersionConflict),
    (turn(2, conversation="old", request_id="request 1"), DuplicateRequest),
)


@pytest.mark.parametrize(("bad", "error"), BAD, ids=range(len(BAD)))
async def test_a_turn_that_is_refused_does_not_fail_its_neighbours(
    store: Store, bad: object, error: type[FsmEngineError]
) -> None:
    await store.commit(turn(1, conversation="old"))
    good = [turn(1, conversation=f"good {number}") for number in range(20)]

    results = await asyncio.gather(
        *(store.commit(one) for one in [*good[:10], bad, *good[10:]]),  # type: ignore[list-item]
        return_exceptions=True,
    )

    assert isinstance(results.pop(10), error)
    assert results == [None] * 20
    for one in good:
        loaded = await store.load(one.conversation_id, None)
        assert loaded is not None
        assert (loaded.conversation.version, loaded.conversation.message_count) == (1, 2)
    assert await store.load("bad", None) is None


async def test_a_refusal_does_not_repeat_what_a_user_typed(store: Store) -> None:
    secret = "my secret"
    said = (MessageRow(secret, secret, secret),)  # type: ignore[arg-type]
    for changes in ({"status": secret}, {"title": secret * 50}, {"messages": said}):
        with pytest.raises(IntegrityViolated) as refused:
            await store.commit(turn(1, **changes))

        assert secret not in str(refused.value)


async def test_many_conversations_load_at_once_each_its_own(store: Store) -> None:
    for number in range(30):
        await store.commit(turn(1, conversation=f"chat {number}"))

    loaded = await asyncio.gather(*(store.load(f"chat {number}", f"request {number % 2}") for number in range(40)))
    assert [one.conversation.id if one else None for one in loaded] == [
        *(f"chat {number}" for number in range(30)),
        *[None] * 10,
    ]
    assert [len(one.seen) for one in loaded if one] == [number % 2 for number in range(30)]
