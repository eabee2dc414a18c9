"""`fsm-engine demo`: the promise, shown."""

import re
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import pexpect

from fsm_engine.cli.demo_process import SCRIPT
from tests.cli.conftest import COMMAND, Run

TABLES = (
    "sessions",
    "user_responses",
    "messages",
    "turns",
    "risk_detections",
    "intent_classifications",
    "audit_log",
    "requests",
    "accounts",
)


def test_without_a_terminal_a_killed_conversation_is_finished_by_another_process(run: Run, place: Path) -> None:
    first = run("demo")
    done = run("demo")  # what the first one left behind is no hindrance

    assert (first.code, done.code) == (0, 0), done.out + done.err
    assert done.err == ""
    assert "It kills itself (SIGKILL) after turn 4." in done.out
    assert "duplicate: True. The database is unchanged, row for row." in done.out
    assert "The audit says of accounts.create: pending. What to do about it: ask first." in done.out
    assert "duplicate: True. Database and bank are unchanged, row for row." in done.out
    assert "2 kills, 3 deliveries repeated, 1 account: nothing lost, nothing done twice." in done.out
    assert "All done, Ahmed Ali. Your savings account number is " in done.out
    for table in TABLES:
        rows = re.search(rf"^ *{table} \((\d+)\)", done.out, re.MULTILINE)
        assert rows is not None
        assert int(rows[1]) > 0
    with closing(sqlite3.connect(place / ".demo" / "scripted.db")) as connection:
        (said,) = connection.execute("SELECT count(*) FROM messages WHERE role = 'user'").fetchone()
        audited = connection.execute("SELECT status, idempotency_key FROM audit_log").fetchall()
    with closing(sqlite3.connect(place / ".demo" / "scripted-bank.db")) as ledger:
        (key,) = ledger.execute("SELECT key FROM accounts").fetchall()
        processes = dict(ledger.execute("SELECT request, process FROM requests WHERE key = ?", key))
    assert said == len(SCRIPT)
    assert audited == [("success", *key)]
    assert len(set(processes.values())) == 2  # the one that died opened it, and the next one asked


def test_in_a_terminal_it_is_a_chat_that_goes_on(place: Path, environment: dict[str, str]) -> None:
    def open_demo() -> "pexpect.spawn[str]":
        return pexpect.spawn(
            sys.executable, [*COMMAND[1:], "demo"], cwd=str(place), env=environment, encoding="utf-8", timeout=20
        )

    first = open_demo()
    first.expect("you> ")
    first.sendline("I want to open an account")
    first.expect("What is your full name")
    first.expect("you> ")
    first.sendeof()
    first.expect("To go on: fsm-engine demo")
    first.expect(pexpect.EOF)
    second = open_demo()
    second.expect("create_account, at name")
    second.expect("you> ")
    second.sendeof()
    second.expect(pexpect.EOF)
    first.close()
    second.close()

    assert (first.exitstatus, second.exitstatus) == (0, 0)
    assert (place / ".demo" / "demo.db").exists()
    assert (place / ".demo" / "bank.db").exists()
