"""What a runner does around a call: tries again, asks, leaves in peace, and says what is in doubt."""

# proves: P5

from __future__ import annotations

import asyncio
from collections.abc import Callable
from random import Random
from typing import Any

import pytest
from typing_extensions import TypedDict

from fsm_engine.actions import (
    ActionCall,
    ActionRunner,
    Actions,
    Breaker,
    Done,
    NotDone,
    Rejected,
    Retryable,
)
from fsm_engine.errors import HookError
from fsm_engine.model.session import Status
from fsm_engine.model.turn import ActionRequest, ActionResult, SessionView
from fsm_engine.testing.simulation.loop import SimulatedLoop

SESSION = SessionView("s", "c", "f", "work", {}, Status.ACTIVE, 1)


def request(**changes: Any) -> ActionRequest:
    facts: dict[str, Any] = {"undo": None, "retry": 0, "time_limit_s": 5.0, **changes}
    return ActionRequest(key="key", flow="f", step="work", action="work", slots={"a": "x"}, **facts)


class Calls:
    """An action that goes each time as it is told, the last way for ever; ``at`` is when, in virtual seconds."""

    def __init__(self, *ways: Any) -> None:
        self.ways = list(ways)
        self.at: list[float] = []
        self.calls: list[ActionCall] = []

    async def __call__(self, call: ActionCall) -> Any:
        self.at.append(asyncio.get_running_loop().time())
        self.calls.append(call)
        way = self.ways.pop(0) if len(self.ways) > 1 else self.ways[0]
        if way == "hangs":
            await asyncio.get_running_loop().create_future()
        if isinstance(way, Exception):
            raise way
        return way


def run(actions: Actions, *requests: ActionRequest, chance: float = 1.0, **options: Any) -> list[ActionResult]:
    """One after the other by one runner, a second between them, in virtual time."""

    async def all_of_them() -> list[ActionResult]:
        runner = ActionRunner(actions, chance=lambda: chance)
        results = []
        for one in requests:
            results.append(await runner.run(one, SESSION, **options))
            await asyncio.sleep(1)
        return results

    loop = SimulatedLoop(Random(1))
    try:
        return loop.run(all_of_them(), steps=100_000)
    finally:
        loop.close()


def actions_of(work: Callable[[ActionCall], Any], **options: Any) -> Actions:
    actions = Actions()
    actions.action("work", **options)(work)
    return actions


def test_pauses_between_tries_double_up_to_a_limit_and_are_drawn_over_their_whole_length() -> None:
    for chance in (1.0, 0.25, 0.0):
        work = Calls(Retryable("busy"))
        run(actions_of(work, breaker=None), request(retry=8), chance=chance)

        pauses = [round(later - earlier, 2) for earlier, later in zip(work.at, work.at[1:], strict=False)]
        longest = [0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 10.0, 10.0]
        assert pauses == [round(pause * chance, 2) for pause in longest]


def test_every_try_has_the_same_key_and_its_number() -> None:
    work = Calls(Retryable("busy"), TimeoutError(), 7)
    (result,) = run(actions_of(work, idempotent=True), request(retry=5))

    assert result == ActionResult(ok=True, value=7)
    assert [(call.idempotency_key, call.attempt) for call in work.calls] == [("key", 1), ("key", 2), ("key", 3)]


@pytest.mark.parametrize(
    ("ways", "idempotent", "calls", "error", "in_doubt"),
    [
        ((Retryable("no"),), False, 3, "retryable", False),
        ((Rejected("no"),), True, 1, "rejected", False),
        ((TimeoutError(),), False, 1, "timeout", True),
        ((TimeoutError(),), True, 3, "timeout", True),
        (("hangs",), True, 3, "timeout", True),
        ((ValueError(),), True, 3, "exception", True),
        ((TimeoutError(), Retryable("busy")), True, 3, "retryable", True),
        ((TimeoutError(), Rejected("no")), True, 2, "rejected", False),
        ((Retryable("busy"), TimeoutError()), False, 2, "timeout", True),
        (({1, 2},), False, 1, "not-json", True),
    ],
)
def test_what_had_perhaps_an_effect_is_called_again_only_if_idempotent_and_stays_in_doubt(
    ways: tuple[Any, ...], idempotent: bool, calls: int, error: str, in_doubt: bool
) -> None:
    work = Calls(*ways)
    (result,) = run(actions_of(work, idempotent=idempotent), request(retry=2))

    assert (len(work.calls), result.ok, result.error, result.in_doubt) == (calls, False, error, in_doubt)


class Asked(TypedDict):
    id: int


