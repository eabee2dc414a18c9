"""What is due later and what is to be delivered: written by turns, read and claimed by whoever runs it.

proves: S3
"""

from __future__ import annotations

from fsm_engine.storage import Store
from fsm_engine.storage.repositories import Takers
from fsm_engine.storage.turn_rows import DeliveryRow, TimerRow
from tests.turns import at, turn

SESSION = "session of chat"


def timer(name: str, minute: int, status: str = "pending", session_id: str | None = None) -> TimerRow:
    return TimerRow(name, "f", "s", at(minute), status, session_id)


async def test_timers_are_set_moved_fired_and_cancelled_by_turns(store: Store) -> None:
    await store.commit(turn(1, timers=(timer("late", 20), timer("soon", 10), timer("third", 30))))
    assert [one.name for one in await store.timers.due(at(25))] == ["soon", "late"]

    await store.commit(turn(2, timers=(timer("soon", 10, "fired"), timer("late", 40), timer("third", 30, "cancelled"))))
    assert await store.timers.due(at(39)) == []
    assert [(one.name, one.conversation_id) for one in await store.timers.due(at(40))] == [("late", "chat")]
    known = await store.timers.of_session(SESSION)
    assert [(one.name, one.status, one.fired_at) for one in known] == [
        ("soon", "fired", at(2)),
        ("third", "cancelled", None),
        ("late", "pending", None),
    ]
    assert await store.timers.of_session(SESSION, user_id="sara") == []


async def test_a_turn_may_cancel_the_timers_of_the_session_before(store: Store) -> None:
    await store.commit(turn(1, timers=(timer("one", 20),)))
    await store.commit(
        turn(1, base_version=1, request_id="other", session_id="next", closes_session=(SESSION, "cancelled"),
             timers=(timer("one", 20, "cancelled", SESSION), timer("one", 30)))
    )  # fmt: skip

    assert [(one.session_id, one.due_at) for one in await store.timers.due(at(59))] == [("next", at(30))]
    assert [one.status for one in await store.timers.of_session(SESSION)] == ["cancelled"]


# ----------------------------------------------------------------------------------------------------------------------
# The outbox


ALL = Takers(messages=True, names=["nurse"])


def delivery(id_: str, target: str | None = None) -> DeliveryRow:
    return DeliveryRow(id_, "notify" if target else "messages", "[]", target)


async def test_an_entry_is_claimed_by_one_and_again_when_the_claim_has_run_out(store: Store) -> None:
    await store.commit(turn(1, deliveries=(delivery("d1"),)))

    (mine,) = await store.deliveries.claim(ALL, now=at(1), until=at(2))
    assert await store.deliveries.claim(ALL, now=at(1), until=at(2)) == []
    (theirs,) = await store.deliveries.claim(ALL, now=at(2), until=at(3))
    assert (mine.id, mine.attempts, theirs.attempts) == ("d1", 1, 2)
    assert not await store.deliveries.failed(mine, error="timeout", again_at=at(9))
    assert await store.deliveries.delivered(theirs, now=at(2))
    assert not await store.deliveries.delivered(mine, now=at(2))
    assert await store.deliveries.next_at(ALL) is None


async def test_only_what_somebody_takes_is_claimed_and_in_order(store: Store) -> None:
    await store.commit(turn(1, deliveries=(delivery("d1"), delivery("d2"), delivery("n1", "nurse"))))
    assert await store.deliveries.claim(Takers(), now=at(1), until=at(2)) == []
    assert await store.deliveries.next_at(Takers(names=["someone"])) is None

    first = await store.deliveries.claim(ALL, now=at(1), until=at(2))
    assert [one.id for one in first] == ["d1", "n1"]
    await store.deliveries.failed(first[0], error="exception", again_at=at(5))
    assert await store.deliveries.delivered(first[1], now=at(1))
    assert await store.deliveries.claim(ALL, now=at(4), until=at(6)) == []
    (again,) = await store.deliveries.claim(ALL, now=at(5), until=at(6))
    assert (again.id, again.last_error) == ("d1", "exception")
    assert await store.deliveries.failed(again, error="rejected", again_at=None)
    (second,) = await store.deliveries.claim(ALL, now=at(6), until=at(7))
    assert second.id == "d2"
    assert [one.id for one in await store.deliveries.with_status("given_up")] == ["d1"]
    assert await store.deliveries.of_session(SESSION, user_id="sara") == []
