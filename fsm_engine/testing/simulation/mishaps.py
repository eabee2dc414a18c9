"""What goes wrong in a simulated world, and when: counted in steps, so that it may fall between any two of them."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import Final

from fsm_engine.testing.simulation.processes import Process
from fsm_engine.testing.simulation.world import USUAL_FAULT_RATE, World

STEPS_BETWEEN: Final = (20, 400)
"""Callbacks from one mishap to the next."""
_JUMPS_S: Final = (-90_000.0, -3600.0, -7.0, -0.001, 5.0, 3600.0, 3600.0 * 24 * 40)


class Mishaps:
    """Makes the world go wrong, again and again, until it calms down."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._random = world.random
        self._locker: sqlite3.Connection | None = None

    def begin(self) -> None:
        self._world.disk.fault_rate = USUAL_FAULT_RATE
        self._next()

    def _next(self) -> None:
        world = self._world
        world.loop.at_step(world.loop.step + self._random.randrange(*STEPS_BETWEEN), self._happen)

    def _happen(self) -> None:
        if self._world.is_calm:
            return
        what = self._random.choice(
            (self._kill, self._kill, self._kill, self._close, self._change_files, self._change_files,
             self._jump, self._lock, self._break_disk)
        )  # fmt: skip
        what()
        self._next()

    def _some_process(self) -> Process | None:
        alive = [process for process in self._world.processes if not process.is_dead]
        return self._random.choice(alive) if alive else None

    def _kill(self) -> None:
        process = self._some_process()
        if process is not None:
            self._world.kill(process)

    def _close(self) -> None:
        process = self._some_process()
        if process is not None and process.is_ready:
            self._world.tell(f"{process.name}: closes")
            self._world.loop.create_task(process.close())

    def _change_files(self) -> None:
        world = self._world
        world.tell(f"files: {world.files.change(self._random)}")
        for process in world.processes:
            if process.is_ready and self._random.randrange(3):
                world.loop.create_task(self._reload(process))

    async def _reload(self, process: Process) -> None:
        called = await process.call(process.engine.reload_flows())
        self._world.figures.reloads += called.ending == "reply"
        self._world.tell(f"{process.name}: reload {called.ending}")

    def _jump(self) -> None:
        jump = self._random.choice(_JUMPS_S)
        self._world.clock_is_off_by_s += jump
        self._world.figures.clock_jumps += 1
        self._world.tell(f"clock: {jump:+} s")

    def _lock(self) -> None:
        """Another program writes for a while, for longer than anybody waits as it may be."""
        if self._locker is not None:
            return
        locker = sqlite3.connect(self._world.disk.path, isolation_level=None, timeout=0)
        try:
            locker.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            locker.close()
            return
        self._locker = locker
        self._world.tell("another program locks the file")
        self._later(0.01 + self._random.random() * 8, self.unlock)

    def unlock(self) -> None:
        """Lets go of the file, if it is locked."""
        if self._locker is not None:
            self._locker.close()
            self._locker = None
            self._world.tell("another program lets go of the file")

    def _break_disk(self) -> None:
        self._world.disk.fault_rate = self._random.choice((0.05, 0.2, 0.7))
        self._world.tell(f"disk: breaks, {self._world.disk.fault_rate}")
        self._later(self._random.random() * 5, self._mend_disk)

    def _mend_disk(self) -> None:
        if not self._world.is_calm:
            self._world.disk.fault_rate = USUAL_FAULT_RATE
            self._world.tell("disk: works again")

    def _later(self, seconds: float, act: Callable[[], None]) -> None:
        self._world.loop.call_later(seconds, act)
