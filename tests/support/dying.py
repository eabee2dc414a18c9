"""Programs that die by SIGKILL at a named moment, and the file into which their actions write what they were asked."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Coroutine
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

from fsm_engine import ActionCall, Actions, Engine

ROOT = Path(__file__).parents[2]


def shop(ledger: Path, *, idempotent: bool, dies: bool) -> Actions:
    """``shop.buy`` writes its key into the ledger and, in a program that ``dies``, never returns."""
    actions = Actions()

    @actions.action("shop.buy", idempotent=idempotent)
    def buy(call: ActionCall) -> int:
        with ledger.open("a") as file:
            file.write(f"{call.idempotency_key}\n")
        if dies:
            os.kill(os.getpid(), signal.SIGKILL)
        return 7

    return actions


def keys_in(ledger: Path) -> list[str]:
    return ledger.read_text().splitlines() if ledger.exists() else []


def buy_and_die(folder: Path, *, idempotent: bool) -> None:
    """A program that takes two turns of ``chat`` and is killed inside the action of the second, ``r2``."""
    _run("buy", folder, str(idempotent), expect=-signal.SIGKILL)


def talk_and_die(folder: Path, request_id: str, text: str) -> str:
    """A program that takes one turn of ``chat`` and is killed right after its reply was printed; the reply's text."""
    return _run("talk", folder, request_id, text, expect=-signal.SIGKILL)


def start_counting(folder: Path, name: str, turns: int) -> subprocess.Popen[str]:
    """A program that takes this many turns of ``chat``, one after the other, while this program goes on."""
    return _start("count", folder, name, str(turns))


def _start(*words: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.support.dying", *map(str, words)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def _run(*words: object, expect: int) -> str:
    program = _start(*words)
    out, err = program.communicate(timeout=60)
    assert (program.returncode, err) == (expect, ""), (program.returncode, err)
    return out


async def _buy(folder: Path, idempotent: str) -> None:
    actions = shop(folder / "ledger", idempotent=idempotent == "True", dies=True)
    async with _open(folder, actions) as engine:
        await engine.start("chat", "buy", request_id="r1")
        await engine.turn("chat", "Soup", request_id="r2")


async def _talk(folder: Path, request_id: str, text: str) -> None:
    async with _open(folder) as engine:
        reply = await engine.turn("chat", text, request_id=request_id)
        print(reply.text, flush=True)  # noqa: T201 - the acknowledgement
        os.kill(os.getpid(), signal.SIGKILL)


async def _count(folder: Path, name: str, turns: str) -> None:
    logging.getLogger("fsm_engine.storage").setLevel(logging.ERROR)  # other programs on the file are what is wanted
    async with _open(folder) as engine:
        for number in range(int(turns)):
            await engine.turn("chat", f"{name} {number}", request_id=f"{name}-{number}")


def _open(folder: Path, actions: Actions | None = None) -> AbstractAsyncContextManager[Engine]:
    return Engine.open(f"sqlite:///{folder}/bot.db", flows=folder / "flows", actions=actions)


PROGRAMS: dict[str, Callable[..., Coroutine[Any, Any, None]]] = {"buy": _buy, "talk": _talk, "count": _count}

if __name__ == "__main__":
    program, folder, *rest = sys.argv[1:]
    asyncio.run(PROGRAMS[program](Path(folder), *rest))
