"""The runner: asks every check, flags what scores too low, and words what was found."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from visus.auditing import CHECKS
from visus.auditing.base import FLAGGED_BELOW, BlockingCheck, Check, Opinion
from visus.auditing.evidence import Account, Evidence
from visus.core.errors import MachineError
from visus.core.registry import Part
from visus.core.report import Finding
from visus.core.settings import read_settings


@dataclass(frozen=True)
class Checked:
    """What came of one check.

    Args:
        name: of the check.
        summary: what it looks for.
        opinion: what it thinks; `None` when it could not be asked.
        rows: of the flagged pictures `(num_flagged,)`, the worst first.
        findings: what a person should know, in sentences.
        blocks: whether training on this data should stop.
    """

    name: str
    summary: str
    opinion: Opinion | None
    rows: NDArray[np.intp]
    findings: tuple[Finding, ...]
    blocks: bool = False

    @property
    def title(self) -> str:
        """What a person calls it."""
        return title_of(self.name)

    @property
    def verdict(self) -> str:
        """One word for a table."""
        if self.opinion is None:
            return "not run"
        return "blocks" if self.blocks else "look" if self.findings else "fine"


def title_of(name: str) -> str:
    """What a person calls a check.

    Example:
        >>> title_of("label-errors")
        'Label errors'
    """
    return name.replace("-", " ").capitalize()


def run_checks(
    evidence: Evidence,
    settings: Mapping[str, Any] | None = None,
    *,
    names: Collection[str] | None = None,
    allow: Collection[str] = (),
) -> tuple[Checked, ...]:
    """Ask the checks, in the order of their registration.

    Args:
        evidence: what there is to see.
        settings: by name of check, the settings that differ from its defaults.
        names: the checks to ask; `None` for all.
        allow: names of checks that may not block.

    Raises:
        ConfigError: a check or a setting has no such name, or a value does not fit.
    """
    asked = dict(settings or {})
    for name in (*asked, *allow, *(names or ())):
        CHECKS.part(name)
    parts = [part for part in CHECKS if names is None or part.name in names]
    # All settings are read before the first check is asked: some take minutes.
    checks = [_make(part, asked.get(part.name, {})) for part in parts]
    return tuple(
        _ask(part, check, evidence, part.name in allow)
        for part, check in zip(parts, checks, strict=True)
    )


def _make(part: Part, values: Any) -> Check[Any]:
    kind: type[Check[Any]] = part.load()
    values = values if isinstance(values, Mapping) else {"": values}
    return kind(read_settings(kind.settings_class, values, part.name))


def blocking_checks(
    account: Account, *, allow: Collection[str] = ()
) -> tuple[Checked, ...]:
    """Those checks that would stop a training, asked with their default settings.

    Args:
        account: what is known before a training begins.
        allow: names of checks that may not block.

    Raises:
        ConfigError: an allowed check has no such name.
    """
    for name in allow:
        CHECKS.part(name)
    checked = []
    for part in CHECKS:
        asked = part.facts.get("blocks") and _concerns(part, account)
        if asked and part.name not in allow:
            kind: type[BlockingCheck[Any]] = part.load()
            opinion = kind(kind.settings_class()).judge(account)
            checked.append(_worded(part, opinion, account, allowed=False))
    return tuple(check for check in checked if check.blocks)


def _ask(part: Part, check: Check[Any], evidence: Evidence, allowed: bool) -> Checked:
    if not _concerns(part, evidence):
        sentence = (
            f"{title_of(part.name)}: skipped. It asks about classes, and the targets "
            f"are {evidence.task}."
        )
        finding = Finding(severity="info", message=sentence)
        return Checked(part.name, part.summary, None, _NO_ROWS, (finding,))
    try:
        opinion = check.judge(evidence)
    except MachineError as error:
        # A package that is missing costs the checks that need it, not the audit.
        sentence = f"{title_of(part.name)}: not run. {error.received} {error.remedy}"
        finding = Finding(severity="info", message=sentence)
        return Checked(part.name, part.summary, None, _NO_ROWS, (finding,))
    return _worded(part, opinion, evidence, allowed=allowed)


def _concerns(part: Part, account: Account) -> bool:
    return account.task in part.facts.get("tasks", (account.task,))


def _worded(
    part: Part, opinion: Opinion, account: Account, *, allowed: bool
) -> Checked:
    rows = _flagged(opinion)
    blocks = opinion.blocking and not allowed
    findings = _findings(part.name, opinion, rows, account, blocks)
    return Checked(part.name, part.summary, opinion, rows, findings, blocks)


_NO_ROWS: NDArray[np.intp] = np.zeros(0, dtype=np.intp)


def _flagged(opinion: Opinion) -> NDArray[np.intp]:
    if opinion.scores is None:
        return _NO_ROWS
    rows = np.flatnonzero(opinion.scores < FLAGGED_BELOW)
    together = rows if opinion.together is None else opinion.together[rows]
    order = np.lexsort((rows, together, opinion.scores[rows]))
    return rows[order]


def _findings(
    name: str,
    opinion: Opinion,
    rows: NDArray[np.intp],
    account: Account,
    blocks: bool,
) -> tuple[Finding, ...]:
    severity = "error" if blocks else opinion.severity
    found = [(remark.sentence, remark.image_ids) for remark in opinion.remarks]
    if len(rows):
        ids = tuple(account.id(row) for row in rows)
        counts = f"{len(rows):,} of {len(account):,} pictures"
        found.append((f"{counts}, {opinion.clause}.", ids))
    return tuple(
        Finding(
            severity=severity,
            message=f"{title_of(name)}: {sentence}",
            image_ids=ids,
        )
        for sentence, ids in found
    )
