"""visus train --seeds: the same pictures, other draws, one summary."""

import json
import shutil
from pathlib import Path
from statistics import fmean, stdev

import numpy as np
import pytest

from pictures import write_stripes
from visus.bundles import Predictions

QUICK = ["--network", "dense", "--set", "training.preflight=false"]
QUICK += ["--set", "training.epochs=1", "--set", "training.batch_size=16"]


def predictions(run) -> Predictions:
    return Predictions.load(Path(run) / "predictions" / "test.npz")


def test_seeds_are_tested_on_the_same_pictures_and_summed_up(cli, tmp_path):
    folder = write_stripes(tmp_path / "stripes", 40, noise=80)
    words = ["train", folder, *QUICK, "--seeds", 2]
    told = cli.json(*words, "--seed", 5, "--out", "r")
    shares = [one["accuracy"] for one in told["seeds"]]
    assert told["test"]["accuracy"] == pytest.approx(fmean(shares))
    assert told["test"]["spread"] == pytest.approx(stdev(shares))
    runs = [Path(one["run"]) for one in told["seeds"]]
    assert [run.name for run in runs] == ["seed-01", "seed-02"]
    seeds = [json.loads((run / "summary.json").read_text())["seed"] for run in runs]
    assert seeds == [5, 6]
    first, second, joined = (predictions(run) for run in (*runs, "r"))
    assert first.ids == second.ids == joined.ids
    assert np.abs(first.scores - second.scores).max() > 1e-4
    mean = (first.scores + second.scores) / 2
    np.testing.assert_allclose(joined.scores, mean, atol=1e-6)
    right = float((mean.argmax(axis=1) == joined.targets).mean())
    assert told["joined"]["accuracy"] == pytest.approx(right)
    assert "Seeds" in Path("r/reports/evaluation.html").read_text()
    # As if it had been stopped before the second one began.
    shutil.rmtree("r/seed-02")
    Path("r/summary.json").unlink()
    again = cli("train", "--resume", "r").stdout
    assert "seed 2:" in again and "mean accuracy" in again
    np.testing.assert_array_equal(predictions("r").scores, joined.scores)


def test_seeds_and_folds_are_two_questions(cli, stripes_folder):
    words = ["train", stripes_folder, *QUICK, "--seeds", 2, "--folds", 2]
    told = cli.json(*words, "--out", "r", code=2)
    assert "--folds and --seeds" in told["received"]
    assert not Path("r").exists()
