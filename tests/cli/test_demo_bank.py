"""The bank of the shipped flows: one key, one account, in a ledger that outlives the process that asked for it."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from fsm_engine import ActionCall, Actions, Done, Engine, NotDone
from fsm_engine.cli.demo_actions import TAKEN, DemoBank
from fsm_engine.cli.places import shipped_flows
from fsm_engine.model.session import Status
from fsm_engine.model.slot import Json
from fsm_engine.model.turn import SessionView

SESSION = SessionView("s", "c", "create_account", "create", {}, Status.ACTIVE, 1)
DETAILS = {"name": "Ana Lopez", "email": "ana@example.com", "account_type": "savings"}


async def called(
    actions: Actions, name: str, key: str, slots: Mapping[str, Json] = DETAILS, *, undoes: str | None = None
) -> Any:
    """What the action returns when the engine calls it."""
    registered = actions.get(name)
    assert registered is not None
    return await registered.function(ActionCall(slots, key, SESSION, undoes=undoes))


async def test_the_same_key_gets_the_same_account_also_from_another_process(tmp_path: Path) -> None:
    opened = []
    for _ in range(2):
        with closing(DemoBank(tmp_path / "bank.db")) as bank:
            opened.append(await called(bank.actions(), "accounts.create", "k1"))

    assert opened[0] == opened[1]
    with closing(sqlite3.connect(tmp_path / "bank.db")) as ledger:
        assert ledger.execute("SELECT count(*) FROM accounts").fetchone() == (1,)
        requests = ledger.execute("SELECT process, request, key, answer FROM requests ORDER BY id").fetchall()
    number = opened[0]["account_number"]
    assert requests == [
        (os.getpid(), "open an account", "k1", f"opened {number}"),
        (os.getpid(), "open an account", "k1", f"it is {number} already"),
    ]


async def test_it_says_whether_an_account_was_opened_under_a_key() -> None:
    with closing(DemoBank()) as bank:
        actions = bank.actions()
        before = await called(actions, "accounts.find", "k1")
        account = await called(actions, "accounts.create", "k1")

        assert before == NotDone()
        assert await called(actions, "accounts.find", "k1") == Done(account)
        assert await called(actions, "accounts.find", "k2") == NotDone()


async def test_an_address_is_free_until_an_account_has_it_and_again_when_that_is_closed() -> None:
    with closing(DemoBank()) as bank:
        actions = bank.actions()
        free = [await called(actions, "accounts.email_is_free", "")]
        await called(actions, "accounts.create", "k1")
        free.append(await called(actions, "accounts.email_is_free", ""))
        await called(actions, "accounts.close", "k1:undo", undoes="k1")
        free.append(await called(actions, "accounts.email_is_free", ""))

        assert free == [True, False, True]
        assert await called(actions, "accounts.email_is_free", "", {"email": TAKEN}) is False


async def test_all_that_the_shipped_flows_call_is_there(tmp_path: Path) -> None:
    with closing(DemoBank()) as bank:
        async with Engine.open(
            f"sqlite:///{tmp_path / 'bot.db'}", flows=shipped_flows(), actions=bank.actions()
        ) as bot:
            assert await bot.unfinished() == []
