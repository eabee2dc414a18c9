"""A circuit breaker: a system that is down is left in peace, and its users are told at once instead of after a wait.

Closed, every call goes through. After ``failures`` failed calls in a row it opens, and none does. After ``rest_s`` it
is half open: one call goes through as a trial, and closes it or opens it for as long again.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Breaker:
    """When an action is not called any more. Failures that count: time-outs, `Retryable`, errors of any other kind."""

    failures: int = 5
    rest_s: float = 30.0


class Circuit:
    """The breaker of one action in one process. ``now`` is seconds of a clock that never goes back."""

    __slots__ = ("_breaker", "_failures", "_is_on_trial", "_opened_at")

    def __init__(self, breaker: Breaker) -> None:
        self._breaker = breaker
        self._failures = 0
        self._opened_at: float | None = None
        self._is_on_trial = False

    def lets_through(self, now: float) -> bool:
        """Whether a call may be made; then `note` must follow."""
        if self._opened_at is None:
            return True
        if self._is_on_trial or now - self._opened_at < self._breaker.rest_s:
            return False
        self._is_on_trial = True
        return True

    def note(self, *, is_down: bool | None, now: float) -> None:
        """How the call ended; ``is_down`` None: nobody knows, because it was given up."""
        self._is_on_trial = False
        if is_down is None:
            return
        if not is_down:
            self._failures = 0
            self._opened_at = None
            return
        self._failures += 1
        if self._failures >= self._breaker.failures:
            self._opened_at = now
