"""Our side of `benchmarks.transfer`: frozen features, whole or in parts.

`--measure run`: `visus.train` on a folder that nothing is known of, from before Visus
is imported to the saved and evaluated bundle; then, off the clock, 200 test pictures
through the joined graph beside backbone and head one after the other.
`--measure extract`: only the features, decoded and described, at several batch sizes.
`--measure labels`: what the audit's probe finds of planted label errors by them.
"""

import argparse
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.measure import stopwatch, tell_measurement

BATCH_SIZES = (1, 4, 16, 64)
WARM_UP = 64
COMPARED = 200
SHARE = 0.05
LOOKED_AT = 0.1


def main() -> None:
    """Measure once."""
    asked = _arguments()
    measure = {"run": _run, "extract": _extract, "labels": _labels}[asked.measure]
    tell_measurement(measure(asked))


def _run(asked: argparse.Namespace) -> dict[str, Any]:
    with stopwatch() as cost:
        import visus

        run = visus.train(asked.folder, out=asked.out, seed=asked.seed, offline=True)
    test = run.predictions
    ids = test.ids[:COMPARED]
    joined = run.bundle.predict([asked.folder / name for name in ids]).scores
    two_steps = test.select(ids).scores
    same = joined.argmax(axis=1) == two_steps.argmax(axis=1)
    kept = ("recipe", "network", "counts", "training_seconds", "frozen", "notes")
    return {
        **cost,
        "accuracy": run.accuracy,
        "interval": run.summary["test"]["interval"],
        "compared": len(ids),
        "worst_difference": float(np.abs(joined - two_steps).max()),
        "same_answers": float(same.mean()),
        **{name: run.summary[name] for name in kept},
    }


def _extract(asked: argparse.Namespace) -> dict[str, Any]:
    """Images a second at the best batch size, decoding included."""
    from visus.core.progress import SilentProgress
    from visus.data import described

    dataset, ledger, backbone = _ready(asked.folder)
    train = dataset.select(lambda record: record.split in (None, "train"))
    # Others are computed again, since each piece size has a cache of its own.
    speeds = {}
    for size in BATCH_SIZES:
        described.PIECE = size
        describer = _uncached(backbone.describer(), f"pieces of {size}")
        warm = train.with_records(train.records[:WARM_UP])
        described.seconds_to_describe(warm, describer)
        started = time.perf_counter()
        found = described.describe_pictures(train, ledger, describer, SilentProgress())
        speeds[str(size)] = found.computed / (time.perf_counter() - started)
    return {"images_per_second": max(speeds.values()), "by_batch_size": speeds}


def _labels(asked: argparse.Namespace) -> dict[str, Any]:
    """The share of 5 % flipped labels in the first 10 % of the probe's ranking."""
    from visus.auditing.confident_learning import label_margins
    from visus.auditing.probe import probe_labels
    from visus.core.progress import SilentProgress
    from visus.data.described import describe_pictures

    dataset, ledger, backbone = _ready(asked.folder)
    found = describe_pictures(dataset, ledger, backbone.describer(), SilentProgress())
    targets = found.dataset.class_indices()
    generator = np.random.default_rng(1)
    count = len(targets)
    chosen = generator.choice(count, round(SHARE * count), replace=False)
    flipped = targets.copy()
    flipped[chosen] = 1 - flipped[chosen]
    probed = probe_labels(lambda: found.features, flipped, np.arange(count), seed=0)
    assert probed is not None
    order = np.argsort(label_margins(probed.probabilities, probed.labels))
    first = probed.rows[order[: round(LOOKED_AT * count)]]
    return {
        "pictures": count,
        "planted": len(chosen),
        "found": float(np.isin(chosen, first).mean()),
        "agreement": probed.right / count,
    }


def _ready(folder: Path) -> tuple[Any, Any, Any]:
    from visus.core.progress import SilentProgress
    from visus.pipeline.features import ready_backbone
    from visus.pipeline.plan import make_plan

    plan = make_plan(str(folder), {"offline": True}, SilentProgress())
    backbone = ready_backbone(plan, SilentProgress())
    return plan.dataset, plan.ledger, backbone


def _uncached(describer: Any, name: str) -> Any:
    from dataclasses import replace

    from visus.data.feature_cache import FeatureCache

    cache = FeatureCache.of(name, describer.spec, describer.cache.width)
    return replace(describer, cache=cache)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument(
        "--measure", choices=["run", "extract", "labels"], required=True
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path)
    return parser.parse_args()


if __name__ == "__main__":
    main()
