"""Counts without identifiers: events, weeks, and how far people come in a flow."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from fsm_engine.errors import InvalidArgument
from fsm_engine.storage import sql_analytics
from fsm_engine.storage.database import Row
from fsm_engine.storage.pace import timed
from fsm_engine.storage.reports import StepFunnel, StoredEvent, WeekOfEvents, WeekOfSessions
from fsm_engine.storage.repositories.base import Repository, at_most

EVER = "0000"
_GAVE_UP = ("cancelled", "expired", "handed_off")
_ITEM = re.compile(r"\[\d+\]")


class Analytics(Repository):
    """Events that nobody can be known by. What an event says is up to who records it: put no text of a user in it."""

    async def record(
        self, event_type: str, event: Mapping[str, Any] | None = None, *, now: str, session_count: int = 1
    ) -> None:
        """Adds an event, or as many equal ones as ``session_count`` says."""
        if session_count < 1:
            raise InvalidArgument(f"analytics: session_count is {session_count}. Count at least 1.")
        if not event_type:
            raise InvalidArgument("analytics: the event has no type. Name what happened.")
        data = orjson.dumps(dict(event or {}), option=orjson.OPT_SORT_KEYS).decode()
        await self._change((sql_analytics.ADD_EVENT, (event_type, data, session_count, now)))

    async def of_type(self, event_type: str, *, since: str = EVER, limit: int = 1000) -> list[StoredEvent]:
        """Oldest first."""
        return await self._all(StoredEvent, sql_analytics.EVENTS_OF_TYPE, event_type, since, at_most(limit))

    async def weekly(self, event_type: str | None = None, *, since: str = EVER) -> list[WeekOfEvents]:
        """How many events of a type, or of each, there were in each week that had any; weeks begin on Monday (UTC)."""
        types = (
            [event_type] if event_type else [name for (name,) in await self._database.rows(sql_analytics.EVENT_TYPES)]
        )
        weeks = []
        for name in types:
            weeks += await self._all(WeekOfEvents, sql_analytics.EVENTS_BY_WEEK, name, since)
        return weeks

    async def funnel(self, *, now: str, flow: str | None = None, since: str = EVER) -> list[StepFunnel]:
        """How far sessions came that began since then: each step that anybody reached, in no order but flow and name.

        Sessions that were purged are counted in, by the week in which they began. An item of a repeat counts as its
        step: ``people[2].person`` as ``people[].person``.
        """
        counted = _Counted()
        async for row in self._in_ranges(sql_analytics.ANSWERS_IN_RANGE, since, flow):
            counted.answered(*row)
        async for row in self._in_ranges(sql_analytics.PLACES_IN_RANGE, since, flow, now):
            counted.stood(*row)
        for event, _, count in await self._purged("step_answered", since, flow):
            counted.answered(event["flow"], event["step"], event["attempts"], count)
        for event, _, count in await self._purged("session_ended", since, flow):
            counted.stood(event["flow"], event["step"], event["status"], count)
        return counted.steps()

    async def weeks_of_sessions(self, *, now: str, flow: str | None = None, since: str = EVER) -> list[WeekOfSessions]:
        """What became of the sessions that began in each week, purged ones too; ``flow``: only those that end in it."""
        counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
        async for week, status, count in self._in_ranges(sql_analytics.WEEKS_IN_RANGE, since, flow, now):
            counts[week][status] += count
        for event, week, count in await self._purged("session_ended", since, flow):
            counts[week][event["status"]] += count
        return [
            WeekOfSessions(week, by.total(), by["completed"], sum(by[status] for status in _GAVE_UP))
            for week, by in sorted(counts.items())
        ]

    async def _in_ranges(self, statement: str, *values: str | None) -> AsyncIterator[Row]:
        """The rows of a statement, range by range of sessions, so that no read keeps others waiting."""
        ((last,),) = await self._database.rows(sql_analytics.LAST_SESSION)
        done, width = 0, 1000
        while done < last:
            upto = min(done + width, last)
            with timed() as spent:
                rows = await self._database.rows(statement, done, upto, *values)
            for row in rows:
                yield row
            done, width = upto, spent.fitting(upto - done)

    async def _purged(self, kind: str, since: str, flow: str | None) -> list[tuple[dict[str, Any], str, int]]:
        """What was counted of sessions that are gone: the event, its week, and how often."""
        rows = await self._database.rows(sql_analytics.EVENTS_OF_FUNNEL, kind, since)
        found = [(orjson.loads(data), week, count) for data, week, count in rows]
        return [one for one in found if flow in (None, one[0]["flow"])]


@dataclass(slots=True)
class _Counted:
    """Counts by flow and step."""

    attempts: dict[tuple[str, str], Counter[int]] = field(default_factory=lambda: defaultdict(Counter))
    waiting: Counter[tuple[str, str]] = field(default_factory=Counter)
    gave_up: Counter[tuple[str, str]] = field(default_factory=Counter)

    def answered(self, flow: str, step: str, attempts: int, count: int) -> None:
        self.attempts[flow, _ITEM.sub("[]", step)][attempts] += count

    def stood(self, flow: str | None, step: str | None, status: str, count: int) -> None:
        """A session that is completed stands nowhere, nor does one without a flow."""
        if flow is None or step is None or status == "completed":
            return
        (self.gave_up if status in _GAVE_UP else self.waiting)[flow, _ITEM.sub("[]", step)] += count

    def steps(self) -> list[StepFunnel]:
        found = []
        for flow, step in sorted({*self.attempts, *self.waiting, *self.gave_up}):
            attempts = self.attempts.get((flow, step), Counter())
            answered, gave_up = attempts.total(), self.gave_up[flow, step]
            reached = answered + gave_up + self.waiting[flow, step]
            found.append(StepFunnel(flow, step, reached, answered, gave_up, _median(attempts)))
        return found


def _median(counts: Counter[int]) -> float | None:
    """The median of values that occur so often; None when there are none."""
    if not counts:
        return None
    middle = (counts.total() - 1) / 2
    values = [_value_at(counts, int(place)) for place in (middle, middle + 0.5)]
    return sum(values) / 2


def _value_at(counts: Counter[int], place: int) -> int:
    for value in sorted(counts):
        place -= counts[value]
        if place < 0:
            return value
    raise IndexError(place)
