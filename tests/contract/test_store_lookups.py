"""What can be looked up, by whom. proves: S4, M1, M3, M6, M7, A1, R1, P10"""

# proves: S1, S4, M1, M5

from __future__ import annotations

import asyncio

import pytest

from fsm_engine.errors import NotFound, VersionConflict
from fsm_engine.storage import Store
from fsm_engine.storage.records import DeletedUser, FlowVersion
from fsm_engine.storage.turn_rows import AnswerRow, AuditRow, ClassificationRow, DetectionRow, TurnToCommit
from tests.turns import at, turn


def full_turn(number: int, conversation: str, user_id: str) -> TurnToCommit:
    return turn(
        number,
        conversation,
        user_id=user_id,
        answers=(AnswerRow("create_account", "name", "name", '"x"', "x", 1),),
        detections=(DetectionRow("low", "mood", "sad", "words", "1", "sad", False),),
        classification=ClassificationRow("x", "create_account", 1.0, "ml", None),
        audit=(AuditRow(f"key of {conversation} {number}", "create_account", "accounts.create", "pending", '{"a":1}'),),
    )


async def test_a_created_conversation_takes_its_first_turn_at_version_one(store: Store) -> None:
    created = await store.conversations.create("chat", now=at(0), user_id="ahmed", title="An account")
    await store.commit(turn(1, base_version=created.version, user_id="ahmed"))

    loaded = await store.load("chat", None)
    assert loaded is not None
    assert (created.version, created.title, created.message_count) == (1, "An account", 0)
    assert (loaded.conversation.version, loaded.conversation.created_at) == (2, at(0))


async def test_a_created_conversation_has_no_session(store: Store) -> None:
    await store.conversations.create("chat", now=at(0))

    loaded = await store.load("chat", "request 1")
    assert loaded is not None
    assert (loaded.session, loaded.seen) == (None, ())


async def test_a_conversation_id_is_taken_once(store: Store) -> None:
    await store.conversations.create("chat", now=at(0))

    with pytest.raises(VersionConflict):
        await store.conversations.create("chat", now=at(1), user_id="sara")

    await store.conversations.create("next", now=at(2))
    assert [one.id for one in await store.conversations.with_status("active")] == ["next", "chat"]


async def test_a_turn_is_no_part_of_a_change_that_is_undone(store: Store) -> None:
    await store.conversations.create("chat", now=at(0))
    await asyncio.gather(
        *(store.conversations.create("chat", now=at(1)) for _ in range(5)),
        *(store.commit(turn(1, conversation=f"chat {number}")) for number in range(5)),
        return_exceptions=True,
    )

    assert [one.id for one in await store.conversations.with_status("active")][:-1] == [
        f"chat {number}" for number in (4, 3, 2, 1, 0)
    ]


async def test_conversations_are_listed_newest_first_by_user_and_status(store: Store) -> None:
    for number in range(4):
        await store.conversations.create(f"chat {number}", now=at(number), user_id="ahmed")
    await store.conversations.create("other", now=at(9), user_id="sara")

    assert [one.id for one in await store.conversations.of_user("ahmed", limit=3)] == ["chat 3", "chat 2", "chat 1"]
    assert await store.conversations.of_user("ahmed", status="archived") == []
    assert [one.id for one in await store.conversations.with_status("active", limit=2)] == ["other", "chat 3"]


async def test_the_last_messages_come_oldest_first_in_pages(store: Store) -> None:
    for number in range(1, 16):
        await store.commit(turn(number))

    page = await store.messages.last("chat")
    assert [one.number for one in page] == list(range(11, 31))
    earlier = await store.messages.last("chat", before=page[0].number, limit=4)
    assert [one.number for one in earlier] == [7, 8, 9, 10]


async def test_messages_are_counted_by_role(store: Store) -> None:
    await store.commit(turn(1))
    await store.commit(turn(2, messages=()))

    assert await store.messages.count_by_role("chat") == {"user": 1, "assistant": 1}
    assert await store.messages.count_by_role("nothing") == {}


async def test_sessions_are_listed_newest_first_by_user_and_status(store: Store) -> None:
    for number in range(3):
        await store.commit(turn(1, conversation=f"chat {number}", user_id="ahmed"))
    await store.commit(turn(2, conversation="chat 1", user_id="ahmed", status="completed"))

    assert [one.conversation_id for one in await store.sessions.of_user("ahmed")] == ["chat 2", "chat 1", "chat 0"]
    assert [one.conversation_id for one in await store.sessions.of_user("ahmed", limit=1)] == ["chat 2"]
    done = await store.sessions.of_user("ahmed", status="completed")
    assert [(one.conversation_id, one.state_json, one.is_damaged) for one in done] == [("chat 1", '{"turn":2}', False)]
    assert [one.conversation_id for one in await store.sessions.with_status("active")] == ["chat 2", "chat 0"]
    (newest,) = await store.sessions.with_status("active", limit=1)
    older = await store.sessions.with_status("active", limit=5, before=newest.key)
    assert [one.conversation_id for one in (newest, *older)] == ["chat 2", "chat 0"]


async def test_only_active_sessions_expire_the_longest_overdue_first(store: Store) -> None:
    await store.commit(turn(1, conversation="late", expires_at=at(20)))
    await store.commit(turn(1, conversation="later", expires_at=at(10)))
    await store.commit(turn(1, conversation="done", expires_at=at(5), status="completed"))
    await store.commit(turn(1, conversation="in time", expires_at=at(31)))
    await store.commit(turn(1, conversation="never", expires_at=None))

    assert [one.conversation_id for one in await store.sessions.list_expired(at(30))] == ["later", "late"]
    assert await store.sessions.list_expired(at(9)) == []


