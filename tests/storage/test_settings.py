"""Settings from arguments and the environment; everything wrong is told at once, and no secret ever. proves: D1"""

# proves: D1

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from fsm_engine import Engine, Settings
from fsm_engine.errors import InvalidArgument, SessionCorrupted
from fsm_engine.model.times import utc_now, utc_text
from fsm_engine.storage import open_store
from fsm_engine.storage.address import without_secrets
from fsm_engine.storage.backup import backup
from fsm_engine.storage.inspection import inspect_database
from tests.storage.full_turn import full_turn

EVERY = {
    "DATABASE_URL": "sqlite:///x.db",
    "DATABASE_TIMEOUT": "2.5",
    "DATABASE_POOL_SIZE": "3",
    "DATABASE_MAX_OVERFLOW": "0",
    "DATABASE_POOL_TIMEOUT": "4",
    "DATABASE_POOL_RECYCLE": "60",
    "DATABASE_INIT_RETRY_COUNT": "5",
    "DATABASE_INIT_RETRY_DELAY_MS": "7",
    "DATABASE_ECHO": "Yes",
    "DATABASE_ROW_KEY": "hunter2",
}


def test_the_defaults_are_those_of_the_documentation() -> None:
    assert repr(Settings.read({})) == (
        "Settings(database='sqlite:///fsm_engine.db', timeout_s=5.0, pool_size=10, max_overflow=20,"
        " pool_timeout_s=30.0, pool_recycle_s=3600.0, init_retry_count=3, init_retry_delay_ms=100, echo=False,"
        " row_key=None)"
    )


def test_every_setting_can_come_from_the_environment() -> None:
    assert Settings.read(EVERY) == Settings(
        database="sqlite:///x.db",
        timeout_s=2.5,
        pool_size=3,
        max_overflow=0,
        pool_timeout_s=4.0,
        pool_recycle_s=60.0,
        init_retry_count=5,
        init_retry_delay_ms=7,
        echo=True,
        row_key="hunter2",
    )


def test_arguments_count_before_the_environment_and_nothing_is_nothing() -> None:
    read = Settings.read({**EVERY, "DATABASE_ECHO": " "}, database="sqlite:///y.db", timeout_s=None)

    assert (read.database, read.timeout_s, read.echo) == ("sqlite:///y.db", 2.5, False)


def test_all_that_is_wrong_is_told_at_once_with_what_is_allowed() -> None:
    wrong = {
        "DATABASE_URL": "mysql://root:hunter2@db/x",
        "DATABASE_TIMEOUT": "soon",
        "DATABASE_POOL_SIZE": "0",
        "DATABASE_MAX_OVERFLOW": "1.5",
        "DATABASE_POOL_TIMEOUT": "-1",
        "DATABASE_POOL_RECYCLE": "nan",
        "DATABASE_INIT_RETRY_COUNT": "1_0",
        "DATABASE_INIT_RETRY_DELAY_MS": "٣",
        "DATABASE_ECHO": "maybe",
        "DATABASE_ROW_KEY": 33 * "hü",
    }
    with pytest.raises(InvalidArgument) as refused:
        Settings.read(wrong)

    lines = str(refused.value).splitlines()
    assert [line.partition(":")[0] for line in lines] == list(wrong)
    assert "hunter2" not in str(refused.value)
    assert lines[0].startswith("DATABASE_URL: 'mysql://…@db/x' is no address of a database.")
    assert lines[2] == "DATABASE_POOL_SIZE: '0' is not allowed. Give a whole number from 1 to 10000.".replace(
        "'0'", "0"
    )
    assert lines[8] == "DATABASE_ECHO: 'maybe' is not allowed. Give 1, true, yes or on, or 0, false, no or off."
    assert lines[9] == "DATABASE_ROW_KEY: is not allowed. Give a text of 1 to 64 bytes."


@pytest.mark.parametrize(
    "given",
    [
        {"timeout_s": float("nan")},
        {"timeout_s": float("inf")},
        {"timeout_s": True},
        {"timeout_s": -1},
        {"pool_size": 2.0},
        {"pool_size": "2"},
        {"echo": 1},
        {"database": 7},
        {"database": "sqlite:///a.db?mode=ro"},
        {"init_retry_count": 101},
        {"row_key": ""},
        {"row_key": b"key"},
    ],
)
def test_an_argument_that_cannot_be_is_refused_by_its_name(given: dict[str, object]) -> None:
    (name,) = given
    with pytest.raises(InvalidArgument, match=f"^{name}: "):
        Settings(**given)  # type: ignore[arg-type]
    with pytest.raises(InvalidArgument, match=f"^{name}: "):
        Settings.read({}, **given)


