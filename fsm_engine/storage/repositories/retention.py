"""What is old is archived or removed, in batches that never keep a turn waiting for long."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TypeAlias

from fsm_engine.errors import InvalidArgument
from fsm_engine.storage import sql_retention as sql
from fsm_engine.storage.database import Database
from fsm_engine.storage.erasing import clear_files
from fsm_engine.storage.pace import Pace, timed
from fsm_engine.storage.reports import Archived, Purged
from fsm_engine.storage.repositories.base import Repository, moment
from fsm_engine.storage.seal import Seal
from fsm_engine.storage.search import Search
from fsm_engine.storage.search_index import Paces
from fsm_engine.storage.sql_actions import DELETE_OLD_RESULTS
from fsm_engine.storage.sql_analytics import LAST_SESSION

Progress: TypeAlias = Callable[[str, int, int], None]
"""Told what is being gone through, how far it is, and how far it goes."""


@dataclass(frozen=True, slots=True)
class _Part:
    """One kind of old rows: how far keys go, how many of a range are old, and what removes them, step by step.

    The statements of a step are one transaction; the last of them returns the rows that it removed.
    """

    name: str
    last: str
    count: str
    steps: Sequence[Sequence[str]] = ()


_IDLE = _Part("idle conversations", sql.LAST_CONVERSATION, sql.COUNT_IDLE, [[sql.ARCHIVE_IDLE]])
_TO_MOVE = _Part("messages", sql.LAST_CONVERSATION, sql.COUNT_TO_MOVE, [[sql.MOVE_COPY, sql.MOVE_DELETE]])
_HELD = _Part("sessions to review", LAST_SESSION, sql.COUNT_HELD)
_UNREVIEWED = _Part("risk detections", LAST_SESSION, sql.COUNT_UNREVIEWED)
_UNDELIVERED = _Part("deliveries", LAST_SESSION, sql.COUNT_UNDELIVERED)
_SESSIONS = _Part(
    "sessions",
    LAST_SESSION,
    sql.COUNT_OLD_SESSIONS,
    [
        [sql.DELETE_OLD_TURNS],
        [sql.DELETE_OLD_CLASSIFICATIONS],
        [sql.COUNT_ANSWERS_IN, sql.DELETE_OLD_ANSWERS],
        [sql.COUNT_SESSIONS_IN, sql.DELETE_OLD_SESSIONS],
    ],
)
_MESSAGES = _Part("messages", sql.LAST_MESSAGE, sql.COUNT_OLD_MESSAGES, [[sql.DELETE_OLD_MESSAGES]])
_ARCHIVED = _Part("archived messages", sql.LAST_ARCHIVED, sql.COUNT_OLD_ARCHIVED, [[sql.DELETE_OLD_ARCHIVED]])
_DELETED = _Part(
    "deleted conversations",
    sql.LAST_CONVERSATION,
    sql.COUNT_DELETED,
    [
        [sql.DELETE_MESSAGES_OF_DELETED],
        [sql.DELETE_ARCHIVED_OF_DELETED],
        [sql.DELETE_TURNS_OF_DELETED],
        [sql.DELETE_SESSIONS_OF_DELETED],
        [sql.DELETE_DELETED],
    ],
)
_EMPTY = _Part("empty conversations", sql.LAST_CONVERSATION, sql.COUNT_EMPTY, [[sql.DELETE_EMPTY]])
_EVENTS = _Part("events", sql.LAST_EVENT, sql.COUNT_PAST_EVENTS, [[sql.ROLL_UP_EVENTS, sql.DELETE_ROLLED_UP]])


@dataclass(slots=True)
class _Run:
    """One run through the database. ``longest_s``: the longest that a batch kept the writer."""

    now: str
    dry_run: bool
    progress: Progress
    paces: dict[str, Pace] = field(default_factory=dict)
    index: Paces = field(default_factory=Paces)

    @property
    def longest_s(self) -> float:
        return max(self.index.longest_s, *(pace.longest_s for pace in self.paces.values()), 0.0)


RESULTS_AT_ONCE = 1000


class Retention(Repository):
    """Archives and removes what is old. Stopping a run at any moment leaves a sound database; the next run goes on.

    Times before which things count as old are UTC text, as all stored times. A dry run changes nothing and counts what
    a real one would find. ``progress`` is told the part, how far it is, and how far it goes.
    """

    def __init__(self, database: Database, seal: Seal, search: Search) -> None:
        super().__init__(database, seal)
        self._search = search

    async def archive(
        self,
        *,
        now: str,
        idle_before: str,
        move_before: str | None = None,
        dry_run: bool = False,
        progress: Progress | None = None,
    ) -> Archived:
        """Archives conversations without activity since ``idle_before``.

        With ``move_before``, messages of archived conversations that are older than that go to the archive table: out
        of history and search, and still there for `Messages.archived` and exports. A dry run counts those of
        conversations that are archived already.
        """
        run = _Run(now, dry_run, progress or _nobody)
        _must_be_past(now, idle_before=idle_before, move_before=move_before)
        conversations = await self._walk(_IDLE, run, idle_before)
        messages = await self._walk(_TO_MOVE, run, move_before) if move_before else 0
        if not dry_run:
            await self._search.index.compact(run.index, partial(run.progress, "search index"))
        return Archived(conversations, messages, run.longest_s)

    async def purge(
        self,
        *,
        now: str,
        sessions_before: str,
        messages_before: str,
        hold_since: str | None = None,
        dry_run: bool = False,
        compact: bool = False,
        progress: Progress | None = None,
    ) -> Purged:
        """Removes sessions without activity since ``sessions_before`` and messages from before ``messages_before``.

        A session that is running and whose time is not up stays, and so does one that is still to remind of something.
        Of the sessions that go, anonymous counts remain for the funnel. Conversations that were deleted by then go with
        all that is in them; those that nothing is left of go as well. Events of earlier weeks become one row a week.

        Sessions with a medium or high risk detection from ``hold_since`` on that nobody has reviewed stay; None holds
        none back. A conversation that was deleted goes with its detections all the same.
        Results of actions that are out of date go, whatever their age.

        At the end the log is emptied, which holds what was removed until then. ``compact`` also writes the file anew
        (`VACUUM`): it becomes smaller, and pieces that SQLite left in the gaps of pages go. Turns wait for that, about
        10 s a gigabyte, and it needs the file's size once more on the disk.
        """
        run = _Run(now, dry_run, progress or _nobody)
        _must_be_past(now, sessions_before=sessions_before, messages_before=messages_before, hold_since=hold_since)
        held = await self._walk(_HELD, run, sessions_before, hold_since)
        unreviewed = await self._walk(_UNREVIEWED, run, sessions_before, hold_since)
        undelivered = await self._walk(_UNDELIVERED, run, sessions_before, hold_since)
        sessions = await self._walk(_SESSIONS, run, sessions_before, hold_since)
        messages = await self._walk(_MESSAGES, run, messages_before)
        archived = await self._walk(_ARCHIVED, run, messages_before)
        deleted = await self._walk(_DELETED, run, sessions_before)
        empty = await self._walk(_EMPTY, run, min(sessions_before, messages_before))
        if not dry_run:
            await self._walk(_EVENTS, run, sessions_before)
            await self._drop_old_results(run)
            # What a run that was killed has left in the index goes as well.
            await self._search.index.compact(run.index, partial(run.progress, "search index"))
        log_in_use = not dry_run and not await clear_files(self._database, compact=compact)
        return Purged(
            sessions, messages, archived, deleted, empty, unreviewed, undelivered, held, run.longest_s, log_in_use
        )

    async def _walk(self, part: _Part, run: _Run, before: str, *more: str | None) -> int:
        """How many old rows there were, or are. ``more`` values follow those that all statements take."""
        ((last,),) = await self._database.rows(part.last)
        found, done, width = 0, 0, 256
        while done < last:
            upto = min(done + width, last)
            with timed() as spent:
                ((count,),) = await self._database.rows(part.count, done, upto, run.now, before, *more)
            if count and not run.dry_run:
                for step in part.steps:
                    await self._drain(step, run, (done, upto, run.now, before), more)
            found += count
            width = spent.fitting(upto - done)
            done = upto
            run.progress(part.name, done, last)
        return found

    async def _drain(
        self, step: Sequence[str], run: _Run, values: tuple[int, int, str, str], more: Sequence[str | None]
    ) -> None:
        """Runs a step until it finds nothing more in the range."""
        pace = run.paces.setdefault(step[-1], Pace())
        while True:
            asked = pace.rows
            steps = [(one, (*values, asked, *more)) for one in step]
            (*_, removed), spent = await pace.change(self._database, steps)
            pace.took(spent, len(removed))
            if len(removed) < asked:
                return
            # Other processes wait for the lock by trying again and again; leaving it for as long lets them in.
            await asyncio.sleep(spent.seconds)

    async def _drop_old_results(self, run: _Run) -> None:
        """Results of actions that are not given again any more."""
        removed = RESULTS_AT_ONCE
        while removed == RESULTS_AT_ONCE:
            removed = len(await self._change((DELETE_OLD_RESULTS, (run.now, RESULTS_AT_ONCE))))


def _must_be_past(now: str, **times: str | None) -> None:
    """Raises `InvalidArgument` for what is no time, or later than now: everything would count as old."""
    moment("now", now)
    for name, time in times.items():
        if time is not None and moment(name, time) > now:
            raise InvalidArgument(f"{name}: {time} is later than now, {now}. Give a time that is past.")


def _nobody(part: str, done: int, last: int) -> None:
    """Where nobody wants to know."""
