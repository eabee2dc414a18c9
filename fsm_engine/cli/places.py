"""Which flows and which database a command means."""

from __future__ import annotations

from collections.abc import Callable, Collection
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from fsm_engine.cli.exits import Refused

if TYPE_CHECKING:
    from fsm_engine.actions import Actions
    from fsm_engine.core.flows import Flows
    from fsm_engine.model.problem import Problem

DEFAULT_FOLDER = Path("flows")
DEFAULT_CONVERSATION = "terminal"
_PACKAGE = Path(__file__).parents[1]
_SQLITE = "sqlite:///"
_NOTHING_THERE = {"folder-missing", "no-flows", "unreadable-file"}


def shipped_flows() -> Path:
    """The flows that come with the package: inside it when installed, at the project's root in a checkout."""
    inside = _PACKAGE / "shipped" / "flows"
    return inside if inside.is_dir() else _PACKAGE.parent / "flows"


def flows_folder(given: Path | None) -> Path:
    """The folder that was named, else ``./flows`` where there is one, else the shipped flows."""
    if given is not None:
        return given
    return DEFAULT_FOLDER if DEFAULT_FOLDER.is_dir() else shipped_flows()


def is_shipped(folder: Path) -> bool:
    return folder.resolve() == shipped_flows().resolve()


def checked_flows(folder: Path, types: Collection[str] = ()) -> tuple[Flows, list[Problem]]:
    """The flows of a folder with all their problems; ``types`` are those that the bot registers.

    Raises:
        Refused: there is nothing to check: no such folder, no right to read it, or no flow in it.
    """
    from fsm_engine.flow_files.load import check_flows
    from fsm_engine.model.times import utc_now

    flows, problems = check_flows(folder, types=types, today=utc_now().date())
    for problem in problems:
        if problem.code in _NOTHING_THERE and Path(problem.at.file) == folder:
            raise Refused(f"{folder}: {problem.message}.")
    return flows, problems


def runnable_flows(folder: Path, types: Collection[str] = ()) -> Flows:
    """Flows without errors; raises `FlowError` with all of them, and `Refused` as `checked_flows` does."""
    from fsm_engine.errors import FlowError

    flows, problems = checked_flows(folder, types)
    errors = [problem for problem in problems if problem.severity == "error"]
    if errors:
        raise FlowError(errors)
    return flows


def address_of(database: str) -> str:
    """The address that was given; of a plain path, the address of that file."""
    return database if "://" in database else f"{_SQLITE}{database}"


def must_exist(database: str) -> None:
    """Raises `Refused` where a command that only reads would make a new file."""
    if not is_there(database):
        path = database.removeprefix(_SQLITE)
        raise Refused(f"{path}: there is no such database. Name one that is there: sqlite:///PATH.")


def is_there(database: str) -> bool:
    """Whether there is such a file; True for addresses that name none, of which others tell."""
    path = database.removeprefix(_SQLITE)
    return path in (database, ":memory:") or Path(path).exists()


def registered_actions(named: str | None, folder: Path) -> Actions | None:
    """The actions that ``module:registry`` names, those of a bank in memory for the shipped flows, else None.

    Raises:
        Refused: the module cannot be imported, or what it holds there is no `Actions`.
    """
    if named is None:
        if not is_shipped(folder):
            return None
        from fsm_engine.cli.demo_actions import DemoBank

        return DemoBank().actions()
    module_name, colon, attribute = named.partition(":")
    if not colon or not module_name or not attribute:
        raise Refused(
            f"--actions {named}: is not module:registry. Write, for example: --actions mybot.actions:registry"
        )
    return _registry_of(named, module_name, attribute)


def imported_function(option: str, named: str) -> Callable[..., Any]:
    """The function that ``module:function`` names.

    Raises:
        Refused: the module cannot be imported, or has no such function.
    """
    module_name, colon, attribute = named.partition(":")
    if not colon or not module_name or not attribute:
        raise Refused(f"{option} {named}: is not module:function. Write, for example: {option} mybot.bot:deliver")
    function = vars(_module(f"{option} {named}", module_name)).get(attribute)
    if not callable(function):
        kind = "nothing" if function is None else f"a {type(function).__name__}"
        raise Refused(f"{option} {named}: {attribute} is {kind}, not a function. Check the name.")
    named_so: Callable[..., Any] = function
    return named_so


def _module(said: str, module_name: str) -> ModuleType:
    import sys

    if "" not in sys.path:
        sys.path.insert(0, "")  # a module beside the flows is found, as `python -m` would find it
    try:
        return import_module(module_name)
    except Exception as error:
        what = f"{type(error).__name__}: {error}"
        raise Refused(f"{said}: {module_name} cannot be imported ({what}). Check the name.") from error


def _registry_of(named: str, module_name: str, attribute: str) -> Actions:
    from fsm_engine.actions import Actions

    registry = vars(_module(f"--actions {named}", module_name)).get(attribute)
    if not isinstance(registry, Actions):
        kind = "nothing" if registry is None else f"a {type(registry).__name__}"
        raise Refused(
            f"--actions {named}: {attribute} is {kind}, not an Actions. Name one, made by: registry = Actions()"
        )
    return registry
