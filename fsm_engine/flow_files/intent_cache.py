"""Learned intents on disk, so that the same phrases are learned once: plain arrays and JSON, never anything that runs.

The files stand in the user's own cache folder and are called by the hash of what they were learned from. A file that is
damaged, foreign or cannot be written is no trouble: the table is learned anew.
"""

from __future__ import annotations

import logging
import os
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from zipfile import BadZipFile

import orjson

from fsm_engine.understanding.intent_model import ModelTable
from fsm_engine.understanding.intent_training import content_hash, train

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

log = logging.getLogger("fsm_engine.intents")

LARGEST_FILE: Final = 64 * 2**20
"""Bytes; a larger file is none of ours."""

_UNUSABLE = (OSError, ValueError, KeyError, TypeError, AttributeError, EOFError, MemoryError, BadZipFile)


def learned(phrases: Mapping[str, Sequence[str]]) -> ModelTable:
    """The table for these phrases: from the cache, or learned now and put there.

    Raises:
        ImportError: the extra ``ml`` is not installed.
    """
    path = cache_folder() / f"{content_hash(phrases)}.npz"
    table = read(path)
    if table is None:
        table = train(phrases)
        _write(path, table)
    return table


def cache_folder() -> Path:
    """Where learned tables are kept: ``~/.cache/fsm_engine/intents`` or what the system has for it."""
    from platformdirs import user_cache_path

    return user_cache_path("fsm_engine", appauthor=False) / "intents"


def read(path: Path) -> ModelTable | None:
    """The table of a file; None when there is none, or it is not what we wrote."""
    import numpy as np

    try:
        if path.stat().st_size > LARGEST_FILE:
            return None
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            return _table(arrays)
    except FileNotFoundError:
        return None
    except _UNUSABLE as error:
        log.warning("%s: cannot be used (%s); the intents are learned anew", path, type(error).__name__)
        return None


def _table(arrays: Mapping[str, NDArray[Any]]) -> ModelTable:
    """Raises ValueError or KeyError for arrays that do not fit together."""
    facts = orjson.loads(arrays["facts"].astype("uint8").tobytes())
    vocabulary = {str(name): row for row, name in enumerate(facts["vocabulary"])}
    idf, weights, bias = (_floats(arrays[name]) for name in ("idf", "weights", "bias"))
    intents = tuple(map(str, facts["intents"]))
    if idf.shape != (len(vocabulary),) or weights.shape != (len(vocabulary), len(intents)):
        raise ValueError("the arrays do not fit the vocabulary")
    if bias.shape != (len(intents),) or not set(intents) <= facts["phrases"].keys():
        raise ValueError("the arrays do not fit the intents")
    return ModelTable(
        intents, vocabulary, idf, weights, bias, float(facts["temperature"]), facts["phrases"], _names(facts)
    )


def _names(facts: Mapping[str, Any]) -> frozenset[str]:
    return frozenset(map(str, facts["negative"]))


def _floats(array: NDArray[Any]) -> NDArray[np.float32]:
    import numpy as np

    if array.dtype != np.float32 or not np.isfinite(array).all():
        raise ValueError("an array holds something else than numbers")
    return array


def _write(path: Path, table: ModelTable) -> None:
    """Written beside and then moved, so that nobody reads half a file."""
    import numpy as np

    names = sorted(table.vocabulary, key=lambda name: table.vocabulary[name])
    facts = orjson.dumps(
        {
            "vocabulary": names,
            "intents": table.intents,
            "temperature": table.temperature,
            "phrases": table.phrases,
            "negative": sorted(table.negative),
        }
    )
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor, beside = tempfile.mkstemp(dir=path.parent, suffix=".tmp")
    except OSError as error:
        log.warning("%s: cannot be written (%s); the intents are learned at every start", path, error.strerror)
        return
    try:
        with os.fdopen(descriptor, "wb") as file:
            np.savez(
                file,
                facts=np.frombuffer(facts, dtype=np.uint8),
                idf=table.idf,
                weights=table.weights,
                bias=table.bias,
            )
        Path(beside).replace(path)
    except OSError as error:
        log.warning("%s: cannot be written (%s); the intents are learned at every start", path, error.strerror)
        with suppress(OSError):
            Path(beside).unlink()