@pytest.mark.parametrize(
    ("answer", "calls", "expected"),
    [
        (Done({"id": 7}), 1, ActionResult(ok=True, value={"id": 7})),
        (NotDone(), 2, ActionResult(ok=True, value={"id": 8})),
        (None, 1, ActionResult(ok=False, error="timeout", in_doubt=True)),
        ("nonsense", 1, ActionResult(ok=False, error="timeout", in_doubt=True)),
        (RuntimeError(), 1, ActionResult(ok=False, error="timeout", in_doubt=True)),
        ("hangs", 1, ActionResult(ok=False, error="timeout", in_doubt=True)),
        (Done("not what was declared"), 1, ActionResult(ok=False, error="wrong-shape", in_doubt=True)),
    ],
)
def test_a_query_settles_a_doubt_before_anything_is_called_again(
    answer: Any, calls: int, expected: ActionResult
) -> None:
    work, query = Calls(TimeoutError(), {"id": 8}), Calls(answer)
    actions = actions_of(work, query="find", returns=Asked)
    actions.action("find")(query)
    (result,) = run(actions, request(retry=1))

    assert (result, len(work.calls)) == (expected, calls)
    assert {call.idempotency_key for call in query.calls} == {"key"}


@pytest.mark.parametrize("is_in_doubt", [False, True])
def test_what_the_query_denies_after_the_last_try_is_no_doubt(is_in_doubt: bool) -> None:
    work = Calls(TimeoutError(), ConnectionError())
    actions = actions_of(work, query="find")
    actions.action("find")(Calls(NotDone()))
    (result,) = run(actions, request(retry=1), is_in_doubt=is_in_doubt)

    assert result == ActionResult(ok=False, error="exception")
    assert len(work.calls) == 2


def test_an_action_that_somebody_else_may_have_called_is_asked_about_or_left_alone() -> None:
    for options, answer, calls, error in (
        ({}, None, 0, "unknown"),
        ({"idempotent": True}, None, 1, None),
        ({"query": "find"}, Done(8), 0, None),
        ({"query": "find"}, NotDone(), 1, None),
        ({"query": "find"}, None, 0, "unknown"),
        ({"query": "find", "idempotent": True}, None, 1, None),
    ):
        work = Calls(8)
        actions = actions_of(work, **options)
        actions.action("find")(Calls(answer))
        (result,) = run(actions, request(), is_in_doubt=True)

        assert (len(work.calls), result.error, result.in_doubt) == (calls, error, error is not None)
        assert result.ok == (error is None)


def test_after_failures_in_a_row_the_action_is_left_in_peace_and_tried_once_after_its_rest() -> None:
    work = Calls(*[TimeoutError()] * 4, 7)
    actions = actions_of(work, breaker=Breaker(failures=3, rest_s=10), idempotent=True)
    results = run(actions, *[request()] * 26)

    errors = [result.error for result in results]
    assert errors[:4] == ["timeout"] * 3 + ["unavailable"]
    assert [round(at) for at in work.at[:5]] == [0, 1, 2, 12, 22]  # two trials: one fails, one closes it
    assert errors[12] == "timeout"
    assert set(errors[4:12] + errors[13:22]) == {"unavailable"}
    assert errors[22:] == [None] * 4
    assert not any(result.in_doubt for result in results if result.error == "unavailable")


def test_failures_that_say_nothing_about_the_system_do_not_open_the_breaker() -> None:
    for way in (Rejected("no"), {1, 2}):
        work = Calls(way)
        run(actions_of(work, breaker=Breaker(failures=2)), *[request()] * 6)

        assert len(work.calls) == 6


def test_a_trial_that_is_given_up_lets_the_next_one_through() -> None:
    work = Calls(TimeoutError(), "hangs", 7)
    actions = actions_of(work, breaker=Breaker(failures=1, rest_s=0.5), idempotent=True)

    async def give_up_the_second() -> ActionResult:
        runner = ActionRunner(actions, chance=lambda: 0.0)
        await runner.run(request(), SESSION)
        await asyncio.sleep(1)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1):
                await runner.run(request(), SESSION)
        return await runner.run(request(), SESSION)

    loop = SimulatedLoop(Random(1))
    result = loop.run(give_up_the_second(), steps=10_000)
    loop.close()

    assert result.ok


def test_an_undo_is_called_although_its_breaker_is_open() -> None:
    work = Calls(TimeoutError(), 7)
    undo = request(undoes="another")
    results = run(actions_of(work, breaker=Breaker(failures=1)), request(), request(), undo)

    assert [result.error for result in results] == ["timeout", "unavailable", None]


@pytest.mark.parametrize(
    ("returns", "value", "stored"),
    [
        (dict[str, int], {"id": 7}, {"id": 7}),
        (Asked, {"id": 7}, {"id": 7}),
        (int, "seven", None),
        (Asked, {"id": "x"}, None),
        (Asked, None, None),
    ],
)
def test_a_result_must_fit_what_the_action_declares(returns: Any, value: Any, stored: Any) -> None:
    (result,) = run(actions_of(Calls(value), returns=returns), request())

    assert result.ok == (stored is not None)
    assert result.value == stored
    assert result.error == (None if stored is not None else "wrong-shape")


def test_what_cannot_be_held_against_results_is_refused_when_it_is_registered() -> None:
    with pytest.raises(HookError, match=r"action 'a': returns=7 is no type"):
        Actions().action("a", returns=7)
