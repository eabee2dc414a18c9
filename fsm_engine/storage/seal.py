"""Keyed hashes over stored rows, so that a damaged row is noticed before its contents are used."""

from __future__ import annotations

from hashlib import blake2b
from hmac import compare_digest

from fsm_engine.errors import InvalidArgument

DEFAULT_ROW_KEY = b"fsm_engine row seal 1"
"""Known to everybody: it detects damage. A key of one's own detects rows changed by hand as well."""

LONGEST_KEY = 64
SEAL_BYTES = 16
ROW_SEAL_BYTES = 8
_ANY = "surrogatepass"  # texts that no store can keep are refused elsewhere


class Seal:
    """Hashes under one key. A row sealed under another key, or moved to another session, does not match."""

    def __init__(self, row_key: bytes = DEFAULT_ROW_KEY) -> None:
        if not 1 <= len(row_key) <= LONGEST_KEY:
            raise InvalidArgument(f"row_key: {len(row_key)} bytes long. Give 1 to {LONGEST_KEY} bytes.")
        self._state = blake2b(key=row_key, digest_size=SEAL_BYTES, person=b"state")
        self._turn = blake2b(key=row_key, digest_size=SEAL_BYTES, person=b"turn")
        self._row = blake2b(key=row_key, digest_size=ROW_SEAL_BYTES, person=b"row")
        self._name = blake2b(key=row_key, digest_size=SEAL_BYTES, person=b"name")

    def of_state(self, conversation_id: str, session_id: str, turn: int, state_json: str) -> bytes:
        hashed = self._state.copy()
        hashed.update(f"{conversation_id}\0{session_id}\0{turn}\0{state_json}".encode("utf-8", _ANY))
        return hashed.digest()

    def of_turn(self, columns: str, event_json: str, reply_json: str) -> bytes:
        """The seal of a journal line; ``columns`` are all its others."""
        hashed = self._turn.copy()
        hashed.update(f"{columns}\0{len(event_json)}\0{event_json}{reply_json}".encode("utf-8", _ANY))
        return hashed.digest()

    def of_row(self, columns: str) -> bytes:
        """A short seal, for rows of which a turn has several; ``columns`` begin with what kind of row it is."""
        hashed = self._row.copy()
        hashed.update(columns.encode("utf-8", _ANY))
        return hashed.digest()

    def pseudonym(self, name: str) -> str:
        """Another name for what cannot be guessed (a key with chance in it): the same for the same one."""
        hashed = self._name.copy()
        hashed.update(name.encode())
        return hashed.hexdigest()

    @staticmethod
    def matches(stored: object, computed: bytes) -> bool:
        """Whether the hash found in a row, whatever damage made of it, is the one that its contents have."""
        return isinstance(stored, bytes) and compare_digest(stored, computed)
