"""`fsm-engine demo`: a chat for people; elsewhere a scripted conversation whose process is killed half-way."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

from fsm_engine.cli.chat import ChatSettings, chat
from fsm_engine.cli.demo_process import KILLED_AFTER, SCRIPT
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


def run_demo() -> None:
    """Leaves with `Exit.PROBLEMS` when the scripted conversation did not end as it should."""
    FOLDER.mkdir(exist_ok=True)
    if sys.stdin.isatty() and sys.stdout.isatty():
        database = f"sqlite:///{FOLDER / 'demo.db'}"
        chat(ChatSettings(folder=shipped_flows(), database=database), resume_with="fsm-engine demo")
        return
    runnable_flows(shipped_flows())
    path = FOLDER / "scripted.db"
    for ending in ("", "-wal", "-shm"):
        Path(f"{path}{ending}").unlink(missing_ok=True)
    if not _play_script(path):
        leave(Exit.PROBLEMS)


def _play_script(path: Path) -> bool:
    _say(f"A conversation in one process, kept in {path}. It kills itself (SIGKILL) after turn {KILLED_AFTER}.")
    first = _process(path, "first")
    if first != -signal.SIGKILL:
        return _fail(f"the first process should have been killed, and ended with {first}")
    _say("That process is gone. A new one takes over with nothing but the file.")
    if _process(path, "second") != 0:
        return _fail("the second process could not go on")
    _say("What is in the database now:")
    _show_rows(path)
    status, turns, spoken = _facts(path)
    if (status, spoken) != ("completed", len(SCRIPT)):
        return _fail(f"the session is {status}, with {spoken} of {len(SCRIPT)} messages of the user")
    _say(
        f"{spoken} messages of the user, {turns} turns, 1 kill, 1 delivery repeated; nothing lost, nothing done twice."
    )
    return True


def _process(path: Path, part: str) -> int:
    command = [sys.executable, "-m", "fsm_engine.cli.demo_process", str(path), part]
    return subprocess.run(command, check=False).returncode  # noqa: S603 - our own module, by our own interpreter


def _facts(path: Path) -> tuple[str, int, int]:
    with closing(sqlite3.connect(path)) as connection:
        (status, turns) = connection.execute("SELECT status, turn FROM sessions").fetchone()
        (spoken,) = connection.execute("SELECT count(*) FROM messages WHERE role = 'user'").fetchone()
    return status, turns, spoken


def _show_rows(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        for table, columns in _TABLES.items():
            found = connection.execute(f"SELECT {columns} FROM {table}")  # noqa: S608 - both are written above
            print_table(table, [column[0] for column in found.description], found.fetchall())


def _say(text: str) -> None:
    print(f"\n== {text}\n", flush=True)


def _fail(what: str) -> bool:
    print(f"fsm-engine demo: {what}.", file=sys.stderr)
    return False
