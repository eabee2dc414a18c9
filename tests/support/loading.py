"""A program that takes turns of many conversations until it is killed, and says each time that one is stored."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path
from typing import Any

from fsm_engine.storage import open_store
from tests.storage.full_turn import full_turn

ROOT = Path(__file__).parents[2]


def start(path: Path, conversations: int) -> subprocess.Popen[str]:
    """The program, writing; its lines are ``conversation turn``."""
    command = [sys.executable, "-m", "tests.support.loading", str(path), str(conversations)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


def acknowledged(lines: list[str]) -> dict[str, int]:
    """The last turn of each conversation that was said to be stored; a torn last line says nothing."""
    last: dict[str, int] = {}
    for line in lines:
        name, separator, number = line.removesuffix("\n").rpartition(" ")
        if separator and line.endswith("\n"):
            last[name] = max(last.get(name, 0), int(number))
    return last


async def _write(path: str, conversations: str) -> None:
    store = await open_store(f"sqlite:///{path}")
    behind: dict[str, Any] = {}
    for number in range(int(conversations)):
        loaded = await store.load(f"chat-{number}", None)
        behind[f"chat-{number}"] = loaded.conversation.version if loaded else 0

    async def converse(name: str) -> None:
        for number in range(behind[name] + 1, 1_000_000):
            text = f"{name} {number} " * 40
            await store.commit(full_turn(number, name, state_json=f'{{"turn":{number},"text":"{text}"}}'))
            sys.stdout.write(f"{name} {number}\n")
            sys.stdout.flush()

    await asyncio.gather(*map(converse, behind))


if __name__ == "__main__":
    asyncio.run(_write(*sys.argv[1:]))
