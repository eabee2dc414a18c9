"""The full-text index of messages on SQLite: brought up to date, and rid of the words of deleted messages.

It is in parts, tables of FTS5, each over a range of message ids. All work is in steps that keep the writer for a moment
only, however much is indexed: what a step of FTS5 goes through is bounded by the size of a part. Several processes may
work at it at once; each step is a transaction that looks again at what it goes on from.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from fsm_engine.errors import IntegrityViolated, OperationFailed
from fsm_engine.storage import sql_search as sql
from fsm_engine.storage.database import Database, Step
from fsm_engine.storage.pace import Pace, Spent

PART = 65_536
"""Messages after which the next part begins. What FTS5 does in one go in a part of this size takes about 15 ms."""
SMALL = 1024
"""Messages that are indexed anew at once, so that a part does not end for the sake of a few."""
USUAL_LENGTH = 200
"""Characters of a message. Where they are longer, batches are of fewer."""
FIRST_BATCH, FIRST_PAGES = 256, 16


@dataclass(frozen=True, slots=True)
class Part:
    """One part, as `search_parts` has it."""

    number: int
    first_id: int
    last_id: int
    filled_to: int
    entries: int
    is_stale: bool

    @property
    def is_empty(self) -> bool:
        return self.first_id > self.last_id

    @property
    def is_cut(self) -> bool:
        """Ids above its last one stand in it still, and may be given again: it takes no more messages."""
        return self.filled_to > self.last_id


@dataclass(slots=True)
class Paces:
    """How much each kind of step takes at once, and how long the longest of them took."""

    indexing: Pace = field(default_factory=lambda: Pace(rows=FIRST_BATCH))
    merging: Pace = field(default_factory=lambda: Pace(rows=FIRST_PAGES, least=1))
    dropping: Pace = field(default_factory=lambda: Pace(rows=FIRST_PAGES))

    @property
    def longest_s(self) -> float:
        return max(pace.longest_s for pace in (self.indexing, self.merging, self.dropping))


class SearchIndex:
    """The parts, and what is done with them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def parts(self) -> list[Part]:
        """Newest first."""
        return [_part(*row) for row in await self._database.rows(sql.PARTS)]

    async def catch_up(self, paces: Paces | None = None) -> int:
        """Indexes the messages that were said before the call and are not indexed yet; how many there were."""
        paces = paces or Paces()
        ((reached, goal),) = await self._database.rows(sql.LAG)
        done = 0
        while reached < goal:
            part = await self._last_part(paces)
            if part is not None:
                done += await self._grow(part, reached, goal, paces)
            ((reached, last),) = await self._database.rows(sql.LAG)
            goal = min(goal, last)  # the newest may be gone in the meantime
        return done

    async def _grow(self, part: Part, reached: int, goal: int, paces: Paces) -> int:
        upto, count = await self._next_ids(reached + 1, goal, paces)
        if not count:
            return 0
        steps = [(sql.index_more(part.number), (part.number, upto)), (sql.GROW, (part.number, upto))]
        spent = await self._changed(part, steps, paces.indexing)
        if spent is None:
            return 0
        paces.indexing.took(spent, count)
        await self._merge(part, paces.merging)
        return int(count)

    async def _last_part(self, paces: Paces) -> Part | None:
        """The one that takes the next messages; None when it has to be looked for again."""
        newest, *_ = [*await self.parts(), None]
        if newest is not None and not newest.is_cut and newest.entries < PART:
            return newest
        if newest is not None and newest.is_cut and newest.entries <= SMALL:
            await self._renew(newest.number, paces)
            return None
        return await self._add_part((newest.last_id if newest else 0) + 1)

    async def _add_part(self, first_id: int) -> Part | None:
        """None when another process was quicker."""
        ((number,),) = await self._database.rows(sql.NEXT_NUMBER)
        try:
            await self._database.change(
                (sql.ADD_PART, (number, first_id)), *((one, ()) for one in sql.new_part(number))
            )
        except IntegrityViolated:
            return None
        return Part(number, first_id, first_id - 1, first_id - 1, 0, is_stale=False)

    async def compact(self, paces: Paces | None = None, tell: Callable[[int, int], None] = lambda _, __: None) -> None:
        """Takes the words of deleted messages out of the index for good.

        Until then they stand in it unseen. What is left of a part that has any is indexed anew, about 45 µs a message;
        a part that nothing is left of only goes. ``tell``: parts done, and parts in all.
        """
        paces = paces or Paces()
        parts = await self.parts()
        for done, part in enumerate(reversed(parts), 1):
            if part.is_stale:
                await self._renew(part.number, paces)
            tell(done, len(parts))
        for age, part in enumerate(await self.parts()):
            if part.is_empty and (part.is_cut or age > 0):  # the newest may be one that somebody has just begun
                await self._drop(part, paces.dropping)

    async def _renew(self, number: int, paces: Paces) -> None:
        """Indexes what is left of a part in the one before it, or in new ones, and drops it."""
        while (part := _with_number(parts := await self.parts(), number)) is not None:
            if part.is_empty:
                await self._drop(part, paces.dropping)
                continue
            upto, count = await self._next_ids(part.first_id, part.last_id, paces)
            if not count:
                await self._database.change((sql.CLEAR_PART, (number,)))
                continue
            target = self._target(parts, part) or await self._add_part(part.first_id)
            if target is not None:
                await self._hand_over(part, target, (upto, count), paces)

    async def _next_ids(self, first: int, last: int, paces: Paces) -> tuple[int, int]:
        """How far the next batch goes, and how many messages it holds: 0 when there are no more."""
        rows = paces.indexing.rows
        ((upto, count),) = await self._database.rows(sql.NEXT_IDS, first, last, rows, rows * USUAL_LENGTH)
        return upto, count

    def _target(self, parts: Sequence[Part], part: Part) -> Part | None:
        """The part that ends where this one begins, when it can take more."""
        for one in parts:
            ends_there = one.last_id == part.first_id - 1 and not one.is_cut
            if ends_there and one.entries < PART and not one.is_stale and one.number != part.number:
                return one
        return None

    async def _hand_over(self, part: Part, target: Part, batch: tuple[int, int], paces: Paces) -> None:
        upto, count = batch
        values = (target.number, upto, part.number)
        steps: list[Step] = [
            (sql.index_anew(target.number), values),
            (sql.TAKE_OVER, values),
            (sql.GIVE_AWAY, (part.number, upto)),
        ]
        spent = await self._changed(target, steps, paces.indexing)
        if spent is not None:
            paces.indexing.took(spent, count)
            await asyncio.sleep(spent.seconds)  # other processes try for the lock again and again
            await self._merge(target, paces.merging)

    async def _merge(self, part: Part, pace: Pace) -> None:
        """Puts pieces of a part together where there are many, so that searches stay quick."""
        written = 2
        while written > 1:
            steps = [(sql.CHANGES, ()), (sql.merge(part.number), (pace.rows,)), (sql.CHANGES, ())]
            try:
                (before, _, after), spent = await pace.change(self._database, steps)
            except OperationFailed:
                if await self._is_there(part):
                    raise
                return
            written = after[0][0] - before[0][0]
            if written > 1:
                pace.took(spent, written)

    async def _drop(self, part: Part, pace: Pace) -> None:
        """Overwrites the pages of a part that holds nothing any more, a few at a time, and then drops its table."""
        try:
            removed, asked = pace.rows, pace.rows
            while removed == asked:
                asked = pace.rows
                (gone,), spent = await pace.change(self._database, [(sql.empty_table(part.number), (asked,))])
                removed = len(gone)
                pace.took(spent, removed)
                await asyncio.sleep(spent.seconds)
            await self._database.change((sql.drop_table(part.number), ()), (sql.DROP_PART, (part.number,)))
        except OperationFailed:  # another process was quicker
            if await self._is_there(part):
                raise

    async def _changed(self, part: Part, steps: Sequence[Step], pace: Pace) -> Spent | None:
        """How long it took; None when another process had done it, and so the second step changed nothing."""
        try:
            (_, changed, *_), spent = await pace.change(self._database, steps)
        except OperationFailed:
            if await self._is_there(part):
                raise
            return None
        return spent if changed else None

    async def _is_there(self, part: Part) -> bool:
        return _with_number(await self.parts(), part.number) is not None


def _part(number: int, first_id: int, last_id: int, filled_to: int, entries: int, is_stale: int) -> Part:
    return Part(number, first_id, last_id, filled_to, entries, bool(is_stale))


def _with_number(parts: Sequence[Part], number: int) -> Part | None:
    return next((part for part in parts if part.number == number), None)
