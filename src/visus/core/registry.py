"""Named parts, imported on first use; the one pattern by which Visus is extended.

Each family (networks, sources, tasks, recipes, ...) keeps one `Registry` in its
`__init__.py`, with one explicit line a part. Naming a part costs no import, so
`visus --help` stays quick; other packages add parts through the entry-point group
`visus.<family>`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any

from visus.core.errors import ConfigError, unknown_name


@dataclass(frozen=True)
class Part:
    """One registered part: where it lives, and what a list says of it."""

    name: str
    target: str  # "package.module:attribute"
    summary: str
    facts: dict[str, Any]

    def load(self) -> Any:
        """Import the part's module and return the named attribute."""
        module, _, attribute = self.target.partition(":")
        return getattr(import_module(module), attribute)


class Registry:
    """Names to parts of one family.

    Args:
        kind: the singular noun used in messages, such as "network".
        family: the entry-point group is `visus.<family>`.
    """

    def __init__(self, kind: str, family: str) -> None:
        self.kind = kind
        self.family = family
        self._parts: dict[str, Part] = {}
        self._entry_points_read = False

    def add(self, name: str, target: str, summary: str, **facts: Any) -> None:
        """Register a part; a name that is taken is an error, never a replacement."""
        if name in self._parts:
            raise ConfigError(
                received=f"The {self.kind} {name!r} is registered twice.",
                expected="one registration a name.",
                remedy=f"Rename {target!r} or remove one of the two lines.",
            )
        self._parts[name] = Part(name, target, summary, facts)

    def part(self, name: str) -> Part:
        """The part of that name; raises `ConfigError` naming the nearest ones."""
        if name not in self._parts:
            self._read_entry_points()
        if name not in self._parts:
            raise unknown_name(self.kind, name, self._parts)
        return self._parts[name]

    def load(self, name: str) -> Any:
        """Import and return the part of that name."""
        return self.part(name).load()

    def names(self) -> list[str]:
        """All names in order of registration, those of other packages last."""
        self._read_entry_points()
        return list(self._parts)

    def __contains__(self, name: str) -> bool:
        return name in self._parts or name in self.names()

    def __iter__(self) -> Iterator[Part]:
        return iter([self._parts[name] for name in self.names()])

    def _read_entry_points(self) -> None:
        if self._entry_points_read:
            return
        self._entry_points_read = True
        for entry in entry_points(group=f"visus.{self.family}"):
            summary = f"from the package {entry.dist.name}" if entry.dist else ""
            self.add(entry.name, entry.value, summary)
