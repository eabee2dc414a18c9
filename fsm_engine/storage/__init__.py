"""Where sessions live: what a store promises, and the databases that keep the promise."""

from fsm_engine.storage.open import open_store
from fsm_engine.storage.store import Store

__all__ = ["Store", "open_store"]
