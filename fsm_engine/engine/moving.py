"""Moving sessions to newer flows, as far as it concerns the shell: to which sources, and what the database knows.

The move itself is part of a turn and of its transaction; see `core.moving`. The journal's line says to which sources it
led, so a replay moves where the turn has moved. A process whose files are older meets a session that another one has
moved as it meets any pinned session: it goes on with the stored source, and never moves back.
"""

from __future__ import annotations

from dataclasses import replace

from fsm_engine.core.flows import Flows
from fsm_engine.core.migrating import targets_of
from fsm_engine.model.session import SessionState
from fsm_engine.model.turn import Answer, Outcome, Turn, TurnKind
from fsm_engine.storage.records import StoredAnswer
from fsm_engine.storage.store import Store


def with_moves(flows: Flows, state: SessionState, turn: Turn) -> Turn:
    """The turn with the sources that the session may move to, which are none but for a user's message."""
    if not flows.migrating or turn.kind is not TurnKind.TEXT:
        return turn
    targets = targets_of(flows, state)
    return replace(turn, moves_to=targets) if targets else turn


async def with_what_was_typed(outcome: Outcome, store: Store) -> Outcome:
    """The outcome, its renamed answers with the words and the attempts that are stored under their old names."""
    if not any(answer.was for answer in outcome.answers):
        return outcome
    stored = {(one.flow, one.step): one for one in await store.responses.of_session(outcome.state.session_id)}
    return replace(outcome, answers=tuple(_as_typed(answer, stored) for answer in outcome.answers))


def _as_typed(answer: Answer, stored: dict[tuple[str, str], StoredAnswer]) -> Answer:
    old = stored.get((answer.flow, answer.was)) if answer.was is not None else None
    return answer if old is None else replace(answer, raw=old.raw, attempts=old.attempts)
