"""One simulation: `simulate` makes a world from a seed, lets it run, calms it down, and checks what is left."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Final

from fsm_engine.storage.sqlite_file import SqliteSettings, connect
from fsm_engine.testing.database_files import table_digests
from fsm_engine.testing.simulation.bank import Bank, Hooks
from fsm_engine.testing.simulation.bot_files import BotFiles, scripts_of
from fsm_engine.testing.simulation.chance import stream
from fsm_engine.testing.simulation.database import Disk
from fsm_engine.testing.simulation.ending import check_ending
from fsm_engine.testing.simulation.journal_checks import JournalChecks
from fsm_engine.testing.simulation.loop import OutOfSteps, SimulatedLoop, Stuck
from fsm_engine.testing.simulation.mishaps import Mishaps
from fsm_engine.testing.simulation.promises import Promises, check_before_effect
from fsm_engine.testing.simulation.records import Records
from fsm_engine.testing.simulation.settings import Figures, Result, Settings
from fsm_engine.testing.simulation.trace import Trace
from fsm_engine.testing.simulation.users import users_of
from fsm_engine.testing.simulation.violations import Violated, Violation
from fsm_engine.testing.simulation.world import World

STEPS_TO_CALM: Final = 400_000
"""Within so many steps all that is under way must come to its end, once nothing fails any more."""


USUAL: Final = Settings()


def simulate(seed: int, shipped: Path, settings: Settings = USUAL) -> Result:
    """One run over the flows in the folder ``shipped``. The same seed, flows and settings give the same digest."""
    with TemporaryDirectory(prefix="fsm_engine_sim_") as folder:
        return _Simulation(seed, shipped, Path(folder), settings).run()


class _Simulation:
    def __init__(self, seed: int, shipped: Path, folder: Path, settings: Settings) -> None:
        self._seed = seed
        self._settings = settings
        self._path = folder / "bot.db"
        connect(str(self._path), SqliteSettings("normal")).close()
        settings.prepare(self._path)
        self._records = Records.open(self._path)
        self._scripts = scripts_of(shipped)
        self._loop = SimulatedLoop(self._random("loop"))
        self._trace = Trace(lambda: (self._loop.step, self._loop.time()), is_kept=settings.keeps_trace)
        files = BotFiles(shipped, folder / "flows")
        self._journal = JournalChecks(self._records, files.generations, self._complain)
        self._promises = Promises(self._journal, self._complain)
        self._world = self._make_world(files)

    def _make_world(self, files: BotFiles) -> World:
        disk = Disk(self._path, self._random("disk"))
        disk.tell = self._trace
        disk.after_statement = self._journal.look
        before_effect = check_before_effect(self._records, self._complain)
        intents = sorted(files.generations[0].flow_of_intent)
        return World(
            self._settings,
            self._random("world"),
            loop=self._loop,
            disk=disk,
            files=files,
            bank=Bank(self._random("bank"), self._trace, before_effect),
            hooks=Hooks(self._random("hooks"), self._trace, intents),
            promises=self._promises,
            complain=self._complain,
            tell=self._trace,
        )

    def run(self) -> Result:
        violation = None
        try:
            self._loop.run(self._live(), steps=self._settings.steps + STEPS_TO_CALM)
            self._must_have_no_errors()
        except Violated as violated:
            violation = violated.violation
        except (Stuck, OutOfSteps) as error:
            violation = self._violation("everything comes to its end", "the world", "calm", str(error))
        finally:
            self._loop.close()
        if violation is not None:
            self._trace(str(violation))
        for table, digest in table_digests(self._path).items():
            self._trace(f"{table}: {digest}")
        figures = self._figures()
        self._records.close()
        return Result(self._seed, figures, self._trace.digest, violation, tuple(self._trace.lines))

    async def _live(self) -> None:
        world, loop = self._world, self._loop
        mishaps = Mishaps(world)
        mishaps.begin()
        places = [loop.create_task(world.keep_running()) for _ in range(self._settings.processes)]
        users = [
            loop.create_task(world.talk(user, self._scripts)) for user in users_of(self._seed, self._settings.users)
        ]
        clockwork = loop.create_task(world.run_timers())
        over = loop.create_future()
        loop.at_step(self._settings.steps, lambda: over.set_result(None))
        await over
        self._trace("calm")
        world.calm_down()
        mishaps.unlock()
        for task in users:
            task.cancel()
        await asyncio.gather(*users, return_exceptions=True)
        await clockwork
        await world.all_delivered()
        world.is_over = True
        await check_ending(world, self._records, self._journal, self._promises)
        for place in places:
            await place

    def _random(self, what: str) -> Random:
        return stream(self._seed, what)

    def _violation(self, invariant: str, where: str, expected: str, found: str) -> Violation:
        return Violation(self._seed, self._loop.step, self._loop.time(), invariant, where, expected, found)

    def _complain(self, invariant: str, *, where: str, expected: str, found: str) -> None:
        """The run ends after this step: raised here, the violation would become an error of whoever was running."""
        if self._loop.stop_reason is None:
            self._loop.stop_reason = Violated(self._violation(invariant, where, expected, found))

    def _must_have_no_errors(self) -> None:
        if self._loop.errors:
            raise Violated(
                self._violation("no error goes unheard", "the event loop", "none", "; ".join(self._loop.errors))
            )

    def _figures(self) -> Figures:
        sessions, detections = self._records.totals()
        return replace(
            self._world.figures,
            steps=self._loop.step,
            virtual_s=round(self._loop.time(), 6),
            turns=self._journal.turns,
            sessions=sessions,
            detections=detections,
            actions=len(self._world.bank.accounts),
            faults=sum(self._world.disk.faults.values()),
        )
