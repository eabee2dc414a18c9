"""Addresses of databases: what they name, and how they are shown without their secrets."""

from __future__ import annotations

from fsm_engine.errors import InvalidArgument, StartUpError

DEFAULT_DATABASE = "sqlite:///fsm_engine.db"
"""Where conversations are kept when nobody says where."""

_SQLITE = "sqlite:///"
_POSTGRES = ("postgresql://", "postgres://")
_EXAMPLES = "Write sqlite:///bot.db, sqlite:////var/lib/bot.db (a full path has four slashes) or sqlite:///:memory:"


def sqlite_path(url: str) -> str:
    """The file that a ``sqlite:///`` address names, or ``:memory:``. Raises `InvalidArgument` for any other address."""
    if url.startswith(_POSTGRES):
        raise StartUpError("database: this version has no PostgreSQL store yet. Use sqlite:///bot.db for now.")
    path = url.removeprefix(_SQLITE)
    if path == url or not path:
        raise InvalidArgument(f"{without_secrets(url)!r} is no address of a database. {_EXAMPLES}.")
    if "?" in path or "#" in path or "\0" in path or path.startswith("file:"):
        shown = without_secrets(url)
        raise InvalidArgument(f"a SQLite address is a plain path, and {shown!r} holds more. {_EXAMPLES}.")
    return path


def without_secrets(url: str) -> str:
    """The address as errors and logs may show it: without user, password and options, any of which can be a secret."""
    plain, mark, _ = url.partition("?")
    if plain.startswith(_SQLITE):
        return f"{plain}?…" if mark else plain
    scheme, separator, rest = plain.rpartition("://")
    if not separator:
        return "…" if "=" in url or "@" in url else url  # such as libpq's "host=db password=…"
    host = rest.rpartition("@")[2]
    shown = f"{scheme.partition('://')[0]}://{'…@' if '@' in rest else ''}{host}"
    return f"{shown}?…" if mark else shown
