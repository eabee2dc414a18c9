"""Processes to be killed, each born in a few milliseconds.

A server that has imported everything and runs no thread forks one process for each program that a test asks for. The
test and the program talk over two pipes of their own: one line of JSON for each order, and for each answer.
"""

from __future__ import annotations

import asyncio
import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
import traceback
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any

ROOT = Path(__file__).parents[2]
LONGEST_JOB = 65_536


class Child:
    """A process that runs one of `tests.faults.programs`."""

    def __init__(self, forks: Forks, pid: int, orders: int, said: int) -> None:
        self._forks = forks
        self.pid = pid
        self._orders = os.fdopen(orders, "wb", buffering=0)
        self._said = os.fdopen(said, "rb", buffering=0)
        self._heard = b""
        self._ended: int | None = None

    def tell(self, order: Any) -> None:
        """Sends one order; a child that is dead hears nothing."""
        try:
            self._orders.write(json.dumps(order).encode() + b"\n")
        except BrokenPipeError:
            assert self.wait() != 0, "a program that ended by itself was told something"

    def hear(self) -> Any | None:
        """The next whole line that the child wrote; None when there will be none."""
        while b"\n" not in self._heard:
            if not self._read():
                return None
        line, _, self._heard = self._heard.partition(b"\n")
        return json.loads(line)

    def hear_all(self) -> Iterator[Any]:
        """What the child wrote, up to its end."""
        while (line := self.hear()) is not None:
            yield line

    def listen(self, seconds: float) -> None:
        """Takes in what the child writes for so long; `hear` gives it."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            if select.select([self._said], [], [], left)[0] and not self._read():
                return

    def _read(self) -> bool:
        more = self._said.read(65_536)
        self._heard += more or b""
        return bool(more)

    def kill(self) -> None:
        os.kill(self.pid, signal.SIGKILL)  # dead or not, the server has not yet let go of this pid

    def no_more_orders(self) -> None:
        """The child ends when it has carried out those that it has."""
        self._orders.close()

    def wait(self) -> int:
        """The exit code, negative for a signal, when the process has ended."""
        if self._ended is None:
            self.no_more_orders()
            self._ended = self._forks.wait_for(self.pid)
        return self._ended

    def forget(self) -> None:
        """Ends the process if it still runs, and lets go of the pipes."""
        if self._ended is None:
            self.kill()
            self.wait()
        self._said.close()


class Forks:
    """The server, as a context; on leaving, every process that it started is over."""

    def __enter__(self) -> Forks:
        self._line, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        command = [sys.executable, "-m", "tests.faults.forks", str(theirs.fileno())]
        self._server = subprocess.Popen(command, cwd=ROOT, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL)
        theirs.close()
        self._children: list[Child] = []
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.forget_all()
        self._line.close()
        self._server.wait(timeout=30)

    def forget_all(self) -> None:
        """Ends every process that still runs."""
        for child in self._children:
            child.forget()
        self._children.clear()

    def start(self, program: str, *arguments: object) -> Child:
        """A process that runs the program of this name; its arguments are such as JSON can carry."""
        their_orders, orders = os.pipe()
        said, their_said = os.pipe()
        job = json.dumps([program, *map(_plain, arguments)]).encode()
        socket.send_fds(self._line, [job], [their_orders, their_said])
        os.close(their_orders)
        os.close(their_said)
        child = Child(self, int(self._line.recv(LONGEST_JOB)), orders, said)
        self._children.append(child)
        return child

    def run(self, program: str, *arguments: object) -> tuple[int, list[Any]]:
        """The exit code of a program that needs no orders, and what it said."""
        child = self.start(program, *arguments)
        said = list(child.hear_all())
        ended = child.wait()
        child.forget()
        self._children.remove(child)
        return ended, said

    def wait_for(self, pid: int) -> int:
        """The exit code of one of its processes, when it has ended; asked for once."""
        self._line.send(str(pid).encode())
        return int(self._line.recv(LONGEST_JOB))


def _plain(value: object) -> object:
    return str(value) if isinstance(value, Path) else value


def serve(line: socket.socket) -> None:
    """Forks for each job, and waits for each pid that it is sent; ends with the test's process."""
    from tests.faults.programs import PROGRAMS, warm_up

    warm_up()
    while True:
        data, pipes, _flags, _address = socket.recv_fds(line, LONGEST_JOB, 2)
        if not data:
            return
        if not pipes:
            _, status = os.waitpid(int(data), 0)
            line.send(str(os.waitstatus_to_exitcode(status)).encode())
            continue
        pid = os.fork()
        if pid == 0:
            line.close()
            _run(PROGRAMS, json.loads(data), pipes)
        for pipe in pipes:
            os.close(pipe)
        line.send(str(pid).encode())


def _run(programs: Any, job: list[Any], pipes: list[int]) -> None:
    """Never returns: nothing of the server may go on in the child."""
    code = 1
    try:
        os.dup2(pipes[0], 0)
        os.dup2(pipes[1], 1)
        for pipe in pipes:
            os.close(pipe)
        asyncio.run(programs[job[0]](*job[1:]))
        code = 0
    except BaseException:  # noqa: BLE001 - told, and then the process is over whatever it was
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    serve(socket.socket(fileno=int(sys.argv[1])))
