"""What was found in what was said: risks, intents, and summaries of sessions."""

from __future__ import annotations

from typing import Final

from fsm_engine.errors import InvalidArgument
from fsm_engine.storage import sql
from fsm_engine.storage.records import StoredClassification, StoredDetection, StoredSummary
from fsm_engine.storage.repositories.base import Repository, at_most, found, must_be_there
from fsm_engine.storage.reviews import RiskSearch, Verdict
from fsm_engine.storage.row_seals import detection_of, detection_seal, session_of, sound_classification, sound_detection
from fsm_engine.storage.turn_rows import DetectionRow

_ANY_ID: Final = 2**63 - 1
MAX_SPAN: Final = 2**31 - 1
"""Characters; no message is as long."""


class Risk(Repository):
    """Risk detections. The engine writes those of its own detectors with the turn that they read."""

    async def save(
        self,
        session_id: str,
        detection: DetectionRow,
        *,
        now: str,
        turn: int | None = None,
        message_id: int | None = None,
        user_id: str | None = None,
    ) -> StoredDetection:
        """Records what somebody else found, a person or a slower detector; ``turn`` None means the latest.

        Raises:
            NotFound: a session that is missing or another user's.
            InvalidArgument: a span that is none.
        """
        _check_span(detection)
        sessions = await self._sound(session_of, sql.SESSION, session_id, user_id)
        at = turn or found(sessions[0] if sessions else None, "session", session_id).turn
        what = (detection.phrase, detection.user_message, detection.category, detection.level)
        who = (detection.detector, detection.detector_version, now, int(detection.resources_shown))
        where = (detection.start, detection.end, detection.read_as)
        rows = await self._change(
            (sql.ADD_DETECTION, (session_id, user_id, at, message_id, *what, *who, *where)),
            (sql.ADD_SEAL, (session_id, at, detection_seal(session_id, at, now, detection, self._seal))),
        )
        must_be_there(rows, "session", session_id)
        return found(await self.get(rows[0][0]), "risk detection", rows[0][0])

    async def get(self, detection_id: int) -> StoredDetection | None:
        rows = await self._sound(sound_detection, sql.DETECTION, detection_id)
        return rows[0] if rows else None

    async def of_session(self, session_id: str, *, user_id: str | None = None) -> list[StoredDetection]:
        """Oldest first."""
        return await self._sound(sound_detection, sql.RISK_OF_SESSION, session_id, user_id)

    async def of_user(self, user_id: str) -> list[StoredDetection]:
        """Newest first."""
        return await self._sound(detection_of, sql.RISK_OF_USER, user_id)

    async def since(self, detected_at: str, *, limit: int = 1000) -> list[StoredDetection]:
        """All sessions' detections from that time on, oldest first."""
        return await self._sound(detection_of, sql.RISK_SINCE, detected_at, at_most(limit))

    async def to_review(self, *, after: int = 0, limit: int = 1000) -> list[StoredDetection]:
        """What no person has looked at yet, oldest first, from the one after id ``after``."""
        return await self._sound(detection_of, sql.RISK_TO_REVIEW, after, at_most(limit))

    async def find(self, wanted: RiskSearch, *, before: int | None = None, limit: int = 1000) -> list[StoredDetection]:
        """What fits, newest first, from the one before id ``before``; the way to go through all of them in pages."""
        reviewed = None if wanted.reviewed is None else int(wanted.reviewed)
        what = (wanted.level, wanted.category, wanted.detector, wanted.verdict, reviewed, wanted.since, wanted.until)
        return await self._sound(
            detection_of, sql.FIND_DETECTIONS, *what, _ANY_ID if before is None else before, at_most(limit)
        )

    async def review(self, detection_id: int, *, reviewed_by: str, verdict: Verdict, now: str) -> StoredDetection:
        """Records who looked at it, when, and what they found; the first review stands.

        Raises `NotFound` when there is no such one.
        """
        await self._change((sql.REVIEW_DETECTION, (detection_id, reviewed_by, now, verdict)))
        return found(await self.get(detection_id), "risk detection", detection_id)


def _check_span(detection: DetectionRow) -> None:
    start, end = detection.start, detection.end
    if start is None and end is None:
        return
    if type(start) is not int or type(end) is not int or not 0 <= start < end <= MAX_SPAN:
        raise InvalidArgument(
            f"risk detection: {start!r} to {end!r} is no span. Give whole numbers of characters, the start from 0 and "
            "before the end, or neither."
        )


class Intents(Repository):
    async def of_session(self, session_id: str, *, user_id: str | None = None) -> list[StoredClassification]:
        """In the order of turns."""
        return await self._sound(sound_classification, sql.INTENTS_OF_SESSION, session_id, user_id)


class Summaries(Repository):
    """What sessions collected. The turn that completes a session writes its summary."""

    async def write(self, session_id: str, *, now: str, user_id: str | None = None) -> StoredSummary:
        """Writes what the session has collected so far: ``complete`` when it is completed, else ``partial``.

        Raises `NotFound` for a session that is missing or another user's.
        """
        rows = await self._change((sql.WRITE_SUMMARY, (session_id, user_id, now)))
        must_be_there(rows, "session", session_id)
        return (await self.of_session(session_id))[-1]

    async def of_session(self, session_id: str, *, user_id: str | None = None) -> list[StoredSummary]:
        """Oldest first."""
        return await self._all(StoredSummary, sql.SUMMARIES_OF_SESSION, session_id, user_id)
