"""What the audit knows to be so wrong with the data that training on it misleads."""

from visus.auditing.evidence import Account
from visus.auditing.run import blocking_checks
from visus.core.errors import DataError
from visus.pipeline.plan import Plan
from visus.pipeline.prepare import LEAK_CHECK, PreparedData


def refuse_blocked(plan: Plan, data: PreparedData) -> None:
    """Ask the blocking checks; they cost nothing, since all they need is there.

    Raises:
        DataError: one of them blocks and is not allowed by name.
    """
    account = Account(
        dataset=data.dataset,
        ledger=data.ledger,
        twins=data.twins,
        published=plan.published,
    )
    # Leaks were refused when the splits were made, with the pairs and groups by name;
    # the splits that our own records bear now are no longer the source's.
    allow = {*plan.config.data.allow, LEAK_CHECK}
    blocked = blocking_checks(account, allow=allow)
    if not blocked:
        return
    found = [finding.message for check in blocked for finding in check.findings]
    names = ", ".join(f'"{check.name}"' for check in blocked)
    raise DataError(
        received=f"{data.dataset.name} is not fit to train on. {' '.join(found)}",
        expected="data on which the audit finds nothing that blocks.",
        remedy="See `visus audit`, and mend it with --fix; or train all the same with "
        f"--set 'data.allow=[{names}]'.",
    )
