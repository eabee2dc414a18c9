"""Replay: the journal of a session, advanced again from the beginning, asks nobody and gives the same bytes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from fsm_engine.core.advance import advance
from fsm_engine.core.flows import Flows
from fsm_engine.model.codec import decode
from fsm_engine.model.session import SessionState
from fsm_engine.model.turn import Outcome, Turn
from fsm_engine.storage.records import StoredTurn


def replay(flows: Flows | Callable[[StoredTurn], Flows], journal: Sequence[StoredTurn]) -> Iterator[Outcome]:
    """The outcome of every turn of one session, oldest first.

    ``flows`` are those that the turns were taken with or, where files changed meanwhile, a function that gives those of
    each turn. Older versions that the session stood in must be among their ``pinned``.
    """
    flows_of = flows if callable(flows) else lambda _: flows
    state: SessionState | None = None
    for stored in journal:
        turn = decode(Turn, stored.event_json)
        if state is None:
            state = SessionState(session_id=stored.session_id)
        outcome = advance(flows_of(stored), state, turn)
        state = outcome.state
        yield outcome
