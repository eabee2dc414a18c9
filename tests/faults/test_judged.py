"""What T13 goes by is held against worlds in which something is wrong: it says what."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from fsm_engine import Actions, Engine
from tests.faults import trips
from tests.faults.bank import PAY, Bank
from tests.faults.frail_line import Line
from tests.faults.judged import judged, undo_findings
from tests.faults.payments import ONCE, Case, bank_of, flows

AGAIN = "INSERT INTO effects (payer, action, key) SELECT payer, action, key FROM effects ORDER BY number DESC LIMIT 1"


def change(file: Path, statement: str) -> None:
    with closing(sqlite3.connect(file)) as database, database:
        database.execute(statement)


async def pay(folder: Path, bank: Bank) -> None:
    """A payment that is made, and a database that says so."""
    actions = Line(bank, "neither").register(Actions(), PAY)
    async with Engine.open(f"sqlite:///{folder / 'bot.db'}", flows=flows("30 s"), actions=actions) as engine:
        for number, text in enumerate(ONCE):
            await engine.turn("chat", text, request_id=f"r{number}")


@pytest.mark.parametrize(
    ("file", "statement", "counted", "finding"),
    [
        ("bank.db", AGAIN, (1, 0, 0), "bank.pay is success and was done 2 times"),
        ("bank.db", "DELETE FROM effects", (0, 1, 0), "bank.pay is success and was done 0 times"),
        ("bank.db", "UPDATE effects SET key = 'k'", (0, 1, 1), "1 effects under k, of which the audit knows nothing"),
        ("bot.db", "UPDATE audit_log SET status = 'failure'", (0, 1, 1), "bank.pay is failure and was done 1 times"),
        ("bot.db", "UPDATE audit_log SET repeats = 'k'", (0, 0, 1), "bank.pay is success and was done 1 times"),
        ("bot.db", "UPDATE audit_log SET status = 'pending'", (0, 0, 0), "bank.pay is pending in the end"),
        (
            "bot.db",
            "UPDATE audit_log SET status = 'unknown'",
            (0, 0, 0),
            "unknown, and could have been known",
        ),
        ("bot.db", "UPDATE conversations SET version = 9", (0, 0, 0), "half a turn: ('chat', 9, 4, 4, 6, 6, 3, 3)"),
    ],
)
async def test_what_bank_and_audit_do_not_agree_on_is_found(
    tmp_path: Path, file: str, statement: str, counted: tuple[int, int, int], finding: str
) -> None:
    bank = bank_of(tmp_path, Case("neither"))
    await pay(tmp_path, bank)
    sound = judged(tmp_path, bank, is_certain=True, must_happen=True)
    change(tmp_path / file, statement)
    wrong = judged(tmp_path, bank, is_certain=True, must_happen=True)

    assert (sound.findings, sound.doubles, sound.missing, sound.silent, sound.effects) == ([], 0, 0, 0, 1)
    assert any(one.endswith(finding) for one in wrong.findings)
    assert (wrong.doubles, wrong.missing, wrong.silent) == counted


@pytest.mark.parametrize(
    ("statement", "finding"),
    [
        ("UPDATE audit_log SET status = 'stuck' WHERE action = 'train.cancel'", "more was taken back"),
        (
            "UPDATE audit_log SET status = 'success' WHERE action = 'hotel.book'",
            "'success', 'rolled_back')",
        ),
        ("UPDATE transactions SET status = 'completed'", "('success', 'rolled_back', 'completed')"),
    ],
)
async def test_what_was_not_taken_back_as_it_is_promised_is_found(tmp_path: Path, statement: str, finding: str) -> None:
    async with trips.opened(tmp_path) as engine:
        for text in trips.CANCELLED:
            await engine.turn("chat", text)
    bank = trips.bank_of(tmp_path)
    assert undo_findings(tmp_path, bank, trips.ORDER) == []
    change(tmp_path / "bot.db", statement)

    assert finding in " ".join(undo_findings(tmp_path, bank, trips.ORDER))
    assert undo_findings(tmp_path, bank, trips.ORDER[::-1])[0].startswith("it was done in this order: ")
