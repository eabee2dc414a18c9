"""The engine on a store, in lock-step with a page of plain Python: equal after every rule. proves: P1, P3, P4, P10"""

# proves: C3, C5, S3, S4, M3, M6

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from fsm_engine.core.flows import Flows
from fsm_engine.engine.blocking import SyncEngine
from fsm_engine.engine.engine import Engine
from fsm_engine.errors import NotFound, RequestMismatch
from fsm_engine.model.turn import Reply
from fsm_engine.storage import Store
from fsm_engine.testing.clock import VirtualClock
from tests.faults.figures import IS_LONG, SEED, record, size
from tests.faults.model_bot import BOT, IDLE_S, ORDER, Model, Session
from tests.support.flow_texts import flows_of
from tests.support.replies import as_first

OWNERS = {"first": "ahmed", "second": "ahmed", "third": "sara", "nobody's": None}
CHATS = st.sampled_from(sorted(OWNERS))
WAITS = st.sampled_from((0.0, 1.0, IDLE_S / 2, IDLE_S - 1, IDLE_S, IDLE_S, 90_000.0))
ENGINES = st.sampled_from((0, 1))
"""Two engines work on one database, as two processes do: each holds states that the other has gone on from."""

MakeAddress = Callable[[Path], str]
STORES: dict[str, MakeAddress] = {"sqlite": lambda folder: f"sqlite:///{folder}/bot.db"}
"""How the address of a fresh, empty database of each kind is made; what joins here must behave as the model does."""


@dataclass(frozen=True, slots=True)
class Delivery:
    chat: str
    request_id: str
    text: str
    reply: Reply


class Bot(RuleBasedStateMachine):
    """Each rule happens to an engine and to the model; then both are asked for all that they know."""

    make_address: ClassVar[MakeAddress]
    flows: ClassVar[Flows]
    rules_run: ClassVar[int] = 0

    def __init__(self) -> None:
        super().__init__()
        self.model = Model()
        self.clock = VirtualClock()
        self.deliveries: list[Delivery] = []
        self.number = 0
        self.leave = ExitStack()

    @initialize(hold_at_most=st.sampled_from((0, 2, 100)))
    def open(self, hold_at_most: int) -> None:
        self.hold_at_most = hold_at_most
        self.address = type(self).make_address(Path(self.leave.enter_context(TemporaryDirectory())))
        self.engines = [self._opened() for _ in range(2)]

    def teardown(self) -> None:
        for _, leave in getattr(self, "engines", ()):
            leave.close()
        self.leave.close()

    @rule(chat=CHATS, engines=st.lists(ENGINES, min_size=1, max_size=6), wait_s=WAITS, data=st.data())
    def say(self, chat: str, engines: list[int], wait_s: float, data: st.DataObject) -> None:
        """After a while, some texts one after the other, each to any of the engines."""
        self._wait(wait_s)
        for which in engines:
            text = data.draw(st.sampled_from(self.model.texts(chat)), label="text")
            reply = self._engine(which).turn(chat, text, request_id=self._new_request(), user_id=OWNERS[chat])
            self.model.say(chat, OWNERS[chat], text, reply)
            self._took(chat, text, reply)

    @rule(chat=CHATS, which=ENGINES, wait_s=WAITS)
    def start(self, chat: str, which: int, wait_s: float) -> None:
        self._wait(wait_s)
        reply = self._engine(which).start(chat, "order", request_id=self._new_request(), user_id=OWNERS[chat])
        self.model.start(chat, OWNERS[chat], reply)
        self._took(chat, "", reply)

    @precondition(lambda self: self.deliveries)
    @rule(which=ENGINES, data=st.data())
    def deliver_again(self, which: int, data: st.DataObject) -> None:
        earlier = data.draw(st.sampled_from(self.deliveries), label="earlier")
        options: dict[str, Any] = {"request_id": earlier.request_id, "user_id": OWNERS[earlier.chat]}
        if earlier.text:
            reply = self._engine(which).turn(earlier.chat, earlier.text, **options)
        else:
            reply = self._engine(which).start(earlier.chat, "order", **options)

        assert reply.duplicate
        assert as_first(reply) == earlier.reply

    @precondition(lambda self: self.deliveries)
    @rule(which=ENGINES, data=st.data())
    def use_a_request_id_for_something_else(self, which: int, data: st.DataObject) -> None:
        earlier = data.draw(st.sampled_from(self.deliveries), label="earlier")
        with pytest.raises(RequestMismatch):
            self._engine(which).turn(
                earlier.chat, "something else", request_id=earlier.request_id, user_id=OWNERS[earlier.chat]
            )

    @rule(chat=CHATS, which=ENGINES)
    def come_as_somebody_else(self, chat: str, which: int) -> None:
        if chat in self.model.chats and OWNERS[chat] is not None:
            with pytest.raises(NotFound):
                self._engine(which).turn(chat, "hello", request_id=self._new_request(), user_id="eve")

    @rule(user=st.sampled_from(("ahmed", "sara", "eve")), which=ENGINES)
    def delete_user(self, user: str, which: int) -> None:
        engine = self._engine(which)
        gone = engine.call(engine.store.users.delete(user))

        assert (gone.conversations, gone.sessions, gone.messages, gone.answers) == self.model.delete_user(user)
        self.deliveries = [one for one in self.deliveries if OWNERS[one.chat] != user]

    @rule(which=ENGINES)
    def restart(self, which: int) -> None:
        self.engines[which][1].close()
        self.engines[which] = self._opened()

    @invariant()
    def both_know_the_same(self) -> None:
        if not hasattr(self, "engines"):
            return
        type(self).rules_run += 1
        engine = self._engine(self.number % 2)
        known = engine.call(_known_to(engine.store)) | {f"session {name}": _view(engine, name) for name in OWNERS}
        assert known == self._expected()

    def _opened(self) -> tuple[SyncEngine, ExitStack]:
        leave = ExitStack()
        options: dict[str, Any] = {"flows": type(self).flows, "clock": self.clock, "durability": "normal"}
        engine = leave.enter_context(Engine.open_sync(self.address, hold_at_most=self.hold_at_most, **options))
        return engine, leave

    def _wait(self, seconds: float) -> None:
        self.clock.advance(seconds)
        self.model.now_s += seconds

    def _engine(self, which: int) -> SyncEngine:
        return self.engines[which][0]

    def _new_request(self) -> str:
        self.number += 1
        return f"r{self.number}"

    def _took(self, chat: str, text: str, reply: Reply) -> None:
        assert not reply.duplicate
        self.deliveries.append(Delivery(chat, f"r{self.number}", text, reply))

    def _expected(self) -> dict[str, Any]:
        chats = self.model.chats
        sessions = [(name, chat, session) for name, chat in chats.items() for session in chat.sessions]
        expected: dict[str, Any] = {
            f"chat {name}": {
                "history": chat.said,
                "roles": chat.roles,
                "answers": [_answers(session) for session in chat.sessions],
            }
            if (chat := chats.get(name))
            else None
            for name in OWNERS
        }
        for name in OWNERS:
            expected[f"session {name}"] = _seen(chats[name].sessions[-1]) if name in chats else None
        for user in ("ahmed", "sara"):
            expected[f"conversations of {user}"] = {
                (name, chat.version, chat.title, len(chat.said)) for name, chat in chats.items() if chat.user == user
            }
            expected[f"sessions of {user}"] = {
                (one.id, name, one.status, one.turn) for name, chat, one in sessions if chat.user == user
            }
        for status in ("active", "completed", "cancelled", "expired"):
            expected[f"sessions {status}"] = {one.id for _, _, one in sessions if one.status == status}
        return expected


