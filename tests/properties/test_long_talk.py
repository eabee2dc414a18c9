"""A conversation of hundreds of turns, with corrections and digressions, holds what an independent model does.

The long form, thousands of turns with other seeds, is marked slow; ``TALK_SEED`` and ``TALK_TURNS`` choose one talk.
"""

from __future__ import annotations

import os
from collections import Counter
from contextlib import AsyncExitStack
from pathlib import Path
from random import Random

import orjson
import pytest

from fsm_engine.core.flows import Flows
from fsm_engine.engine.engine import Engine
from fsm_engine.model.session import Status
from fsm_engine.model.turn import Reply
from fsm_engine.testing.clock import VirtualClock
from tests.faults.figures import record
from tests.properties.long_talk_model import ASIDE, BOT, MAKERS, OPTIONAL, ORDER, SPANISH_NAMES, Model
from tests.support.flow_texts import flows_of

# proves: C3, C5, C6

SEED = int(os.environ.get("TALK_SEED", "7"))
TURNS = int(os.environ.get("TALK_TURNS", "500"))
REOPENED_EVERY = 41


class LongTalk:
    """The talk as it goes: what is said next, what the model makes of it, and whether the engine agrees."""

    def __init__(self, path: Path, flows: Flows, seed: int) -> None:
        self.path = path
        self.flows = flows
        self.random = Random(seed)
        self.clock = VirtualClock()
        self.model = Model()
        self.engine: Engine
        self.said: Counter[str] = Counter()
        self.number = 0
        self.sessions = 0
        self.lately: list[tuple[str, str | None]] = []

    async def hold(self, turns: int) -> None:
        stack = AsyncExitStack()
        for number in range(turns):
            if number % REOPENED_EVERY == 0:
                await stack.aclose()
                stack = AsyncExitStack()
                self.engine = await stack.enter_async_context(
                    Engine.open(f"sqlite:///{self.path}", flows=self.flows, clock=self.clock, durability="normal")
                )
            reply = await (self._begin() if self.sessions == 0 else self._next())
            await self._must_agree(reply)
        await stack.aclose()

    async def _begin(self) -> Reply:
        self.sessions += 1
        self.model = Model()
        return await self.engine.start("talk", "order")

    async def _say(self, what: str, text: str) -> Reply:
        self.said[what] += 1
        self.number += 1
        self.clock.advance(self.random.choice((1, 5, 60)))
        reply = await self.engine.turn("talk", text, request_id=f"r{self.number}")
        self.lately = [*self.lately[-9:], (text[:60], reply.session.step)]
        return reply

    async def _next(self) -> Reply:
        if self.model.aside is not None:
            return await self._aside()
        moves = [
            *[self._answer] * 8,
            *[self._several] * 2,
            *[self._change_to] * 3,
            *[self._change] * 2,
            *[self._mean] * 2,
            *[self._wander] * 2,
            self._back,
            self._skip,
            self._ask,
            self._mumble,
            self._start_over,
        ]
        return await self.random.choice(moves)()

    async def _answer(self) -> Reply:
        if self.model.open == "sure":
            return await self._confirm()
        text, value = MAKERS[self.model.open](self.random)
        self.model.answer(value)
        return await self._say("answer", text)

    async def _confirm(self) -> Reply:
        """Mostly no, so that sessions grow old."""
        if self.random.random() < 0.2:
            reply = await self._say("yes", self.random.choice(("yes", "sure")))
            assert reply.session.status is Status.COMPLETED
            assert dict(reply.session.slots) == self.model.slots
            return await self._begin()
        slot = self.random.choice(self.model.answered)
        reply = await self._say("no", "no")
        assert reply.expects is not None
        assert slot in reply.expects.options
        self.model.ask_again(slot)
        return await self._say("which", slot)

    async def _several(self) -> Reply:
        """Answers to the open question and to later ones, in any order."""
        later = [slot for slot in ("email", "size") if slot not in self.model.slots and slot != self.model.open]
        if self.model.open not in {"name", "age"} or not later or self.model.returning_to is not None:
            return await self._answer()
        text, value = MAKERS[self.model.open](self.random)
        texts = [f"my {self.model.open} is {text}"]
        self.model.answer(value)
        for slot in later:
            text, value = MAKERS[slot](self.random)
            self.model.volunteer(slot, value)
            texts.append(text)
        self.random.shuffle(texts)
        return await self._say("several", self.random.choice((", ", "; ", " and ")).join(texts))

    async def _change_to(self) -> Reply:
        slots = [slot for slot in self.model.answered if slot != self.model.open]
        if not slots:
            return await self._answer()
        slot = self.random.choice(slots)
        text, value = MAKERS[slot](self.random)
        self.model.change(slot, value)
        wordings = [f"actually my {slot} is {text}", f"change my {slot} to {text}", f"no, my {slot} should be {text}"]
        if slot in SPANISH_NAMES:
            wordings.append(f"sorry, the {slot} is {text}")
        return await self._say("change to", self.random.choice(wordings))

    async def _change(self) -> Reply:
        if not self.model.answered:
            return await self._answer()
        slot = self.random.choice(self.model.answered)
        self.model.ask_again(slot)
        wordings = [f"change my {slot}", f"I want to correct my {slot}", f"my {slot} is wrong"]
        return await self._say("change", self.random.choice(wordings))

    async def _mean(self) -> Reply:
        """A new value for the answer before, by nothing but the value."""
        slot = self.model.trail[-1] if self.model.trail else ""
        if slot not in {"email", "age", "size", "deposit"} or slot not in self.model.slots or slot == self.model.open:
            return await self._answer()
        text, value = MAKERS[slot](self.random)
        if self.model.open == "age" or value == self.model.slots[slot]:
            return await self._answer()
        self.model.change(slot, value)
        return await self._say("I meant", f"sorry, I meant {text}")

    async def _wander(self) -> Reply:
        if self.random.random() < 0.5:
            return await self._say("digression", self.random.choice(("who can see this", "quién puede ver esto")))
        self.model.aside = "weather"
        return await self._say("digression", "talk about the weather")

    async def _aside(self) -> Reply:
        """In the other flow: an answer, or it is cancelled."""
        assert self.model.aside is not None
        if self.random.random() < 0.2:
            is_asked_back = self.model.slots or self.model.aside == "degrees"
            self.model.aside = None
            reply = await self._say("cancel", "cancel")
            return await self._say("really", "yes") if is_asked_back else reply
        if self.model.aside == "weather":
            self.model.aside = "degrees"
            return await self._say("aside", "grey and cold")
        self.model.aside = None
        return await self._say("aside", "12")

    async def _back(self) -> Reply:
        self.model.back()
        return await self._say("back", self.random.choice(("back", "go back please")))

    async def _skip(self) -> Reply:
        if self.model.open in OPTIONAL:
            self.model.skip()
        return await self._say("skip", self.random.choice(("skip", "I'd rather not say")))

    async def _ask(self) -> Reply:
        texts = ("help", "repeat", "what did you ask?", "what have I said?", "cancel", "x" * 1001)
        text = self.random.choice(texts)
        reply = await self._say("asks", text)
        if text == "cancel" and self.model.slots:
            return await self._say("asks", "no")
        return reply if reply.session.status is Status.ACTIVE else await self._begin()

    async def _mumble(self) -> Reply:
        """Nothing that any question but a free text takes."""
        if self.model.open in {"extra", "name", "sure"}:
            return await self._answer()
        return await self._say("mumble", self.random.choice(("hmm", "I don't know", "maybe", "not 5", "no sé")))

    async def _start_over(self) -> Reply:
        if self.random.random() < 0.7:
            return await self._answer()
        is_asked_back = bool(self.model.slots)
        reply = await self._say("start over", "start over")
        self.model = Model()
        return await self._say("really", "yes") if is_asked_back else reply

    async def _must_agree(self, reply: Reply) -> None:
        session = await self.engine.store.sessions.get(reply.session.id)
        assert session is not None
        frames = orjson.loads(session.state_json)["frames"]
        at = f"turn {self.number}: {self.lately}"

        assert reply.session.status is Status.ACTIVE, at
        assert frames[0]["slots"] == self.model.slots, at
        assert frames[0]["step"] == self.model.open, at
        assert len(frames) == (1 if self.model.aside is None else 2), at
        assert reply.session.step == (self.model.aside or self.model.open), at
        stored = await self.engine.store.responses.of_session(reply.session.id)
        told = {row.slot: orjson.loads(row.response_json) for row in stored if row.flow == "order"}
        assert told == self.model.slots, at


async def hold(folder: Path, seed: int, turns: int) -> LongTalk:
    talk = LongTalk(folder / "talk.db", flows_of(folder / "flows", BOT, ORDER, ASIDE), seed)
    await talk.hold(turns)
    return talk


async def test_five_hundred_turns_hold_what_the_model_holds(tmp_path: Path) -> None:
    talk = await hold(tmp_path, SEED, TURNS)

    record("long talk", seed=SEED, turns=talk.said.total(), sessions=talk.sessions, **talk.said)
    assert talk.said.total() >= TURNS
    assert len(talk.said) >= 14


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(1, 13))
async def test_thousands_of_turns_hold_what_the_model_holds(tmp_path: Path, seed: int) -> None:
    talk = await hold(tmp_path, 1_000 * SEED + seed, max(TURNS, 2_000))

    assert talk.sessions > 1
