"""A flow as a `transitions` state machine: the states are the places where the bot waits.

One machine serves all sessions of a flow version: it has no model of its own, and a session is a `Cursor`, an
unregistered object with a `state`, that the machine's one event, ``answer``, moves from one waiting place to the next.
Which place that is follows from guards and slots and is found by `core.walk`; the machine holds which moves the flow
allows at all, and refuses any other. A question that needs no answer (it is filled already, or its guard is false)
counts as answered, which keeps the number of transitions linear in the number of steps.

No callback is ever given as text: `transitions` imports and calls dotted strings.
This is the only module that knows the library.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from transitions import Event, Machine

from fsm_engine.errors import FsmEngineError
from fsm_engine.model.flow import Choose, End, Handoff

if TYPE_CHECKING:
    from fsm_engine.core.compile import Node

START = "(start)"
OVER = "(over)"
"""State names no author can write."""

MAX_TRANSITIONS = 20_000


class Cursor:
    """One session on its way through the machine. ``destination`` is the waiting place that the walk has found."""

    __slots__ = ("destination", "state")

    def __init__(self, state: str) -> None:
        self.state = state
        self.destination = state


class _Answer(Event):
    """The event that takes, of the moves that leave the cursor's place, the one that leads where it is going.

    The library's own way queues events and calls callbacks around each part; there are none here, and calling none
    takes six times as long as all the rest.
    """

    def trigger(self, model: object, *_args: object, **_more: object) -> bool:
        assert isinstance(model, Cursor)
        for move in self.transitions.get(model.state, ()):
            if move.dest == model.destination:
                model.state = move.dest
                return True
        return False


class _Moves(Machine):
    event_cls = _Answer


class TooTangled(FsmEngineError):
    """A flow with more possible moves than a machine may hold."""

    code = "too-tangled"


class FlowMachine:
    """The allowed moves of one flow. Immutable after it was built, and safe in many threads."""

    def __init__(self, name: str, nodes: Sequence[Node]) -> None:
        self._name = name
        moves = _moves(nodes)
        if sum(len(found) for found in moves.values()) > MAX_TRANSITIONS:
            raise TooTangled(f"flow '{name}' has more than {MAX_TRANSITIONS} possible moves. Split it with run:.")
        states = [START, *(node.name for node in nodes if node.waits), OVER]
        self._machine = _Moves(
            model=None, states=states, initial=START, auto_transitions=False, send_event=True, name=name
        )
        for source, destinations in moves.items():
            for destination in destinations:
                self._machine.add_transition("answer", source, destination)
        self.moves: dict[str, tuple[str, ...]] = {source: tuple(found) for source, found in moves.items()}

    def move(self, cursor: Cursor, destination: str) -> None:
        """Takes the cursor to the next waiting place.

        Raises:
            FsmEngineError: the flow has no such move; the cursor must be thrown away.
        """
        cursor.destination = destination
        source = cursor.state
        if not self._machine.events["answer"].trigger(cursor):
            raise FsmEngineError(f"flow '{self._name}': no move leads from '{source}' to '{destination}'.")


def _moves(nodes: Sequence[Node]) -> dict[str, dict[str, None]]:
    """For each waiting place, the waiting places that can follow it, in the order of the story."""
    moves = {START: _next_waits(nodes, [0] if nodes else [])}
    for node in nodes:
        if node.waits:
            moves[node.name] = _next_waits(nodes, exits(node))
    return moves


def exits(node: Node) -> list[int]:
    """Indexes of all nodes that can come right after this one; a negative one is the flow's end."""
    if isinstance(node.step, (End, Handoff)) and node.when is None:
        return [-1]
    found = [node.next]
    if node.goto is not None:
        found.append(node.goto)
    if node.give_up_at is not None:
        found.append(node.give_up_at)
    if node.body >= 0:
        found.append(node.body)
    if isinstance(node.step, Choose):
        found.extend(case.goto for case in node.cases if case.goto is not None)
    if isinstance(node.step, (End, Handoff)):
        found.append(-1)
    return list(dict.fromkeys(found))


def _next_waits(nodes: Sequence[Node], starts: list[int]) -> dict[str, None]:
    waits: dict[str, None] = {}
    seen: set[int] = set()
    open_ends = list(reversed(starts))
    while open_ends:
        index = open_ends.pop()
        if index in seen:
            continue
        seen.add(index)
        if index < 0:
            waits[OVER] = None
        elif nodes[index].waits:
            waits[nodes[index].name] = None
        else:
            open_ends.extend(reversed(exits(nodes[index])))
    return waits
