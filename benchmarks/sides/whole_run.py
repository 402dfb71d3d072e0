"""One whole run of Visus, from a folder of pictures to its evaluated bundle.

Told beside the costs: how many test pictures were answered right, and the 95 %
interval, as the run's own report has them. The clock is around `visus.train`.
"""

import argparse
import json
from pathlib import Path

import visus
from benchmarks.measure import stopwatch, tell_measurement


def main() -> None:
    """Measure once."""
    asked = _arguments()
    settings = json.loads(asked.settings)
    with stopwatch() as cost:
        run = visus.train(
            str(asked.source),
            asked.network,
            recipe=asked.recipe,
            out=asked.out,
            seed=asked.seed,
            settings=settings,
            offline=True,
        )
    kept = ("network", "recipe", "epochs", "kept_epoch", "parameters", "batch_size")
    summary = run.summary
    tell_measurement(
        {
            **cost,
            "training_seconds": summary["training_seconds"],
            "accuracy": summary["test"]["accuracy"],
            "interval": summary["test"]["interval"],
            "pictures": summary["counts"],
            "quarantined": summary["quarantined"],
            **{name: summary[name] for name in kept},
        }
    )


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--source", type=Path, required=True)
    parser.add_argument("--network")
    parser.add_argument("--recipe")
    parser.add_argument("--settings", default="{}", help="dotted names, as JSON")
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--out", type=Path, required=True)
    return parser.parse_args()


if __name__ == "__main__":
    main()
