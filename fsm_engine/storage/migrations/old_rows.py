"""A row of ``chat_history`` as a message and back, with nothing lost of what an old table can hold.

The message's text is the row's, where it can be kept as it is. All other columns, and whatever the text cannot show,
stand in the message's metadata: ``{"source": "chat_history", "row": {"id": 7, "role": "bot", "ts": "…"}}``. So an old
row is erased, archived and exported with its message, and nowhere else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, TypeAlias

import orjson

from fsm_engine.errors import InvalidArgument
from fsm_engine.understanding.text import canonical_id

SOURCE = "chat_history"
_ROLES = {"user": "user", "human": "user", "bot": "assistant", "assistant": "assistant", "system": "system"}
_UNKNOWN = "system"  # neither the user nor the bot is made to say what they may not have said
_STAND_IN = "\N{REPLACEMENT CHARACTER}"
_LONGEST_TITLE = 200
_HIGHEST_JSON_NUMBER = 2**53


@dataclass(frozen=True, slots=True)
class OddText:
    """A TEXT value that cannot be stored as text any more: it holds NUL, or is no UTF-8."""

    raw: bytes


Value: TypeAlias = int | float | str | bytes | OddText | None
Row: TypeAlias = Mapping[str, Value]


def read_text(raw: bytes) -> str | OddText:
    """What sqlite3 is to make of a TEXT value."""
    if b"\0" in raw:
        return OddText(raw)
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return OddText(raw)


def text_of(value: Value) -> str:
    """The value as something that people can read and a message can hold; '' for NULL."""
    if isinstance(value, OddText | bytes):
        raw = value.raw if isinstance(value, OddText) else value
        return raw.decode(errors="replace").replace("\0", _STAND_IN)
    return "" if value is None else str(value)


def role_of(value: Value) -> str:
    return _ROLES.get(text_of(value).strip().lower(), _UNKNOWN)


def title_of(content: str) -> str | None:
    """What a conversation is called that begins with this text of its user."""
    return " ".join(content.split())[:_LONGEST_TITLE] or None


def conversation_id_of(value: Value) -> str:
    """The session's own id where it can be a conversation's, else one made of what it is."""
    if value is None:
        return f"{SOURCE}:without session"
    if isinstance(value, str | int | float):
        try:
            return canonical_id(str(value), what="session_id")
        except InvalidArgument:
            pass
    exact = value.raw if isinstance(value, OddText) else value if isinstance(value, bytes) else str(value).encode()
    return f"{SOURCE}:{blake2b(exact, digest_size=8).hexdigest()}"


def metadata_of(row: Row, content: str, conversation_id: str, rowid: int | None) -> str:
    """JSON of the row, without what the message and its conversation say already."""
    shown = {"message": content, "session_id": conversation_id}
    rest = {name: _as_json(value) for name, value in row.items() if name not in shown or value != shown[name]}
    kept: dict[str, Any] = {"source": SOURCE, "row": rest}
    if rowid is not None and not (isinstance(row["id"], int) and row["id"] == rowid):
        kept["rowid"] = rowid
    return orjson.dumps(kept).decode()


def row_of(metadata: str, content: str, conversation_id: str) -> tuple[dict[str, Value], int | None] | None:
    """The old row and its rowid, as `metadata_of` was given them; None when the message was never one."""
    try:
        kept = orjson.loads(metadata)
    except orjson.JSONDecodeError:
        return None
    if not isinstance(kept, dict) or kept.get("source") != SOURCE or not isinstance(kept.get("row"), dict):
        return None
    row: dict[str, Value] = {"message": content, "session_id": conversation_id}
    row |= {name: _as_value(value) for name, value in kept["row"].items()}
    rowid = kept.get("rowid", row.get("id"))
    return row, rowid if isinstance(rowid, int) else None


def _as_json(value: Value) -> object:
    if isinstance(value, OddText):
        return {"text": value.raw.hex()}
    if isinstance(value, bytes):
        return {"blob": value.hex()}
    if isinstance(value, float) and value in (float("inf"), float("-inf")):
        return {"real": str(value)}
    if isinstance(value, int) and abs(value) > _HIGHEST_JSON_NUMBER:
        return {"integer": str(value)}
    return value


def _as_value(kept: Any) -> Value:
    if not isinstance(kept, dict):
        return kept  # type: ignore[no-any-return]
    if "text" in kept:
        return OddText(bytes.fromhex(kept["text"]))
    if "blob" in kept:
        return bytes.fromhex(kept["blob"])
    return float(kept["real"]) if "real" in kept else int(kept["integer"])
