"""`fsm-engine demo`: a chat for people; elsewhere a scripted conversation whose process is killed twice."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

from fsm_engine.cli.chat import ChatSettings, chat
from fsm_engine.cli.demo_actions import DemoBank
from fsm_engine.cli.demo_process import KILLED_AFTER, SCRIPT, bank_beside
from fsm_engine.cli.exits import Exit, leave
from fsm_engine.cli.places import runnable_flows, shipped_flows
from fsm_engine.cli.screen import print_table

FOLDER = Path(".demo")
_TABLES: Mapping[str, str] = {
    "sessions": "id, status, current_flow, fsm_state, turn, last_activity",
    "user_responses": "flow, step, response, raw_text, attempt_count",
    "messages": "number, role, content, request_id",
    "turns": "number, request_id, caused_by, length(event_json) AS event_bytes, length(reply_json) AS reply_bytes",
    "risk_detections": "turn, severity, category, trigger_phrase, detector, resources_shown",
    "intent_classifications": "turn, user_message, classified_intent, confidence, method, fsm_state",
    "audit_log": "turn, action, status, output_data, idempotency_key",
}
_LEDGER: Mapping[str, str] = {
    "requests": "process, request, answer, key",
    "accounts": "number, name, email, type, status, key",
}


def run_demo() -> None:
    """Leaves with `Exit.PROBLEMS` when the scripted conversation did not end as it should."""
    FOLDER.mkdir(exist_ok=True)
    if sys.stdin.isatty() and sys.stdout.isatty():
        database = f"sqlite:///{FOLDER / 'demo.db'}"
        settings = ChatSettings(folder=shipped_flows(), database=database)
        with closing(DemoBank(FOLDER / "bank.db")) as bank:
            chat(settings, resume_with="fsm-engine demo", actions=bank.actions())
        return
    runnable_flows(shipped_flows())
    path = FOLDER / "scripted.db"
    for file in (path, bank_beside(path)):
        for ending in ("", "-journal", "-wal", "-shm"):
            Path(f"{file}{ending}").unlink(missing_ok=True)
    if not _play_script(path):
        leave(Exit.PROBLEMS)


def _play_script(path: Path) -> bool:
    _say(f"A conversation in one process, kept in {path}. It kills itself (SIGKILL) after turn {KILLED_AFTER}.")
    if not _dies(path, "first"):
        return False
    _say(
        "That process is gone. A new one takes over with nothing but the file. It is killed as well, in the last turn:"
    )
    if not _dies(path, "second"):
        return False
    _say("It died after the bank had opened the account, and before anything was written of that. A third one:")
    if _process(path, "third") != 0:
        return _fail("the third process could not go on")
    _say("What is in the database now:")
    _show_rows(path, _TABLES)
    _say(f"And in the bank's own ledger, {bank_beside(path)}:")
    _show_rows(bank_beside(path), _LEDGER)
    return _is_whole(path)


def _is_whole(path: Path) -> bool:
    status, turns, spoken = _facts(path)
    if (status, spoken) != ("completed", len(SCRIPT)):
        return _fail(f"the session is {status}, with {spoken} of {len(SCRIPT)} messages of the user")
    with closing(sqlite3.connect(bank_beside(path))) as ledger:
        (accounts,) = ledger.execute("SELECT count(*) FROM accounts").fetchone()
    if accounts != 1:
        return _fail(f"the bank has {accounts} accounts and should have one")
    _say(
        f"{spoken} messages of the user, {turns} turns, 2 kills, 3 deliveries repeated, 1 account: nothing lost, "
        "nothing done twice."
    )
    return True


def _dies(path: Path, part: str) -> bool:
    ended = _process(path, part)
    return ended == -signal.SIGKILL or _fail(f"the {part} process should have been killed, and ended with {ended}")


def _process(path: Path, part: str) -> int:
    command = [sys.executable, "-m", "fsm_engine.cli.demo_process", str(path), part]
    return subprocess.run(command, check=False).returncode  # noqa: S603 - our own module, by our own interpreter


def _facts(path: Path) -> tuple[str, int, int]:
    with closing(sqlite3.connect(path)) as connection:
        (status, turns) = connection.execute("SELECT status, turn FROM sessions").fetchone()
        (spoken,) = connection.execute("SELECT count(*) FROM messages WHERE role = 'user'").fetchone()
    return status, turns, spoken


def _show_rows(path: Path, tables: Mapping[str, str]) -> None:
    with closing(sqlite3.connect(path)) as connection:
        for table, columns in tables.items():
            found = connection.execute(f"SELECT {columns} FROM {table}")  # noqa: S608 - both are written above
            print_table(table, [column[0] for column in found.description], found.fetchall())


def _say(text: str) -> None:
    print(f"\n== {text}\n", flush=True)


def _fail(what: str) -> bool:
    print(f"fsm-engine demo: {what}.", file=sys.stderr)
    return False
