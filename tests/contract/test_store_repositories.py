"""What operators and integrators write by hand, and that it leaves the engine's own order intact.

proves: S1, S2, S4, M1, M2, M3, M5, M7, A1, A2, A3, R1, R2
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from fsm_engine.errors import IntegrityViolated, InvalidArgument, NotFound, VersionConflict
from fsm_engine.model.codec import decode, encode
from fsm_engine.model.session import Frame, RunningAction, SessionState, Status
from fsm_engine.storage import Store
from fsm_engine.storage.repositories import request_key
from fsm_engine.storage.reviews import RiskSearch
from fsm_engine.storage.turn_rows import AnswerRow, AuditRow, DetectionRow
from tests.turns import at, turn

SESSION = "session of chat"


def state(number: int = 1, **changes: object) -> SessionState:
    plain = SessionState(SESSION, turn=number, frames=(Frame("create_account", 1, "hash", "email"),))
    return replace(plain, **changes)  # type: ignore[arg-type]


async def running(store: Store, number: int = 1, **changes: object) -> SessionState:
    """A conversation ``chat`` of ahmed whose session is at its first turn."""
    first = state(number, **changes)
    await store.commit(turn(1, user_id="ahmed", state_json=encode(first).decode()))
    return first


# Conversations


async def test_a_conversation_goes_through_its_statuses(store: Store) -> None:
    await store.conversations.create("chat", now=at(0), user_id="ahmed")
    seen = []
    for number, change in enumerate(
        (
            store.conversations.archive,
            store.conversations.unarchive,
            store.conversations.close,
            store.conversations.delete,
        )
    ):
        await change("chat", now=at(number), user_id="ahmed")
        stored = await store.conversations.get("chat")
        assert stored is not None
        seen.append((stored.status, stored.archived_at, stored.version))

    assert seen == [("archived", at(0), 1), ("active", None, 1), ("closed", None, 1), ("deleted", None, 1)]


async def test_lists_leave_deleted_conversations_out_unless_asked_for_them(store: Store) -> None:
    for name in ("kept", "gone"):
        await store.conversations.create(name, now=at(0), user_id="ahmed")
    await store.conversations.delete("gone", now=at(1))

    assert [one.id for one in await store.conversations.of_user("ahmed")] == ["kept"]
    assert [one.id for one in await store.conversations.of_user("ahmed", status="deleted")] == ["gone"]


@pytest.mark.parametrize("change", ["archive", "close", "delete"])
async def test_whoever_writes_again_has_the_conversation_open_again(store: Store, change: str) -> None:
    await store.commit(turn(1))
    await getattr(store.conversations, change)("chat", now=at(2))
    await store.commit(turn(2))

    stored = await store.conversations.get("chat")
    assert stored is not None
    assert (stored.status, stored.archived_at, stored.last_message_at) == ("active", None, at(2))


async def test_a_title_is_given_and_taken_away(store: Store) -> None:
    await store.conversations.create("chat", now=at(0), title="first")
    await store.conversations.rename("chat", "x" * 200, now=at(1))
    renamed = await store.conversations.get("chat")
    await store.conversations.rename("chat", None, now=at(2))
    without = await store.conversations.get("chat")

    assert renamed is not None
    assert without is not None
    assert (renamed.title, without.title) == ("x" * 200, None)
    with pytest.raises(InvalidArgument, match="201"):
        await store.conversations.rename("chat", "x" * 201, now=at(3))


async def test_another_users_conversation_cannot_be_changed(store: Store) -> None:
    await store.conversations.create("chat", now=at(0), user_id="ahmed", title="mine")
    changes = (
        store.conversations.archive("chat", now=at(1), user_id="sara"),
        store.conversations.delete("chat", now=at(1), user_id="sara"),
        store.conversations.rename("chat", "yours", now=at(1), user_id="sara"),
        store.messages.save_user("chat", "hello", now=at(1), user_id="sara"),
        store.sessions.create("chat", session_id="new", now=at(1), user_id="sara"),
        store.conversations.archive("missing", now=at(1)),
    )
    for change in changes:
        with pytest.raises(NotFound):
            await change

    stored = await store.conversations.get("chat")
    assert stored is not None
    assert (stored.status, stored.title, stored.message_count) == ("active", "mine", 0)
    assert await store.sessions.get("new") is None


# Messages


async def test_saved_messages_are_numbered_among_those_of_turns(store: Store) -> None:
    await store.commit(turn(1, user_id="ahmed"))
    note = await store.messages.save_system("chat", "handed over", now=at(2), session_id=SESSION, request_id="r")
    await store.messages.save_assistant("chat", "Sara here", now=at(3), metadata={"source": "desk", "tokens": 3})
    await store.commit(turn(2, user_id="ahmed"))
    await store.messages.save_user("chat", "thanks", now=at(4))

    stored = await store.messages.last("chat")
    assert [(one.number, one.role) for one in stored] == [
        *((1, "user"), (2, "assistant"), (3, "system"), (4, "assistant")),
        *((5, "user"), (6, "assistant"), (7, "user")),
    ]
    assert (note.session_id, note.request_id, note.user_id, note.turn) == (SESSION, "r", "ahmed", None)
    conversation = await store.conversations.get("chat")
    assert conversation is not None
    assert (conversation.message_count, conversation.version) == (7, 2)
    assert conversation.last_message_at == at(4)


async def test_messages_are_filtered_by_role_and_source(store: Store) -> None:
    for number in (1, 2, 3):
        await store.commit(turn(number))
    await store.messages.save_assistant("chat", "Sara here", now=at(9), metadata={"source": "desk"})

    assert [one.number for one in await store.messages.last("chat", role="user", limit=2)] == [3, 5]
    assert [one.content for one in await store.messages.last("chat", source="desk")] == ["Sara here"]
    assert [one.number for one in await store.messages.page("chat", after=2, limit=2)] == [3, 4]
    assert [one.number for one in await store.messages.page("chat", role="assistant", source="desk")] == [7]
    assert await store.messages.page("chat", user_id="sara") == []


async def test_messages_are_counted_by_conversation(store: Store) -> None:
    await store.commit(turn(1, user_id="ahmed"))
    await store.commit(turn(1, conversation="second", user_id="ahmed", messages=()))
    await store.commit(turn(1, conversation="other", user_id="sara"))

    assert await store.messages.count_by_conversation("ahmed") == {"second": 0, "chat": 2}


@pytest.mark.parametrize("text", ["a\0b", "a\ud800b"])
async def test_a_text_that_not_every_store_keeps_is_refused(store: Store, text: str) -> None:
    await store.conversations.create("chat", now=at(0))

    with pytest.raises(InvalidArgument):
        await store.messages.save_user("chat", text, now=at(1))
    with pytest.raises(InvalidArgument):
        await store.conversations.rename("chat", text, now=at(1))
    with pytest.raises(InvalidArgument):
        await store.messages.save_user("chat", "x", now=at(1), metadata={"no": object()})
    assert await store.messages.last("chat") == []


# Sessions


async def test_a_created_session_takes_the_conversations_next_turn(store: Store) -> None:
    created = await store.conversations.create("chat", now=at(0), user_id="ahmed")
    session = await store.sessions.create("chat", session_id=SESSION, now=at(0), expires_at=at(60))
    loaded = await store.load("chat", None)
    assert loaded is not None
    await store.commit(turn(1, user_id="ahmed", base_version=loaded.conversation.version))

    stored = await store.sessions.get(SESSION, user_id="ahmed")
    assert stored is not None
    assert (session.turn, session.status, session.expires_at) == (0, "active", at(60))
    assert (stored.turn, stored.state_json, stored.created_at, stored.key) == (1, '{"turn":1}', at(0), session.key)
    assert [one.number for one in await store.sessions.journal(SESSION)] == [1]
    assert loaded.conversation.version == created.version + 1


async def test_a_session_is_not_created_beside_a_running_one(store: Store) -> None:
    await running(store)

    with pytest.raises(NotFound):
        await store.sessions.create("chat", session_id="second", now=at(2))
    assert await store.sessions.get("second") is None


async def test_a_turn_computed_before_a_change_by_hand_is_refused(store: Store) -> None:
    first = await running(store)
    await store.sessions.update_state(replace(first, misses=2), now=at(5))

    with pytest.raises(VersionConflict):
        await store.commit(turn(2, user_id="ahmed"))
    await store.commit(turn(2, user_id="ahmed", base_version=2))


async def test_a_change_by_hand_never_undoes_a_turn_that_was_committed_meanwhile(store: Store) -> None:
    first = await running(store)
    read = await store.sessions.get(SESSION)
    assert read is not None
    await store.commit(turn(2, user_id="ahmed"))

    with pytest.raises(VersionConflict):
        await store.sessions._replace(read, first, at(5))
    stored = await store.sessions.get(SESSION)
    assert stored is not None
    assert (stored.turn, stored.state_json) == (2, '{"turn":2}')


async def test_a_new_state_shows_in_all_columns_and_is_sound(store: Store) -> None:
    first = await running(store)
    moved = replace(first, frames=(replace(first.frames[0], step="phone"),))
    stored = await store.sessions.update_state(moved, now=at(5), user_id="ahmed")

    assert decode(SessionState, stored.state_json) == moved
    assert (stored.flow, stored.step, stored.turn, stored.last_activity) == ("create_account", "phone", 1, at(5))


async def test_a_state_of_another_turn_is_refused(store: Store) -> None:
    first = await running(store)

    with pytest.raises(InvalidArgument, match="at turn 1"):
        await store.sessions.update_state(replace(first, turn=2), now=at(5))
    with pytest.raises(NotFound):
        await store.sessions.update_state(first, now=at(5), user_id="sara")
    with pytest.raises(NotFound):
        await store.sessions.update_state(replace(first, session_id="missing"), now=at(5))


async def test_a_session_is_completed_by_hand_once(store: Store) -> None:
    await running(store)
    done = await store.sessions.complete(SESSION, now=at(5), user_id="ahmed")
    again = await store.sessions.complete(SESSION, now=at(6))

    assert (done.status, done.completed_at, done.expires_at) == ("completed", at(5), None)
    assert decode(SessionState, done.state_json).status is Status.COMPLETED
    assert again == done
    assert [one.kind for one in await store.summaries.of_session(SESSION)] == ["complete"]


async def test_a_session_with_an_action_under_way_is_not_completed(store: Store) -> None:
    await running(store, action=RunningAction("pay", "bank.pay", "key"))

    with pytest.raises(InvalidArgument, match=r"bank\.pay"):
        await store.sessions.complete(SESSION, now=at(5))


async def test_a_session_expires_by_hand(store: Store) -> None:
    await running(store)
    await store.sessions.expire(SESSION, now=at(5), user_id="ahmed")

    stored = await store.sessions.get(SESSION)
    assert stored is not None
    assert (stored.status, stored.expires_at) == ("expired", at(5))
    with pytest.raises(NotFound):
        await store.sessions.expire(SESSION, now=at(6))
    with pytest.raises(VersionConflict):
        await store.commit(turn(2, user_id="ahmed"))


async def test_overdue_sessions_are_cleaned_up_in_bounded_numbers(store: Store) -> None:
    for number in range(5):
        await store.commit(turn(1, conversation=f"chat {number}", expires_at=at(10 + number)))
    cleaned = [await store.sessions.clean_up(at(13), limit=3), await store.sessions.clean_up(at(13), limit=3)]

    assert cleaned == [3, 1]
    assert [one.conversation_id for one in await store.sessions.with_status("active")] == ["chat 4"]
    assert await store.sessions.clean_up(at(13)) == 0


# Responses, summaries, timers


async def test_a_response_is_kept_once_for_each_step_and_corrected(store: Store) -> None:
    await running(store)
    answer = AnswerRow("form", "age", "age", "17", "seventeen", 1)
    await store.responses.save(SESSION, answer, now=at(2), user_id="ahmed")
    await store.responses.save(SESSION, replace(answer, response_json="18", attempts=2), now=at(3))

    (stored,) = await store.responses.of_session(SESSION)
    assert (stored.response_json, stored.attempts, stored.created_at, stored.updated_at) == ("18", 2, at(2), at(3))
    with pytest.raises(NotFound):
        await store.responses.save(SESSION, answer, now=at(4), user_id="sara")
    with pytest.raises(InvalidArgument):
        await store.responses.save(SESSION, replace(answer, response_json=None), now=at(4))


async def test_the_turn_that_completes_a_session_writes_its_summary(store: Store) -> None:
    answers = (AnswerRow("create_account", "name", "name", '"Ahmed"', "it's Ahmed", 1),)
    await store.commit(turn(1, answers=answers))
    partial = await store.summaries.write(SESSION, now=at(1))
    await store.commit(turn(2, status="completed", completed_at=at(2), expires_at=None, drop_messages=True))

    before, complete = await store.summaries.of_session(SESSION)
    assert (before, before.kind, complete.kind, complete.generated_at) == (partial, "partial", "complete", at(2))
    assert complete.data_json == (
        '{"status":"completed","flow":"create_account","step":"email","turns":2,'
        f'"started_at":"{at(1)}","last_activity":"{at(2)}","completed_at":"{at(2)}",'
        '"answers":[{"flow":"create_account","step":"name","slot":"name","value":"Ahmed"}]}'
    )


async def test_a_session_of_one_turn_has_a_summary_too(store: Store) -> None:
    await store.commit(turn(1, status="completed", completed_at=at(1), expires_at=None))
    await store.commit(turn(1, conversation="other"))

    assert [one.kind for one in await store.summaries.of_session(SESSION)] == ["complete"]
    assert await store.summaries.of_session("session of other") == []
    with pytest.raises(NotFound):
        await store.summaries.write("missing", now=at(2))


# Audit, transactions, results


AUDIT = AuditRow("key", "transfer", "bank.transfer", "success", '{"to":"Ana"}', '{"id":7}')


async def test_an_action_is_logged_once_under_its_key(store: Store) -> None:
    await running(store)
    logged = await store.audit.log(AUDIT, now=at(2), user_id="ahmed", session_id=SESSION, turn=1)

    assert logged == await store.audit.by_key("key")
    assert (logged.session_id, logged.turn, logged.action, logged.output_json) == (SESSION, 1, AUDIT.action, '{"id":7}')
    assert [one.key for one in await store.audit.of_session(SESSION)] == ["key"]
    with pytest.raises(IntegrityViolated):
        await store.audit.log(AUDIT, now=at(3))


async def test_a_transaction_is_rolled_back_once(store: Store) -> None:
    await store.audit.log(AUDIT, now=at(2), user_id="ahmed")
    pending = await store.transactions.record("t", audit_key="key", now=at(3), rollback_json='{"id":7}')
    too_early = await store.transactions.mark_rolled_back("t", now=at(4))
    ended = [await store.transactions.end("t", "completed", now=at(5)) for _ in range(2)]
    rolled_back = [await store.transactions.mark_rolled_back("t", now=at(6)) for _ in range(2)]

    stored, audit = await store.transactions.get("t", user_id="ahmed"), await store.audit.by_key("key")
    assert stored is not None
    assert audit is not None
    assert (pending.status, too_early, ended, rolled_back) == ("pending", False, [True, False], [True, False])
    assert (stored.status, stored.rollback_json, audit.status) == ("rolled_back", '{"id":7}', "rolled_back")
    assert await store.transactions.get("t", user_id="sara") is None
    with pytest.raises(NotFound):
        await store.transactions.record("other", audit_key="missing", now=at(7))


async def test_the_first_result_of_a_request_is_given_again_until_it_expires(store: Store) -> None:
    key = request_key("ahmed", "transfer", {"to": "Ana", "amount": "5.00"})
    first = await store.idempotency.put(key, '"first"', now=at(0), expires_at=at(60), user_id="ahmed")
    second = await store.idempotency.put(key, '"second"', now=at(59), expires_at=at(90))
    found = await store.idempotency.get(key, now=at(59), user_id="ahmed")

    assert first == second == found
    assert await store.idempotency.get(key, now=at(59), user_id="sara") is None
    assert await store.idempotency.get(key, now=at(60)) is None
    third = await store.idempotency.put(key, '"third"', now=at(60), expires_at=at(90))
    assert (third.result_json, third.user_id) == ('"third"', None)
    assert [await store.idempotency.clean_up(at(89)), await store.idempotency.clean_up(at(90))] == [0, 1]
    with pytest.raises(InvalidArgument):
        await store.idempotency.put(key, "1", now=at(60), expires_at=at(60))


def test_the_key_of_a_request_depends_on_all_of_it_and_on_no_order() -> None:
    keys = {
        request_key("ahmed", "transfer", {"a": 1, "b": 2}),
        request_key("ahmed", "transfer", {"b": 2, "a": 1}),
        request_key("ahmed", "pay", {"a": 1, "b": 2}),
        request_key(None, "transfer", {"a": 1, "b": 2}),
        request_key("ahmed", "transfer", {"a": 1}),
    }

    assert len(keys) == 4


# Risk


async def test_detections_are_found_by_what_is_asked_for_newest_first(store: Store) -> None:
    await running(store)
    found = DetectionRow("high", "suicide", "x", "counsellor", "1", "I cannot go on", True)
    kinds = [("high", "suicide"), ("low", "suicide"), ("medium", "abuse"), ("high", "abuse")]
    ids = [
        (await store.risk.save(SESSION, replace(found, level=level, category=category), now=at(number), turn=1)).id
        for number, (level, category) in enumerate(kinds, start=1)
    ]
    await store.risk.review(ids[0], reviewed_by="sara", verdict="false_alarm", now=at(9))

    async def which(**wanted: object) -> list[int]:
        search = RiskSearch(**wanted)  # type: ignore[arg-type]
        return [ids.index(one.id) for one in await store.risk.find(search)]

    assert await which() == [3, 2, 1, 0]
    assert await which(level="high") == [3, 0]
    assert await which(category="abuse", reviewed=False) == [3, 2]
    assert await which(verdict="false_alarm") == await which(reviewed=True) == [0]
    assert await which(detector="phrases") == []
    assert await which(since=at(2), until=at(4)) == [2, 1]
    assert [one.id for one in await store.risk.find(RiskSearch(), before=ids[3], limit=2)] == [ids[2], ids[1]]


async def test_a_detection_is_saved_and_reviewed_once(store: Store) -> None:
    await running(store)
    (message,) = await store.messages.last("chat", role="user")
    detection = DetectionRow("high", "self-harm", "x", "counsellor", "1", "I cannot go on", True)
    saved = await store.risk.save(SESSION, detection, now=at(2), message_id=message.id, user_id="ahmed")
    later = await store.risk.save(SESSION, replace(detection, level="low"), now=at(3), turn=1)

    assert (saved.turn, saved.message_id, saved.resources_shown, saved.reviewed_at) == (1, message.id, True, None)
    assert (saved.start, saved.end, saved.read_as) == (None, None, None)
    assert [one.id for one in await store.risk.to_review()] == [saved.id, later.id]
    assert [one.id for one in await store.risk.to_review(after=saved.id)] == [later.id]
    await store.risk.review(saved.id, reviewed_by="sara", verdict="true_alarm", now=at(4))
    again = await store.risk.review(saved.id, reviewed_by="tom", verdict="false_alarm", now=at(5))
    assert (again.reviewed_by, again.reviewed_at, again.verdict) == ("sara", at(4), "true_alarm")
    assert [one.id for one in await store.risk.to_review()] == [later.id]
    assert [one.id for one in await store.risk.of_user("ahmed")] == [later.id, saved.id]
    with pytest.raises(NotFound):
        await store.risk.save(SESSION, detection, now=at(5), user_id="sara")
    with pytest.raises(NotFound):
        await store.risk.review(99, reviewed_by="sara", verdict="true_alarm", now=at(5))


@pytest.mark.parametrize(
    "span", [(-1, 2), (2, 2), (3, 1), (0, None), (None, 2), ("0", 2), (0, 2.0), (True, 2), (0, 2**31)]
)
async def test_a_span_that_is_none_is_refused(store: Store, span: tuple[object, object]) -> None:
    await running(store)
    detection = DetectionRow("high", "self-harm", "x", "counsellor", "1", "I cannot go on", True, *span)  # type: ignore[arg-type]
    with pytest.raises(InvalidArgument, match="is no span"):
        await store.risk.save(SESSION, detection, now=at(2))

    assert await store.risk.of_session(SESSION) == []


async def test_where_the_words_stand_is_kept(store: Store) -> None:
    await running(store)
    detection = DetectionRow("high", "suicide", "g0 on", "counsellor", "1", "I cannot g0 on", True, 9, 14, "go on")
    saved = await store.risk.save(SESSION, detection, now=at(2))

    assert (saved.phrase, saved.start, saved.end, saved.read_as) == ("g0 on", 9, 14, "go on")
    assert [*await store.risk.find(RiskSearch())] == await store.risk.of_session(SESSION) == [saved]
