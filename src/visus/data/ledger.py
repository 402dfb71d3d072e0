"""Ledger: what became of every file found. found = used + quarantined, always."""

from dataclasses import dataclass
from typing import Any, Literal

Verdict = Literal[
    "not_image",
    "truncated",
    "corrupt",
    "too_large",
    "unsupported",
    "unreadable",
    "no_class",
]
VERDICTS: tuple[Verdict, ...] = (
    "not_image",
    "truncated",
    "corrupt",
    "too_large",
    "unsupported",
    "unreadable",
    "no_class",
)


@dataclass(frozen=True)
class Quarantined:
    """A file that was found and cannot be used, with the reason a person reads."""

    id: str
    verdict: Verdict
    reason: str


@dataclass(frozen=True)
class Ledger:
    """The account of one source: what is used, and what is set aside and why."""

    used: tuple[str, ...]
    quarantined: tuple[Quarantined, ...] = ()

    @property
    def found(self) -> int:
        """How many files were found in all."""
        return len(self.used) + len(self.quarantined)

    def with_quarantined(self, entries: tuple[Quarantined, ...]) -> "Ledger":
        """A ledger in which these files moved from used to quarantined."""
        moved = {entry.id for entry in entries}
        used = tuple(name for name in self.used if name not in moved)
        return Ledger(used, self.quarantined + entries)

    def to_json(self) -> dict[str, Any]:
        """Counts, and every quarantined file by name."""
        return {
            "found": self.found,
            "used": len(self.used),
            "quarantined": len(self.quarantined),
            "quarantine": [vars(entry) for entry in self.quarantined],
        }
