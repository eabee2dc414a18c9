"""Where the database is and how it is used, from arguments and the environment: all that is wrong is told at once."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal

from fsm_engine.errors import InvalidArgument, StartUpError
from fsm_engine.storage.address import DEFAULT_DATABASE, sqlite_path, without_secrets
from fsm_engine.storage.seal import DEFAULT_ROW_KEY, LONGEST_KEY, Seal

log = logging.getLogger("fsm_engine.storage")

Kind = Literal["address", "whole", "number", "switch", "key"]
PREFIX = "DATABASE_"
_WHOLE = re.compile(r"[0-9]{1,9}\Z")
_NUMBER = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9})?\Z")
_SWITCHES = {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False, "off": False}
_LONGEST_SHOWN = 60


@dataclass(frozen=True, slots=True)
class _Rule:
    """What one setting may be; both bounds are inclusive."""

    variable: str
    kind: Kind
    low: float = 0
    high: float = 0

    @property
    def allowed(self) -> str:
        if self.kind == "address":
            return "an address such as sqlite:///bot.db"
        if self.kind == "switch":
            return "1, true, yes or on, or 0, false, no or off"
        if self.kind == "key":
            return f"a text of 1 to {LONGEST_KEY} bytes"
        return f"a {'whole ' if self.kind == 'whole' else ''}number from {self.low:g} to {self.high:g}"


_RULES: Mapping[str, _Rule] = {
    "database": _Rule("DATABASE_URL", "address"),
    "timeout_s": _Rule("DATABASE_TIMEOUT", "number", 0, 3600),
    "pool_size": _Rule("DATABASE_POOL_SIZE", "whole", 1, 10_000),
    "max_overflow": _Rule("DATABASE_MAX_OVERFLOW", "whole", 0, 10_000),
    "pool_timeout_s": _Rule("DATABASE_POOL_TIMEOUT", "number", 0, 3600),
    "pool_recycle_s": _Rule("DATABASE_POOL_RECYCLE", "number", 1, 864_000),
    "init_retry_count": _Rule("DATABASE_INIT_RETRY_COUNT", "whole", 0, 100),
    "init_retry_delay_ms": _Rule("DATABASE_INIT_RETRY_DELAY_MS", "whole", 0, 60_000),
    "echo": _Rule("DATABASE_ECHO", "switch"),
    "row_key": _Rule("DATABASE_ROW_KEY", "key"),
}


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Settings:
    """Settings of a database; `Settings.read` fills in what the environment says.

    ``timeout_s`` is how long a write waits for another program's lock. ``init_retry_count`` and ``init_retry_delay_ms``
    are for opening: how often it is tried again, and the first pause, which doubles. ``echo`` logs statements, without
    their values, to the logger ``fsm_engine.storage``. ``row_key`` is a secret that stored rows are hashed with:
    without it their damage is noticed, with it also that somebody changed them by hand; rows written under another one
    read as damaged, so it is chosen before the first start. The four about pools are PostgreSQL's: SQLite has one
    connection that writes and one that reads.

    Raises:
        InvalidArgument: listing everything that is wrong.
    """

    database: str = DEFAULT_DATABASE
    timeout_s: float = 5.0
    pool_size: int = 10
    max_overflow: int = 20
    pool_timeout_s: float = 30.0
    pool_recycle_s: float = 3600.0
    init_retry_count: int = 3
    init_retry_delay_ms: int = 100
    echo: bool = False
    row_key: str | None = None

    def __post_init__(self) -> None:
        given = {field.name: getattr(self, field.name) for field in fields(self)}
        _raise_if(_problems({name: value for name, value in given.items() if (name, value) != ("row_key", None)}, {}))

    @property
    def seal_key(self) -> bytes:
        """What rows are sealed with."""
        return DEFAULT_ROW_KEY if self.row_key is None else _key_of(self.row_key)

    def __repr__(self) -> str:
        """The settings without the address's secrets and the row key."""
        shown = {field.name: getattr(self, field.name) for field in fields(self)}
        shown["database"] = without_secrets(self.database)
        shown["row_key"] = None if self.row_key is None else "…"
        return f"Settings({', '.join(f'{name}={value!r}' for name, value in shown.items())})"

    @classmethod
    def read(cls, environment: Mapping[str, str] | None = None, **given: Any) -> Settings:
        """Arguments, then the environment (``os.environ`` unless given), then defaults; None stands for not given.

        Names in the environment that begin with ``DATABASE_`` and are no setting are logged as a warning.

        Raises:
            InvalidArgument: listing everything that is wrong, from both.
        """
        environment = os.environ if environment is None else environment
        unknown = sorted(set(given) - set(_RULES))
        if unknown:
            raise InvalidArgument(f"settings: there is no '{unknown[0]}'.{_nearest(unknown[0], _RULES)}")
        _warn_of_unknown(environment)
        values: dict[str, Any] = {}
        variables: dict[str, str] = {}
        for name, rule in _RULES.items():
            text = environment.get(rule.variable, "").strip()
            if given.get(name) is not None:
                values[name] = given[name]
            elif text:
                variables[name] = rule.variable
                values[name] = _from_text(text, rule.kind)
        _raise_if(_problems(values, variables))
        return cls(**values)


