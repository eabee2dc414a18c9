"""`fsm-engine audit` and `fsm-engine recover`: what was done, and what is still to be."""

# proves: A1, A4, P5

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from fsm_engine import Actions
from fsm_engine.engine.engine import Engine
from fsm_engine.failpoints import FailpointReached, armed
from tests.cli.conftest import Run

ORDER = """\
flow: order
start: {phrases: [begin]}
steps:
  - {ask: dish, type: text 1..60, prompt: Which dish?}
  - {ask: card, type: text 1..60, prompt: Which card?, private: true}
  - {do: shop.buy, send: [dish, card], save_as: number, undo: shop.give_back}
  - {ask: wish, type: text 1..60, prompt: Any wish?}
  - {end: Thanks.}
"""
MODULE = """\
from pathlib import Path
from fsm_engine import Actions

registry = Actions()
LEDGER = Path(__file__).with_name("ledger")


@registry.action("shop.buy", idempotent=IDEMPOTENT)
def buy(call):
    with LEDGER.open("a") as ledger:
        ledger.write(call.idempotency_key + "\\n")
    return 7


@registry.action("shop.give_back", idempotent=True)
def give_back(call):
    return None
"""
CARD = "4111 1111"


def registry() -> Actions:
    actions = Actions()
    actions.action("shop.buy", idempotent=True)(lambda call: 7)
    actions.action("shop.give_back", idempotent=True)(lambda call: None)
    return actions


def talk(place: Path, *messages: str, breaks_at: str | None = None) -> None:
    """A conversation in the database that commands look at when they are told nothing else."""
    asyncio.run(_talk(place, messages, breaks_at))


async def _talk(place: Path, messages: Sequence[str], breaks_at: str | None) -> None:
    (place / "flows" / "order.yaml").write_text(ORDER)
    (place / "flows" / "hello.yaml").unlink(missing_ok=True)
    address = f"sqlite:///{place / 'fsm_engine.db'}"
    async with Engine.open(address, flows=place / "flows", actions=registry()) as engine:
        for message in messages[:-1]:
            await engine.turn("chat", message, user_id="ana")
        if breaks_at is None:
            await engine.turn("chat", messages[-1], user_id="ana")
        else:
            with armed(breaks_at), pytest.raises(FailpointReached):
                await engine.turn("chat", messages[-1], user_id="ana")


def in_file(place: Path, statement: str) -> list[Any]:
    with closing(sqlite3.connect(place / "fsm_engine.db")) as connection:
        return connection.execute(statement).fetchall()


def named(place: Path, *, idempotent: bool) -> list[str]:
    name = f"bot_{'safe' if idempotent else 'unsafe'}_{abs(hash(place))}"
    (place / f"{name}.py").write_text(MODULE.replace("IDEMPOTENT", str(idempotent)))
    return ["--actions", f"{name}:registry"]


def test_actions_are_shown_with_what_they_did_and_private_answers_masked(place: Path, run_here: Run) -> None:
    talk(place, "begin", "Soup", CARD)
    (found,) = json.loads(run_here("audit", "--json").out)

    assert (found["action"], found["status"], found["output_json"]) == ("shop.buy", "success", "7")
    assert json.loads(found["input_json"]) == {"dish": "Soup", "card": "***"}
    assert found["transaction"]["status"] == "completed"
    table = run_here("audit")
    assert "shop.buy" in table.out
    assert CARD not in table.out


def test_private_answers_are_masked_wherever_people_read_actions(place: Path, run_here: Run) -> None:
    talk(place, "begin", "Soup", CARD)
    stored = in_file(place, "SELECT input_data FROM audit_log")
    actions = [
        json.loads(run_here("sessions", "show", "chat", "--json").out)["actions"],
        json.loads(run_here("audit", "--user", "ana", "--json").out),
    ]
    exported = run_here("export", "--conversation", "chat")

    assert json.loads(stored[0][0])["card"] == CARD  # what an undo and a person with the database may need
    assert [json.loads(one["input_json"])["card"] for (one,) in actions] == ["***", "***"]
    assert exported.code == 0
    (conversation,) = json.loads(exported.out)["conversations"]
    (session,) = conversation["sessions"]
    assert session["actions"][0]["input"]["card"] == "***"


def test_actions_are_found_by_user_session_key_and_status(place: Path, run_here: Run) -> None:
    talk(place, "begin", "Soup", CARD, "cancel", "yes")
    everything = json.loads(run_here("audit", "--json").out)
    assert [(one["action"], one["status"]) for one in everything] == [
        ("shop.give_back", "success"),
        ("shop.buy", "rolled_back"),
    ]
    undo, bought = everything
    assert undo["undoes"] == bought["key"]

    def keys(*words: str) -> list[str]:
        return [one["key"] for one in json.loads(run_here("audit", "--json", *words).out)]

    assert keys("--user", "ana") == [undo["key"], bought["key"]]
    assert keys("--user", "ben") == []
    assert keys("--session", bought["session_id"]) == [bought["key"], undo["key"]]
    assert keys("--key", undo["key"]) == [undo["key"]]
    assert keys("--status", "rolled_back") == [bought["key"]]
    assert keys("--limit", "1") == [undo["key"]]
    refused = run_here("audit", "--user", "ana", "--key", "k")
    assert refused.code == 2
    assert "cannot go together" in refused.err


@pytest.mark.parametrize(("idempotent", "status", "code"), [(True, "success", 0), (False, "unknown", 1)])
def test_recover_finishes_what_was_cut_off(
    place: Path, run_here: Run, idempotent: bool, status: str, code: int
) -> None:
    talk(place, "begin", "Soup", CARD, breaks_at="action.after-call")
    options = named(place, idempotent=idempotent)
    (key,) = in_file(place, "SELECT idempotency_key FROM audit_log")[0]
    would = run_here("recover", *options, "--dry-run", "--json")
    assert json.loads(would.out)["finished"] == 1
    assert json.loads(would.out)["left"][0]["next"] == ("call again" if idempotent else "mark unknown")
    assert in_file(place, "SELECT status FROM audit_log") == [("pending",)]
    done = run_here("recover", *options)
    again = run_here("recover", *options, "--json")

    assert (would.code, done.code, again.code) == (0, code, code)
    assert done.out.startswith("1 finished")
    assert json.loads(again.out)["finished"] == 0
    assert [one["next"] for one in json.loads(again.out)["left"]] == ([] if idempotent else ["person"])
    assert in_file(place, "SELECT status FROM audit_log") == [(status,)]
    ledger = place / "ledger"
    assert (ledger.read_text().split() if ledger.exists() else []) == ([key] if idempotent else [])


def test_recover_without_actions_or_database_says_what_it_needs(place: Path, run_here: Run) -> None:
    missing = run_here("recover", *named(place, idempotent=True))
    talk(place, "begin")
    unnamed = run_here("recover")

    assert (missing.code, unnamed.code) == (2, 2)
    assert "there is no such database" in missing.err
    assert "--actions mybot.actions:registry" in unnamed.err