async def test_what_belongs_to_another_user_is_as_missing_as_what_does_not_exist(store: Store) -> None:
    await store.commit(full_turn(1, "chat", "ahmed"))
    session = "session of chat"

    for user, count in (("ahmed", 1), ("sara", 0)):
        assert (await store.conversations.get("chat", user_id=user) is not None) == bool(count)
        assert (await store.sessions.get(session, user_id=user) is not None) == bool(count)
        assert (await store.audit.by_key("key of chat 1", user_id=user) is not None) == bool(count)
        assert len(await store.messages.last("chat", user_id=user)) == 2 * count
        assert len(await store.messages.count_by_role("chat", user_id=user)) == 2 * count
        assert len(await store.sessions.journal(session, user_id=user)) == count
        assert len(await store.responses.of_session(session, user_id=user)) == count
        assert len(await store.audit.of_session(session, user_id=user)) == count
        assert len(await store.risk.of_session(session, user_id=user)) == count
        assert len(await store.intents.of_session(session, user_id=user)) == count
        assert len(await store.conversations.of_user(user)) == count
        assert len(await store.sessions.of_user(user)) == count
        assert len(await store.audit.of_user(user)) == count


async def test_an_anonymous_conversation_belongs_to_no_user(store: Store) -> None:
    await store.commit(turn(1))

    assert await store.conversations.get("chat", user_id="ahmed") is None
    assert await store.sessions.get("session of chat", user_id="ahmed") is None
    assert await store.messages.last("chat", user_id="ahmed") == []


async def test_deleting_a_user_deletes_what_is_theirs_and_tells_how_much(store: Store) -> None:
    for number in (1, 2):
        await store.commit(full_turn(number, "chat", "ahmed"))
    await store.commit(full_turn(1, "second", "ahmed"))
    await store.commit(full_turn(1, "other", "sara"))

    deleted = await store.users.delete("ahmed")
    assert deleted == DeletedUser(conversations=2, sessions=2, messages=6, answers=2)
    assert await store.load("chat", None) is None
    assert await store.messages.last("chat") == []
    assert await store.sessions.get("session of chat") is None
    assert await store.responses.of_session("session of chat") == []
    assert await store.users.delete("ahmed") == DeletedUser(0, 0, 0, 0)
    assert len(await store.messages.last("other")) == 2


async def test_the_audit_of_a_deleted_user_says_only_that_something_happened(store: Store) -> None:
    await store.commit(full_turn(1, "chat", "ahmed"))
    await store.users.delete("ahmed", now=at(5), record="record")

    assert await store.audit.by_key("key of chat 1") is None
    (row,) = await store.audit.with_status("unknown")
    assert (row.action, row.created_at) == ("accounts.create", at(1))
    assert row.key.startswith("erased:")
    assert (row.user_id, row.session_id, row.input_json, row.output_json, row.error) == (None, None, "{}", None, None)
    (record,) = await store.audit.with_status("success")
    assert (record.key, record.action, record.input_json, record.created_at) == ("erase:record", "erase", "{}", at(5))


async def test_an_audit_row_is_brought_up_to_date_outside_a_turn(store: Store) -> None:
    await store.commit(full_turn(1, "chat", "ahmed"))
    pending = await store.audit.with_status("pending")
    await store.audit.update(pending[0].key, status="unknown", now=at(9), output_json="[]", error="timeout")

    (row,) = await store.audit.of_user("ahmed")
    assert (row.status, row.output_json, row.error, row.updated_at) == ("unknown", "[]", "timeout", at(9))
    assert await store.audit.with_status("pending") == []


async def test_an_audit_row_that_is_not_there_cannot_be_brought_up_to_date(store: Store) -> None:
    with pytest.raises(NotFound):
        await store.audit.update("no such key", status="success", now=at(1))


async def test_the_latest_actions_of_a_user_come_first(store: Store) -> None:
    for number in (1, 2, 3):
        await store.commit(full_turn(number, "chat", "ahmed"))

    assert [one.turn for one in await store.audit.of_user("ahmed", limit=2)] == [3, 2]
    assert [one.turn for one in await store.audit.of_session("session of chat")] == [1, 2, 3]


async def test_detections_are_found_by_date_over_all_sessions(store: Store) -> None:
    for number in (1, 2):
        await store.commit(full_turn(number, "chat", "ahmed"))
    await store.commit(full_turn(1, "other", "sara"))

    assert [(one.session_id, one.turn) for one in await store.risk.since(at(0))] == [
        ("session of chat", 1),
        ("session of other", 1),
        ("session of chat", 2),
    ]
    assert [one.turn for one in await store.risk.since(at(2))] == [2]


async def test_a_flow_is_kept_once_by_its_hash(store: Store) -> None:
    first = FlowVersion("abc", "create_account", 1, "flow: create_account\n# ünïcödé '\"", at(1))
    await store.flow_versions.put([first])
    await store.flow_versions.put(
        [FlowVersion("abc", "other", 9, "other", at(2)), FlowVersion("def", "b", 2, "", at(2))]
    )
    await store.flow_versions.put([])

    assert await store.flow_versions.get("abc") == first
    assert await store.flow_versions.get("def") == FlowVersion("def", "b", 2, "", at(2))
    assert await store.flow_versions.get("nothing") is None
