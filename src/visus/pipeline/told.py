"""How learning went, in the words of reports and summaries; whatever learned."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from visus.bundles.runtime import Outputs
from visus.core.report import Chart, Fact, Finding, Table
from visus.data.records import Split
from visus.training.history import History


@dataclass(frozen=True)
class Told:
    """What reports and `summary.json` say of a training.

    Args:
        rows: of the table "How it was made": what, and its value.
        figures: of `summary.json`, and of the origin in the bundle.
        training_seconds: wall time of learning itself.
        epochs: log lines, for the learning curves; none where there are no epochs.
        tables: of the report, before "How it was made".
        charts: of the report, before all others.
        findings: of the report, after those of the data.
        notes: sentences a person should read.
        outputs: for the pictures of each split, where they are known already.
        flattery: gives that fact, where a thread looks for it already.
    """

    rows: Sequence[tuple[str, str]]
    figures: Mapping[str, Any]
    training_seconds: float
    epochs: Sequence[Mapping[str, Any]] = ()
    tables: Sequence[Table] = ()
    charts: Sequence[Chart] = ()
    findings: Sequence[Finding] = ()
    notes: Sequence[str] = ()
    outputs: Mapping[Split, Outputs] = field(default_factory=dict)
    flattery: Callable[[], Fact | None] | None = None


def told_by(history: History) -> Told:
    """Of a training by epochs."""
    epochs = [entry.to_json() for entry in history.epochs]
    return Told(
        rows=(
            ("weights kept", f"epoch {history.kept_epoch} of {len(epochs)}"),
            ("training", f"{history.training_seconds:.1f} seconds"),
        ),
        figures={
            "epochs": len(epochs),
            "kept_epoch": history.kept_epoch,
            "batch_size": history.batch_size,
            "training_seconds": round(history.training_seconds, 3),
            "preparing_seconds": round(history.preparing_seconds, 3),
        },
        training_seconds=history.training_seconds,
        epochs=epochs,
        notes=history.notes,
    )
