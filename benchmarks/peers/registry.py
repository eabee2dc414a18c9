"""All tools, this engine first."""

from __future__ import annotations

from benchmarks.peers import (
    on_burr,
    on_chatsky,
    on_langgraph,
    on_statemachine,
    on_this_engine,
    on_transitions,
)

PEERS = (
    *on_this_engine.PEERS,
    *on_langgraph.PEERS,
    *on_burr.PEERS,
    *on_chatsky.PEERS,
    *on_statemachine.PEERS,
    *on_transitions.PEERS,
)
