"""`fsm-engine export`: a conversation, or all that is stored of a user."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from fsm_engine.cli.exits import Refused
from fsm_engine.cli.places import must_exist

if TYPE_CHECKING:
    from fsm_engine.engine.exports import Exported

FORMATS = ("json", "md", "pdf")


def write_export(
    database: str, *, conversation: str | None, user: str | None, form: str, out: Path | None, fonts: Sequence[Path]
) -> None:
    """Writes the export to ``out``, or prints it.

    Raises:
        Refused: what is to be exported, its format or the file cannot be.
        NotFound: nothing is stored of it.
    """
    if (conversation is None) == (user is None):
        raise Refused("export: say what. Pass either --conversation ID or --user ID.")
    if form not in FORMATS:
        raise Refused(f"--format {form}: is not known. Choose one of {', '.join(FORMATS)}.")
    if form == "pdf" and out is None:
        raise Refused("export: a PDF is not printed. Name a file with --out FILE.")
    if out is not None and out.exists():
        raise Refused(f"--out {out}: is there already. Name a new file.")
    must_exist(database)
    data = _rendered(asyncio.run(_collect(database, conversation, user)), form, fonts)
    if out is None:
        sys.stdout.buffer.write(data)
        sys.stdout.flush()
    else:
        _write_new(out, data)
        print(f"{out}: {len(data)} bytes")


async def _collect(database: str, conversation: str | None, user: str | None) -> Exported:
    from fsm_engine.engine.exports import export_conversation, export_user
    from fsm_engine.model.times import utc_now, utc_text
    from fsm_engine.storage import open_store

    store = await open_store(database)
    try:
        now = utc_text(utc_now())
        if conversation is not None:
            return await export_conversation(store, conversation, now=now)
        assert user is not None
        return await export_user(store, user, now=now)
    finally:
        await store.close()


def _rendered(exported: Exported, form: str, fonts: Sequence[Path]) -> bytes:
    if form == "json":
        return exported.as_json() + b"\n"
    if form == "md":
        from fsm_engine.engine.exports import as_markdown

        return as_markdown(exported).encode()
    from fsm_engine.engine.exports.pdf import as_pdf

    return as_pdf(exported, fonts=fonts)


def _write_new(path: Path, data: bytes) -> None:
    """What people told a bot is nobody else's to read."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
