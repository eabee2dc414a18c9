"""Who runs an action: a name for each open engine, by which others on the same machine can tell that it has died.

A name is ``<random>@<machine>:<process>:<start>``. On Linux the machine is the boot's id with the namespace of process
ids (two containers have two), and the start is the process's own, so that a process id that is given again is not
mistaken for the first. Elsewhere a name is only random, and a lease ends when its time is over.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path

_PROC = Path("/proc")
_DEAD = ("Z", "X")


def new_owner() -> str:
    """The name of one engine in this process, unlike any other."""
    machine, start = _machine(), _start_of(os.getpid())
    name = secrets.token_hex(8)
    return f"{name}@{machine}:{os.getpid()}:{start}" if machine and start else name


def is_gone(owner: str) -> bool:
    """Whether it is certain that the process of this name has ended. False for names of other machines."""
    _, at, place = owner.partition("@")
    machine, *numbers = place.rsplit(":", 2)
    if not at or len(numbers) != 2 or machine != _machine() or not all(map(str.isdigit, numbers)):
        return False
    return _start_of(int(numbers[0])) != numbers[1]


def _machine() -> str | None:
    try:
        boot = (_PROC / "sys/kernel/random/boot_id").read_text().strip()
        return f"{boot}/{(_PROC / 'self/ns/pid').readlink()}"
    except OSError:
        return None


def _start_of(process: int) -> str | None:
    """When a process began, in ticks since the boot; None when there is none, or only what its parent keeps of it."""
    try:
        stat = (_PROC / str(process) / "stat").read_text()
    except OSError:
        return None
    fields = stat.rpartition(")")[2].split()
    return None if fields[0] in _DEAD else fields[19]
