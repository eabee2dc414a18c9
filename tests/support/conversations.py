"""Whole conversations with the engine on a database file, and the shipped flows' questions with answers that fit."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from hypothesis import strategies as st

from fsm_engine.actions import ActionCall, Actions, Rejected
from fsm_engine.core.flows import Flows
from fsm_engine.engine.engine import Engine
from fsm_engine.flow_files.load import load_flows
from fsm_engine.model.turn import Reply
from fsm_engine.testing.clock import VirtualClock
from fsm_engine.testing.generate import messages

SHIPPED: Final[Flows] = load_flows([Path(__file__).parents[2] / "flows", Path(__file__).with_name("errand.yaml")])
"""The shipped flows, and one that has what they lack."""
CONVERSATION: Final = "chat"
IDLE_LIMIT_S: Final = SHIPPED.bot.expires_s

WAYS: Final[Mapping[str, tuple[tuple[str, ...], ...]]] = {
    "create_account": (
        ("Ahmed Ali", "ahmed@example.com", "415 555 2671", "savings", "$50", "yes"),
        ("Ana Lopez", "ana@example.com", "skip", "checking", "yes"),
    ),
    "support_people": (
        ("yes", "my aunt", "message", "homework", "yes", "Sam", "call", "laughing", "no"),
        ("no",),
    ),
    "strengths": (("drawing, football", "I finished my homework", "music and drawing"),),
    "worries": (("my exams", "9", "talking to my aunt"), ("skip",)),
    "goals": (
        ("walk on two days", "tomorrow", "put my shoes by the door", "my aunt", "3", "walk once", "yes"),
        ("call a friend", "Friday", "skip", "skip", "8", "yes"),
    ),
    "errand": (("milk",),),
    "wellbeing": (("Sam", "no", "drawing", "skip", "music", "skip", "skip"),),
}
"""For each flow, the answers that lead through it to its end; together they stand at every question."""

PATIENCE_MS: Final = 20_000
"""Hypothesis' deadline: a conversation takes 0.1 s, on a busy machine many times that; a hang takes longer."""
TAKEN: Final = "taken@example.com"
REFUSED: Final = "refused@example.com"


class Bank:
    """What the shipped flows call; ``calls`` counts every question that the world was asked.

    ``while_acting`` happens once, in the middle of the next action that changes something.
    """

    def __init__(self) -> None:
        self.calls = 0
        self.while_acting: Callable[[], None] | None = None
        self.actions = Actions()
        self.actions.action("accounts.email_is_free")(self._email_is_free)
        self.actions.action("accounts.create", undo="accounts.close", idempotent=True)(self._create)
        self.actions.action("errands.fetch", idempotent=True)(self._fetch)
        self.actions.action("errands.bring", idempotent=True)(self._bring)
        self.actions.action("accounts.close", idempotent=True)(self._close)

    async def _email_is_free(self, call: ActionCall) -> bool:
        self.calls += 1
        return TAKEN not in call.slots.values()

    async def _create(self, call: ActionCall) -> dict[str, str]:
        self.calls += 1
        self._let_it_happen()
        if REFUSED in call.slots.values():
            raise Rejected("no account for this address")
        return {"account_number": f"account of {call.slots['name']}"}

    async def _fetch(self, call: ActionCall) -> str:
        self.calls += 1
        return f"fresh {call.slots['what']}"

    async def _bring(self, call: ActionCall) -> str:
        self.calls += 1
        self._let_it_happen()
        return "at your door"

    def _let_it_happen(self) -> None:
        happen, self.while_acting = self.while_acting, None
        if happen is not None:
            happen()

    async def _close(self, call: ActionCall) -> None:
        self.calls += 1


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happens in a conversation: ``wait_s`` seconds pass, then a text comes, or a flow is started."""

    text: str = ""
    start: str | None = None
    wait_s: float = 1.0
    locale: str | None = None


_OPENED_BY: Final[ContextVar[str]] = ContextVar("_OPENED_BY")
"""Which delivery is under way in this task: the id of a session that it may open, the same in every run."""


def _id_of_delivery(now: datetime) -> str:
    return f"session of {_OPENED_BY.get()}"


@asynccontextmanager
async def opened(path: Path | str, clock: VirtualClock, bank: Bank) -> AsyncIterator[Engine]:
    """An engine that does the same things at the same moments."""
    async with Engine.open(
        f"sqlite:///{path}",
        flows=SHIPPED,
        actions=bank.actions,
        clock=clock,
        new_id=_id_of_delivery,
        durability="normal",
    ) as engine:
        yield engine


async def deliver(engine: Engine, event: Event, number: int, *, is_late: bool = False) -> Reply:
    """One delivery of the event that has this number in its conversation; a late one is known to be stored already."""
    _OPENED_BY.set(f"late {number}" if is_late else f"delivery {number}")
    if event.start is not None:
        return await engine.start(CONVERSATION, event.start, request_id=f"r{number}", locale=event.locale)
    return await engine.turn(CONVERSATION, event.text, request_id=f"r{number}", locale=event.locale)


async def hold(path: Path | str, events: Sequence[Event], bank: Bank | None = None) -> list[Reply]:
    """The replies to a whole conversation without any mishap."""
    clock = VirtualClock()
    async with opened(path, clock, bank or Bank()) as engine:
        replies = []
        for number, event in enumerate(events):
            clock.advance(event.wait_s)
            replies.append(await deliver(engine, event, number))
        return replies


def beginnings() -> st.SearchStrategy[list[Event]]:
    """A shipped flow, started and answered up to any of its questions, in either language."""
    ways = [(flow, way) for flow, alternatives in WAYS.items() for way in alternatives]
    places = [(flow, way[:answered]) for flow, way in ways for answered in range(len(way) + 1)]
    return st.builds(_beginning, st.sampled_from(places), st.sampled_from(("en", "es", None)))


def _beginning(place: tuple[str, Sequence[str]], locale: str | None) -> list[Event]:
    flow, answers = place
    return [Event(start=flow, locale=locale), *(Event(text) for text in answers)]


def events() -> st.SearchStrategy[Event]:
    """Anything that a user types, a moment or hours later; now and then the bot starts a flow."""
    waits = st.sampled_from((1.0, 1.0, 1.0, 60.0, IDLE_LIMIT_S - 1, IDLE_LIMIT_S + 1, 86_400.0))
    texts = st.one_of(messages(), st.sampled_from(TELLING))
    said = st.builds(Event, text=texts, wait_s=waits)
    started = st.builds(Event, start=st.sampled_from(sorted(WAYS)), wait_s=waits)
    return st.one_of(said, said, said, said, started)


TELLING: Final = (
    TAKEN,
    REFUSED,
    f"actually my email is {REFUSED}",
    "who can see this",
    "eres un robot",
    "set a goal",
    "talk about my worries",
    "I want to hurt myself",
    "I am safe",
    "yes",
    "continue",
    "restart",
)


def whole_conversations(*, longest: int = 8) -> st.SearchStrategy[list[Event]]:
    """A flow up to some question, then anything: digressions, corrections, expiry, actions, nonsense."""
    return st.builds(
        lambda first, rest: [*first, *rest], beginnings(), st.lists(events(), min_size=1, max_size=longest)
    )
