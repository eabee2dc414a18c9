"""How commands end: the exit codes, and what goes wrong told in one line instead of a traceback."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum

from fsm_engine.errors import FlowError, FsmEngineError


class Exit(IntEnum):
    """The exit codes of every command."""

    OK = 0
    PROBLEMS = 1
    UNUSABLE = 2
    INTERRUPTED = 130


EXIT_CODES = (
    "Exit codes: 0 all is well (warnings are); 1 flows have problems, tests failed, or something was found; "
    "2 the command cannot work like this: wrong usage, folder, database or rights, and one line on stderr says why; "
    "130 stopped by Ctrl-C."
)


class Refused(FsmEngineError):
    """The command cannot do what was asked: the message says where, what and how to mend it."""

    code = "refused"


@contextmanager
def told_in_one_line() -> Iterator[None]:
    """Ends the program with an exit code and a message where the command cannot go on.

    Errors that nobody foresaw keep their traceback: they are the program's fault, and whoever mends it needs it.
    """
    try:
        yield
    except FlowError as error:
        print(error, file=sys.stderr)
        leave(Exit.PROBLEMS)
    except FsmEngineError as error:
        print(f"fsm-engine: {error}", file=sys.stderr)
        leave(Exit.UNUSABLE)
    except KeyboardInterrupt:
        print("fsm-engine: stopped.", file=sys.stderr)
        leave(Exit.INTERRUPTED)
    except BrokenPipeError:
        raise  # whoever read the output has enough of it; the command line library ends quietly
    except OSError as error:
        print(f"fsm-engine: {_as_sentence(error)}", file=sys.stderr)
        leave(Exit.UNUSABLE)


def leave(code: Exit) -> None:
    """Ends the program."""
    raise SystemExit(int(code))


def _as_sentence(error: OSError) -> str:
    where = error.filename if isinstance(error.filename, str) else "system"
    what = (error.strerror or type(error).__name__).lower()
    return f"{where}: {what}. Check the name and the rights of the file and its folder."