def _from_text(text: str, kind: Kind) -> Any:
    """The value that a text means; the text itself where it means none, which is then no allowed value."""
    if kind == "switch":
        return _SWITCHES.get(text.lower(), text)
    if kind == "whole" and _WHOLE.match(text):
        return int(text)
    if kind == "number" and _NUMBER.match(text):
        return float(text)
    return text


def _problems(values: Mapping[str, Any], variables: Mapping[str, str]) -> list[str]:
    """One line for each value that cannot be, under the name that it was given by."""
    found = ((variables.get(name, name), _problem(value, _RULES[name])) for name, value in values.items())
    return [f"{name}: {problem}" for name, problem in found if problem is not None]


def _problem(value: object, rule: _Rule) -> str | None:
    if rule.kind == "address" and isinstance(value, str):
        try:
            sqlite_path(value)
        except InvalidArgument as error:
            return str(error)
        except StartUpError:  # of a database that this version has no store for: opening it says so
            pass
        return None
    if rule.kind == "key":
        return None if _is_key(value) else f"is not allowed. Give {rule.allowed}."
    return None if _is_allowed(value, rule) else f"{_shown(value)} is not allowed. Give {rule.allowed}."


def _is_allowed(value: object, rule: _Rule) -> bool:
    if rule.kind in ("address", "switch") or isinstance(value, bool):
        return rule.kind == "switch" and isinstance(value, bool)
    kinds: tuple[type, ...] = (int,) if rule.kind == "whole" else (int, float)
    return isinstance(value, kinds) and rule.low <= value <= rule.high  # type: ignore[operator]


def _is_key(value: object) -> bool:
    return isinstance(value, str) and 1 <= len(_key_of(value)) <= LONGEST_KEY


def _key_of(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")  # a variable may hold any bytes


def seal_of(row_key: bytes | None, environment: Mapping[str, str] | None = None) -> Seal:
    """The seals of rows under this key, or under that of the environment.

    Raises:
        InvalidArgument: a key that cannot be.
    """
    if row_key is not None:
        return Seal(row_key)
    rule = _RULES["row_key"]
    text = (os.environ if environment is None else environment).get(rule.variable, "").strip()
    problem = _problem(text, rule) if text else None
    _raise_if([f"{rule.variable}: {problem}"] if problem else [])
    return Seal(_key_of(text) or DEFAULT_ROW_KEY)


def _shown(value: object) -> str:
    """Any value may be an address that was put in the wrong place."""
    text = without_secrets(value) if isinstance(value, str) else value
    shown = repr(text)
    return shown if len(shown) <= _LONGEST_SHOWN else f"{shown[:_LONGEST_SHOWN]}…"


def _raise_if(problems: list[str]) -> None:
    if problems:
        raise InvalidArgument("\n".join(problems))


def _warn_of_unknown(environment: Mapping[str, str]) -> None:
    known = [rule.variable for rule in _RULES.values()]
    for name in sorted(environment):
        if name.startswith(PREFIX) and name not in known:
            log.warning("%s: is no setting of fsm_engine and changes nothing.%s", name, _nearest(name, known))


def _nearest(name: str, known: Iterable[str]) -> str:
    from fsm_engine.core.nearest import did_you_mean  # commands that only print their help need none of the engine

    return did_you_mean(name, known)
