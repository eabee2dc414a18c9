"""Runs of dialogue, and the answers that they collected."""

from __future__ import annotations

from dataclasses import replace

from fsm_engine.errors import InvalidArgument, NotFound, SessionCorrupted, VersionConflict
from fsm_engine.model.codec import decode, encode
from fsm_engine.model.session import SessionState, Status
from fsm_engine.storage import sql
from fsm_engine.storage.due import Idle, IdleSession
from fsm_engine.storage.records import StoredAnswer, StoredSession, StoredTurn
from fsm_engine.storage.repositories.base import ANY_KEY, Repository, at_most, found, must_be_there, one_of
from fsm_engine.storage.row_seals import answer_seal, of_owner, session_of, sound_answer, sound_session, sound_turn
from fsm_engine.storage.turn_rows import AnswerRow


class Sessions(Repository):
    """Sessions. The engine writes them turn by turn; the changes here are for operators and for moving data in.

    A change keeps what the engine relies on: the number of turns stays, the hash is that of the new state, and the
    conversation's version rises, so that a turn which is being computed from the old state is computed anew. Changes
    raise `NotFound` for a session that is missing or another user's.
    """

    async def create(
        self,
        conversation_id: str,
        *,
        session_id: str,
        now: str,
        user_id: str | None = None,
        expires_at: str | None = None,
    ) -> StoredSession:
        """An active session without a turn, in a conversation that there is; the next turn goes on in it.

        Raises:
            NotFound: there is no such conversation, it is another user's, or a session is running in it.
        """
        if not session_id:
            raise InvalidArgument("session: its id is empty. Give it one.")
        state = encode(SessionState(session_id=session_id)).decode()
        seal = self._seal.of_state(conversation_id, session_id, 0, state)
        values = (conversation_id, user_id, session_id, state, seal, now, expires_at)
        rows = await self._change((sql.ADD_SESSION, values), (sql.RAISE_VERSION, (session_id,)))
        if not rows:
            raise NotFound(f"there is no conversation '{conversation_id}' without a running session.")
        return found(await self.get(session_id), "session", session_id)

    async def get(self, session_id: str, *, user_id: str | None = None) -> StoredSession | None:
        """Raises `SessionCorrupted` when the row is damaged."""
        rows = await self._database.rows(sql.SESSION, session_id, user_id)
        return sound_session(rows[0], self._seal) if rows else None

    async def of_user(
        self, user_id: str, *, status: str | None = None, before: int = ANY_KEY, limit: int = 50
    ) -> list[StoredSession]:
        """Newest first, from the one before key ``before``."""
        values = (user_id, _status(status), at_most(limit), before)
        return of_owner(user_id, await self._sound(session_of, sql.SESSIONS_OF_USER, *values))

    async def of_conversation(
        self, conversation_id: str, *, user_id: str | None = None, after: int = 0, limit: int = 50
    ) -> list[StoredSession]:
        """Oldest first, from the one after key ``after``."""
        return await self._sound(
            session_of, sql.SESSIONS_OF_CONVERSATION, conversation_id, user_id, after, at_most(limit)
        )

    async def with_status(self, status: str, *, before: int = ANY_KEY, limit: int = 50) -> list[StoredSession]:
        """Newest first, from the one before key ``before``."""
        values = (_status(status), at_most(limit), before)
        return await self._sound(session_of, sql.SESSIONS_WITH_STATUS, *values)

    async def count_of_user(self, user_id: str) -> dict[str, int]:
        """How many there are of each status; statuses that none has are left out."""
        return dict(await self._database.rows(sql.COUNT_SESSIONS_OF_USER, user_id))

    async def list_expired(self, now: str, *, limit: int = 50) -> list[StoredSession]:
        """Sessions still marked active whose time was up at ``now``, the longest overdue first."""
        return await self._sound(session_of, sql.SESSIONS_EXPIRED, now, at_most(limit))

    async def idle(self, wanted: Idle, *, limit: int = 100) -> list[IdleSession]:
        """Running sessions without activity for a while, the longest idle first; a damaged one is among them or not."""
        values = (wanted.until, wanted.since, wanted.after, wanted.now, wanted.nudged_less_than, at_most(limit))
        return await self._all(IdleSession, sql.IDLE_SESSIONS, *values)

    async def journal(self, session_id: str, *, user_id: str | None = None) -> list[StoredTurn]:
        """Every turn of the session, in order. Raises `SessionCorrupted` when a line is damaged."""
        rows = await self._database.rows(sql.JOURNAL, session_id, user_id)
        journal = [sound_turn(row[1:], self._seal) for row in rows]
        if [line.number for line in journal] != list(range(1, len(rows) + 1)) or (rows and rows[0][0] != len(rows)):
            raise SessionCorrupted(f"session {session_id}: lines of its journal are missing. Restore a backup.")
        return journal

    async def update_state(self, state: SessionState, *, now: str, user_id: str | None = None) -> StoredSession:
        """Puts ``state`` in the place of the stored one, with flow, step and status as it says.

        The journal does not know of it: a replay of the session ends where it was before.

        Raises:
            InvalidArgument: ``state`` is at another turn than the session.
            VersionConflict: a turn was committed meanwhile; read the session again.
            SessionCorrupted: the stored state is damaged.
        """
        before = found(await self.get(state.session_id, user_id=user_id), "session", state.session_id)
        if state.turn != before.turn:
            raise InvalidArgument(
                f"session '{state.session_id}': is at turn {before.turn}, and the new state at {state.turn}."
                " Change the state that you read, and leave its turn as it is."
            )
        await self._replace(before, state, now)
        return found(await self.get(state.session_id), "session", state.session_id)

    async def complete(self, session_id: str, *, now: str, user_id: str | None = None) -> StoredSession:
        """Ends a running session as completed, and writes its summary; one that is over already stays as it is.

        Raises:
            InvalidArgument: an action of it is under way; `Engine.recover` finishes it.
            VersionConflict: a turn was committed meanwhile; look at the session again.
            SessionCorrupted: the stored state is damaged.
        """
        before = found(await self.get(session_id, user_id=user_id), "session", session_id)
        state = decode(SessionState, before.state_json)
        if before.status != Status.ACTIVE.value:
            return before
        if state.action is not None:
            raise InvalidArgument(f"session '{session_id}': its action '{state.action.action}' has not ended yet.")
        await self._replace(before, replace(state, status=Status.COMPLETED), now)
        return found(await self.get(session_id), "session", session_id)

    async def expire(self, session_id: str, *, now: str, user_id: str | None = None) -> None:
        """Ends a running session as if its time were up: the next message opens a new one, or offers to go on."""
        values = (session_id, user_id, now)
        rows = await self._change((sql.EXPIRE_SESSION, values), (sql.RAISE_VERSION, (session_id,)))
        must_be_there(rows, "running session", session_id)

    async def clean_up(self, now: str, *, limit: int = 1000) -> int:
        """Marks sessions whose time was up at ``now`` as expired, at most ``limit``; how many there were.

        Deletes nothing: that is `Retention.purge`.
        """
        return len(await self._change((sql.EXPIRE_OVERDUE, (now, at_most(limit)))))

    async def _replace(self, before: StoredSession, state: SessionState, now: str) -> None:
        kept = encode(state).decode()
        seal = self._seal.of_state(before.conversation_id, before.id, before.turn, kept)
        top = state.frames[-1] if state.frames else None
        place = (top.flow, top.step) if top else (None, None)
        update = (before.id, before.turn, before.state_json, kept, seal, state.status.value, *place, now)
        steps = [(sql.UPDATE_STATE, update), (sql.RAISE_VERSION, (before.id,))]
        if state.status is Status.COMPLETED:
            steps.append((sql.WRITE_SUMMARY, (before.id, None, now)))
        if not await self._change(*steps):
            raise VersionConflict(f"session '{before.id}': another turn was first. Read it again.")


def _status(status: str | None) -> str | None:
    return one_of([one.value for one in Status], "status", status)


class Responses(Repository):
    """Answers to steps, one for each session, flow and step. The engine writes those of its turns."""

    async def save(self, session_id: str, answer: AnswerRow, *, now: str, user_id: str | None = None) -> None:
        """Keeps an answer that came past the dialogue, such as a form's; a second one corrects the first.

        The dialogue does not see it. Raises `NotFound` for a session that is missing or another user's.
        """
        if answer.response_json is None:
            raise InvalidArgument("response: has no value. Give its JSON.")
        values = (answer.flow, answer.step, answer.slot, answer.response_json, answer.raw, answer.attempts, now)
        sealed = answer_seal(session_id, answer, now, self._seal)
        rows = await self._change((sql.SAVE_RESPONSE, (session_id, user_id, *values, sealed)))
        must_be_there(rows, "session", session_id)

    async def of_session(self, session_id: str, *, user_id: str | None = None) -> list[StoredAnswer]:
        """In the order in which they were first given."""
        return await self._sound(sound_answer, sql.RESPONSES_OF_SESSION, session_id, user_id)
