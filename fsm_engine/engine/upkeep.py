"""Keeping the database in shape: what the bot file's `keep:` means at a moment, and erasing while turns go on."""

from __future__ import annotations

from datetime import datetime, timedelta

from fsm_engine.engine.requests import rising_id
from fsm_engine.engine.turns import Turns
from fsm_engine.model.flow import Keep
from fsm_engine.model.times import utc_text
from fsm_engine.storage.erasing import Erased, Subject
from fsm_engine.storage.reports import Archived, Purged
from fsm_engine.storage.repositories import Progress
from fsm_engine.storage.store import Store


async def erase(store: Store, turns: Turns, subject: Subject, now: datetime, *, compact: bool) -> Erased:
    """Erases once the subject's turns that are under way have ended."""
    known = await store.erasing.counts(subject)
    async with turns.paused(known.conversations):
        return await store.erasing.erase(subject, now=utc_text(now), record=rising_id(now), compact=compact)


async def archive(
    store: Store, keep: Keep, now: datetime, *, move_messages: bool, dry_run: bool, progress: Progress | None
) -> Archived:
    before = utc_text(now - timedelta(days=keep.messages_days))
    move_before = before if move_messages else None
    return await store.retention.archive(
        now=utc_text(now), idle_before=before, move_before=move_before, dry_run=dry_run, progress=progress
    )


async def purge(
    store: Store, keep: Keep, now: datetime, *, dry_run: bool, compact: bool, progress: Progress | None
) -> Purged:
    return await store.retention.purge(
        now=utc_text(now),
        sessions_before=utc_text(now - timedelta(days=keep.sessions_days)),
        messages_before=utc_text(now - timedelta(days=keep.messages_days)),
        hold_since=utc_text(now - timedelta(days=keep.unreviewed_days)),
        dry_run=dry_run,
        compact=compact,
        progress=progress,
    )
