"""Every error a person can meet, worded alike: received, expected, what to do.

VisusError                exit 1   something went wrong that no class below names
├── ConfigError           exit 2   a setting, name or argument that cannot be used
├── DataError             exit 3   pictures, labels or splits that cannot be used
├── ModelError            exit 4   a network, bundle or checkpoint that cannot be used
└── MachineError          exit 5   the machine: a package, permission, disk or network

The CLI prints one message and exits with the code; nothing here prints.
"""

from collections.abc import Iterable
from difflib import get_close_matches


class VisusError(Exception):
    """Base of all errors that Visus raises on purpose.

    Args:
        received: what was given or found, with its value.
        expected: what would have been right.
        remedy: what to do now, as an instruction.
    """

    exit_code = 1

    def __init__(self, received: str, expected: str, remedy: str) -> None:
        super().__init__(received, expected, remedy)
        self.received = received
        self.expected = expected
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.received} Expected: {self.expected} To mend it: {self.remedy}"

    def to_json(self) -> dict[str, str | int]:
        """The same three fields, for `--json` and for HTTP."""
        return {
            "error": type(self).__name__,
            "received": self.received,
            "expected": self.expected,
            "remedy": self.remedy,
            "exit_code": self.exit_code,
        }


class ConfigError(VisusError):
    """A setting, a name or an argument that cannot be used."""

    exit_code = 2


class DataError(VisusError):
    """Pictures, labels or splits that cannot be used."""

    exit_code = 3


class ModelError(VisusError):
    """A network, a bundle or a checkpoint that cannot be used."""

    exit_code = 4


class MachineError(VisusError):
    """The machine lacks something: a package, a permission, disk space, a network."""

    exit_code = 5


def nearest_names(name: str, allowed: Iterable[str]) -> list[str]:
    """The allowed names most like `name`, best first, at most three.

    Example:
        >>> nearest_names("convnett", ["convnet", "dense"])
        ['convnet']
    """
    return get_close_matches(name, list(allowed), n=3, cutoff=0.5)


def unknown_name(kind: str, name: str, allowed: Iterable[str]) -> ConfigError:
    """The one error for a name that nobody knows, with the nearest that exist."""
    names = sorted(allowed)
    near = nearest_names(name, names)
    hint = f"Did you mean {' or '.join(map(repr, near))}?" if near else ""
    return ConfigError(
        received=f"There is no {kind} named {name!r}.",
        expected=f"one of {', '.join(names)}.",
        remedy=hint or f"Choose a {kind} from the list.",
    )