def _seen(session: Session) -> tuple[Any, ...]:
    status = "active" if session.status == "expired" else session.status
    return session.id, session.step, session.answers, status, session.turn


def _answers(session: Session) -> dict[str, str]:
    return {step: f'"{value}"' for step, value in session.answers.items()}


def _view(engine: SyncEngine, name: str) -> tuple[Any, ...] | None:
    try:
        view = engine.session(name)
    except NotFound:
        return None
    return view.id, view.step, dict(view.slots), view.status.value, view.turn


async def _known_to(store: Store) -> dict[str, Any]:
    """All that the store says, in the words of the model."""
    known: dict[str, Any] = {f"chat {name}": await _chat(store, name) for name in OWNERS}
    for user in ("ahmed", "sara"):
        known[f"conversations of {user}"] = {
            (one.id, one.version, one.title, one.message_count) for one in await store.conversations.of_user(user)
        }
        known[f"sessions of {user}"] = {
            (one.id, one.conversation_id, one.status, one.turn)
            for one in await store.sessions.of_user(user, limit=1000)
        }
    for status in ("active", "completed", "cancelled", "expired"):
        found = await store.sessions.with_status(status, limit=1000)
        known[f"sessions {status}"] = {one.id for one in found}
    return known


async def _chat(store: Store, name: str) -> dict[str, Any] | None:
    said = await store.messages.last(name, limit=1000)
    if await store.conversations.get(name) is None:
        assert said == []
        return None
    sessions = list(dict.fromkeys(one.session_id for one in said if one.session_id))
    return {
        "history": [(one.role, one.content) for one in said],
        "roles": await store.messages.count_by_role(name),
        "answers": [
            {answer.step: answer.response_json for answer in await store.responses.of_session(session)}
            for session in sessions
        ],
    }


@pytest.mark.parametrize("store", STORES)
def test_an_engine_on_this_store_does_what_the_model_does(store: str, tmp_path: Path) -> None:
    machine = type(
        "Bot", (Bot,), {"make_address": staticmethod(STORES[store]), "flows": flows_of(tmp_path, ORDER, BOT)}
    )
    run_state_machine_as_test(
        seed(SEED)(machine),
        settings=settings(
            max_examples=size(30, 1000),
            stateful_step_count=size(20, 60),
            deadline=None,
            phases=list(Phase) if IS_LONG else [Phase.explicit, Phase.generate],  # making it shorter takes minutes
            suppress_health_check=[HealthCheck.too_slow],
        ),
    )

    record("T28", seed=SEED, what=store, rules=machine.rules_run)
    assert machine.rules_run > 100
