"""What is counted: events, how far people come, and what an archive or purge did."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """An anonymous event, or as many equal ones as ``session_count`` says."""

    id: int
    event_type: str
    event_json: str
    session_count: int
    timestamp: str


@dataclass(frozen=True, slots=True)
class WeekOfEvents:
    """``week`` is the date of its Monday."""

    event_type: str
    week: str
    count: int


@dataclass(frozen=True, slots=True)
class WeekOfSessions:
    """The sessions that began in a week, by the date of its Monday; the rest is still running."""

    week: str
    began: int
    completed: int
    gave_up: int


@dataclass(frozen=True, slots=True)
class StepFunnel:
    """How many sessions reached a step, answered it, and ended there unfinished; the rest is still there."""

    flow: str
    step: str
    reached: int
    answered: int
    gave_up: int
    median_attempts: float | None


@dataclass(frozen=True, slots=True)
class Archived:
    """How many conversations were archived, and messages moved. ``longest_batch_s``: the longest that turns waited."""

    conversations: int
    messages: int
    longest_batch_s: float


@dataclass(frozen=True, slots=True)
class Purged:
    """How many of each are gone.

    ``unreviewed``: risk detections among them that no person had looked at. ``undelivered``: messages and notices that
    nobody had taken. ``held``: sessions that stay because a risk detection of theirs is still to be reviewed.
    ``log_in_use``: others read from the log for so long that it holds what was removed still.
    """

    sessions: int
    messages: int
    archived_messages: int
    deleted_conversations: int
    empty_conversations: int
    unreviewed: int
    undelivered: int
    held: int
    longest_batch_s: float
    log_in_use: bool = False
