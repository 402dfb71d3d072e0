"""How every verb answers: data on standard output, talk on standard error, exit codes.

0 done; 1 unexpected; 2 usage or settings; 3 data; 4 model; 5 machine; 6 a gate of a
certificate fails; 130 Ctrl-C; 143 terminated. With --json, standard output is one JSON
object, errors included.
"""

import functools
import json
import os
import signal
import sys
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any, NoReturn, TypeVar

import typer

from visus.core.errors import VisusError

# All was done, and the model does not reach what was set.
GATE_FAILED = 6
INTERRUPTED = 130
TERMINATED = 143

Verb = TypeVar("Verb", bound=Callable[..., None])


class Terminated(KeyboardInterrupt):
    """SIGTERM, which stops a run as cleanly as Ctrl-C does."""


def verb(function: Verb) -> Verb:
    """Turn errors into one message and a documented exit code, without a traceback."""

    @functools.wraps(function)
    def wrapped(*args: Any, **kwargs: Any) -> None:
        signal.signal(signal.SIGTERM, _terminate)
        try:
            function(*args, **kwargs)
        except VisusError as error:
            show_error(error, as_json=bool(kwargs.get("as_json")))
            raise typer.Exit(error.exit_code) from error
        except BrokenPipeError as error:
            # The reader (`| head`) has what it wanted; Python must not complain either.
            sys.stderr.close()
            raise typer.Exit(0) from error
        except Terminated as error:
            raise typer.Exit(TERMINATED) from error
        except KeyboardInterrupt as error:
            raise typer.Exit(INTERRUPTED) from error

    return wrapped  # type: ignore[return-value]


def answer(value: dict[str, Any]) -> None:
    """Write one JSON object to standard output."""
    sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=True) + "\n")
    sys.stdout.flush()


def write(text: str) -> None:
    """Write plain text to standard output."""
    sys.stdout.write(text.rstrip("\n") + "\n")
    sys.stdout.flush()


def say(text: str) -> None:
    """Write talk to standard error."""
    sys.stderr.write(text.rstrip("\n") + "\n")
    sys.stderr.flush()


def show_error(error: VisusError, *, as_json: bool) -> None:
    """One message: received, expected, what to do."""
    if as_json:
        answer(error.to_json())
    say(f"visus: {error.received}")
    say(f"  expected: {error.expected}")
    say(f"  to mend it: {error.remedy}")


def show_unexpected(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    """One message for what should never happen; the trace when it is asked for."""
    if os.environ.get("VISUS_TRACE"):
        sys.__excepthook__(kind, error, trace)
        return
    say(f"visus: an error that nobody foresaw: {kind.__name__}: {error}")
    say("  expected: no such error; this is a defect of Visus")
    say("  to mend it: run again with VISUS_TRACE=1 and report what it prints")


def _terminate(number: int, frame: FrameType | None) -> NoReturn:
    raise Terminated


def version_callback() -> Any:
    """The `--version` option."""
    return typer.Option(
        False,
        "--version",
        callback=_show_version,
        is_eager=True,
        help="Show the version and stop.",
    )


def _show_version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        write(f"visus {version('visus')}")
        raise typer.Exit
