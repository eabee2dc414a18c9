"""What the measurements need to know of a tool."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Protocol, TypeAlias

from benchmarks.peers.account import Bank, Question


class Bot(Protocol):
    """The account dialogue on a tool that blocks; its methods are called from several threads."""

    def turn(self, conversation: str, text: str, delivery: str) -> str:
        """The reply, given when the turn is stored. Tools that know nothing of deliveries leave the id unused."""
        ...

    def heard(self, conversation: str) -> list[str]:
        """The user's messages that the latest stored state of the conversation contains."""
        ...

    def pragma(self, name: str) -> object:
        """The value of a PRAGMA on the very connection that stores turns."""
        ...


class AsyncBot(Protocol):
    """The same on a tool that awaits."""

    async def turn(self, conversation: str, text: str, delivery: str) -> str: ...

    async def heard(self, conversation: str) -> list[str]: ...

    async def pragma(self, name: str) -> object: ...


OpenSync: TypeAlias = Callable[[Path, tuple[Question, ...], Bank], AbstractContextManager[Bot]]
OpenAsync: TypeAlias = Callable[[Path, tuple[Question, ...], Bank], AbstractAsyncContextManager[AsyncBot]]


@dataclass(frozen=True, slots=True)
class Peer:
    """One tool in one configuration. ``needs`` are distributions on PyPI, the tool itself first.

    Exactly one of ``opens`` and ``opens_async`` is given; both take the database file, the questions and the bank, and
    import the tool only when called.
    """

    name: str
    needs: tuple[str, ...]
    stores: str
    opens: OpenSync | None = None
    opens_async: OpenAsync | None = None

    @property
    def missing(self) -> tuple[str, ...]:
        """The distributions that are not installed."""
        return tuple(name for name in self.needs if version_of(name) is None)

    @property
    def versions(self) -> str:
        return ", ".join(f"{name} {version_of(name)}" for name in self.needs)


def version_of(distribution: str) -> str | None:
    """None when it is not installed."""
    try:
        return version(distribution)
    except PackageNotFoundError:
        return None
