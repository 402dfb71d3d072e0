"""Libraries that only some sources need, imported when such a source is read."""

from importlib import import_module
from importlib.util import find_spec
from typing import Any

from visus.core.errors import MachineError


def need(module: str, *, extra: str, because: str) -> Any:
    """Import an optional module.

    Args:
        module: its dotted name.
        extra: the extra of visus that installs it.
        because: what was met that needs it, as a sentence.

    Raises:
        MachineError: it is not installed.
    """
    try:
        return import_module(module)
    except ImportError as error:
        raise _missing(module, extra, because) from error


def require_installed(module: str, *, extra: str, because: str) -> None:
    """The same, without importing it: for what another process will need.

    Raises:
        MachineError: it is not installed.
    """
    if find_spec(module) is None:
        raise _missing(module, extra, because)


def _missing(module: str, extra: str, because: str) -> MachineError:
    return MachineError(
        received=f"{because} The package for it, {module.partition('.')[0]}, is "
        "not installed.",
        expected=f"the extra `{extra}`.",
        remedy=f"pip install 'visus[{extra}]'",
    )
