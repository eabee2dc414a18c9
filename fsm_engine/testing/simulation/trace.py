"""What happened, line by line, and its digest: the same seed gives the same lines, byte for byte, on every machine."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import blake2b

_DIGEST_BYTES = 16


class Trace:
    """Lines with the step and the virtual time in front; kept only when somebody wants to read them."""

    def __init__(self, where: Callable[[], tuple[int, float]], *, is_kept: bool) -> None:
        self._where = where
        self._hash = blake2b(digest_size=_DIGEST_BYTES)
        self._is_kept = is_kept
        self.lines: list[str] = []

    def __call__(self, line: str) -> None:
        step, now = self._where()
        written = f"{step:>7} {now:>16.6f}  {line}"
        self._hash.update(f"{written}\n".encode())
        if self._is_kept:
            self.lines.append(written)

    @property
    def digest(self) -> str:
        return self._hash.hexdigest()
