"""The file is deleted, moved or replaced while a bot has it open: nothing more is acknowledged that would be gone.

SQLite goes on writing into a file that has lost its name, and says that all is well.
proves: P1, P2, P7
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fsm_engine import Engine, OperationFailed
from tests.faults.figures import record
from tests.support.bots import BUY, ORDER, Bot, texts

ENDINGS = ("", "-wal", "-shm")


def files(bot: Bot) -> list[Path]:
    return [bot.database.with_name(bot.database.name + ending) for ending in ENDINGS]


def delete(bot: Bot, aside: Path) -> None:
    for file in files(bot):
        file.rename(aside / file.name)


def delete_the_log(bot: Bot, aside: Path) -> None:
    log = files(bot)[1]
    log.rename(aside / log.name)


def replace_by_another_bot(bot: Bot, aside: Path) -> None:
    delete(bot, aside)
    shutil.copy(aside / "other" / "bot.db", bot.database)


def put_a_copy_in_its_place(bot: Bot, aside: Path) -> None:
    bot.database.rename(aside / bot.database.name)
    shutil.copy(aside / bot.database.name, bot.database)


def move_the_folder(bot: Bot, aside: Path) -> None:
    bot.database.parent.rename(aside / "moved")


def put_back(bot: Bot, aside: Path) -> None:
    if (aside / "moved").exists():
        (aside / "moved").rename(bot.database.parent)
    for file in files(bot):
        if (aside / file.name).exists():
            (aside / file.name).replace(file)


WAYS: dict[str, Callable[[Bot, Path], None]] = {
    "was deleted": delete,
    "lost its log": delete_the_log,
    "was replaced by another bot's": replace_by_another_bot,
    "was replaced by a copy of itself": put_a_copy_in_its_place,
    "went with its folder": move_the_folder,
}


@pytest.fixture
async def bot(tmp_path: Path) -> Bot:
    (tmp_path / "aside" / "other").mkdir(parents=True)
    other = Bot(tmp_path / "aside" / "other", ORDER)
    async with other.open() as engine:
        await engine.turn("of another", "I want to order")
    bot = Bot(tmp_path / "flows of", ORDER, BUY)
    bot.database = tmp_path / "place" / "bot.db"
    bot.database.parent.mkdir()
    return bot


async def refused(engine: Engine, request_id: str) -> None:
    for chat in ("held", "new", "buying"):
        with pytest.raises(OperationFailed, match="moved, deleted or replaced"):
            await engine.turn(chat, "Soup", request_id=request_id)
    with pytest.raises(OperationFailed, match="moved, deleted or replaced"):
        await engine.outcome("held", request_id)
    with pytest.raises(OperationFailed, match="moved, deleted or replaced"):
        await engine.erase(conversation_id="held")


@pytest.mark.parametrize("way", WAYS)
async def test_no_turn_is_acknowledged_in_a_file_that_is_not_in_its_place(bot: Bot, tmp_path: Path, way: str) -> None:
    aside, bought = tmp_path / "aside", 0

    async def buy(call: Any) -> int:
        nonlocal bought
        bought += 1
        return 7

    async with bot.open() as engine:
        engine.action("shop.buy")(buy)
        await engine.turn("held", "I want to order", request_id="r1")
        await engine.start("buying", "buy", request_id="r1")
        WAYS[way](bot, aside)
        await refused(engine, "r2")
        put_back(bot, aside)

        assert await engine.outcome("held", "r2") is None
        assert bought == 0
        assert texts(await engine.turn("held", "Soup", request_id="r2")) == ["Any wish for your Soup?"]
        assert texts(await engine.turn("buying", "Soup", request_id="r2")) == ["Bought Soup: number 7."]
    assert bot.rows("SELECT id, version FROM conversations ORDER BY id") == [("buying", 3), ("held", 2)]
    assert bot.rows("PRAGMA integrity_check") == [("ok",)]
    record("T7", what=f"taken away and put back: the file {way}", acknowledged_in_vain=0, refused=5)


async def test_what_was_acknowledged_before_is_in_the_files_that_were_moved(bot: Bot, tmp_path: Path) -> None:
    async with bot.open() as engine:
        await engine.turn("held", "I want to order", request_id="r1")
        delete(bot, tmp_path / "aside")
        await refused(engine, "r2")
    put_back(bot, tmp_path / "aside")
    async with bot.open() as engine:
        assert await engine.outcome("held", "r1") is not None
        assert await engine.outcome("held", "r2") is None


async def test_a_link_to_the_file_and_a_folder_that_is_left_change_nothing(bot: Bot, tmp_path: Path) -> None:
    (tmp_path / "link.db").symlink_to(bot.database)
    before = Path.cwd()
    try:
        os.chdir(tmp_path)
        async with Engine.open("sqlite:///link.db", flows=bot.flows) as engine:
            os.chdir(before)
            await engine.turn("held", "I want to order")
            await engine.turn("held", "Soup")
    finally:
        os.chdir(before)
    assert bot.rows("SELECT version FROM conversations") == [(2,)]
