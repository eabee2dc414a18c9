"""Replies held against each other."""

from __future__ import annotations

from dataclasses import replace

from fsm_engine.model.turn import Reply


def as_first(reply: Reply) -> Reply:
    """The reply as the first delivery gets it: all of a second one's is the same but for ``duplicate``."""
    return replace(reply, duplicate=False)