def test_an_argument_that_is_none_is_refused_with_the_nearest() -> None:
    with pytest.raises(InvalidArgument, match="Did you mean 'timeout_s'"):
        Settings.read({}, timeout=3)


def test_a_name_that_is_no_setting_is_logged_with_the_nearest_and_without_its_value(
    caplog: pytest.LogCaptureFixture,
) -> None:
    Settings.read({"DATABASE_POOLSIZE": "hunter2", "DATABASE_URL": "sqlite:///x.db", "DATABASES": "x"})

    assert [record.getMessage() for record in caplog.records] == [
        "DATABASE_POOLSIZE: is no setting of fsm_engine and changes nothing. Did you mean 'DATABASE_POOL_SIZE'?"
    ]


def found(path: Path) -> set[str]:
    return {finding.code for finding in inspect_database(str(path), now=utc_text(utc_now())).findings}


async def test_a_row_key_of_the_environment_seals_rows_and_is_shown_nowhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "bot.db"
    monkeypatch.setenv("DATABASE_ROW_KEY", "hunter2")
    store = await open_store(f"sqlite:///{path}")
    await store.commit(full_turn(1))
    await store.close()
    copied = backup(f"sqlite:///{path}", tmp_path / "copy.db")
    assert (copied.seals_broken, "session-damaged" in found(path)) == (0, False)
    assert "hunter2" not in repr(Settings.read())

    monkeypatch.delenv("DATABASE_ROW_KEY")
    assert "session-damaged" in found(path)
    assert backup(f"sqlite:///{path}", tmp_path / "other.db").seals_broken > 0
    without_key = await open_store(f"sqlite:///{path}")
    with pytest.raises(SessionCorrupted):
        await without_key.load("chat", None)
    await without_key.close()


SECRET_ADDRESSES = {
    "postgresql://ana:hunter2@db:5432/bot": "postgresql://…@db:5432/bot",
    "postgresql://ana:hun@ter2/x@db/bot": "postgresql://…@db/bot",
    "postgres://db/bot?password=hunter2": "postgres://db/bot?…",
    "https://a://b:hunter2@db": "https://…@db",
    "host=db password=hunter2": "…",
    "ana:hunter2@db": "…",
    "sqlite:///bot.db?key=hunter2": "sqlite:///bot.db?…",
    "sqlite:////home/me@work/bot.db": "sqlite:////home/me@work/bot.db",
    "bot.db": "bot.db",
}


@pytest.mark.parametrize("address", SECRET_ADDRESSES)
def test_an_address_is_shown_without_its_secrets(address: str) -> None:
    assert without_secrets(address) == SECRET_ADDRESSES[address]


@pytest.mark.parametrize("address", [address for address in SECRET_ADDRESSES if "hunter2" in address])
async def test_no_error_and_no_repr_shows_a_password(address: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    said = []
    for name in ("database", "timeout_s"):
        try:
            said.append(repr(Settings.read({}, **{name: address})))
        except InvalidArgument as error:
            said.append(str(error))
    with pytest.raises(Exception, match="database") as refused:
        await open_store(address)

    assert len(said) == 2
    assert "hunter2" not in f"{said} {refused.value} {caplog.text}"


async def test_echo_logs_statements_without_their_values(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "fsm_engine.storage")
    store = await open_store(Settings(database=f"sqlite:///{tmp_path}/bot.db", echo=True))
    await store.commit(full_turn(1, "a secret"))
    await store.messages.last("a secret")
    await store.close()

    logged = [record.getMessage() for record in caplog.records]
    assert any(text.startswith("INSERT INTO turn_intake VALUES") for text in logged)
    assert any(text.startswith("SELECT") and "FROM messages" in text.replace("JOIN", "FROM") for text in logged)
    assert "a secret" not in caplog.text
    assert max(map(len, logged)) <= 301


async def test_an_engine_takes_settings_and_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "flow.yaml").write_text("flow: hello\nsteps:\n  - end: Hello.\n")
    caplog.set_level(logging.INFO, "fsm_engine.storage")

    async with Engine.open(Settings(database=f"sqlite:///{tmp_path}/one.db"), flows=tmp_path):
        assert caplog.records == []
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path}/two.db")
    monkeypatch.setenv("DATABASE_ECHO", "on")
    async with Engine.open(flows=tmp_path):
        assert caplog.records
    monkeypatch.setenv("DATABASE_TIMEOUT", "never")
    with pytest.raises(InvalidArgument, match="DATABASE_TIMEOUT"):
        async with Engine.open(f"sqlite:///{tmp_path}/one.db", flows=tmp_path):
            pass

    assert [(tmp_path / f"{name}.db").exists() for name in ("one", "two")] == [True, True]
