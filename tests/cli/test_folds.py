"""visus train --folds: one run a fold, resumable, with one summary."""

import json
import shutil
import subprocess
import sys
import time
from pathlib import Path
from statistics import fmean, stdev

import numpy as np
import pytest
from PIL import Image

from pictures import striped, write_stripes
from visus.core.run import Run
from visus.tasks.intervals import wilson_interval

QUICK = ["--network", "dense", "--set", "training.preflight=false"]
QUICK += ["--set", "training.batch_size=16"]


def predictions(run: str) -> tuple[list[str], np.ndarray]:
    from visus.bundles import Predictions

    found = Predictions.load(Path(run) / "predictions" / "test.npz")
    return list(found.ids), found.scores


def test_every_picture_is_tested_once_and_the_figures_are_those_of_the_folds(
    cli, stripes_folder
):
    copy = (stripes_folder / "across" / "01.png").read_bytes()
    (stripes_folder / "across" / "copy.png").write_bytes(copy)
    words = ["train", stripes_folder, *QUICK, "--set", "training.epochs=4"]
    told = cli.json(*words, "--folds", 3, "--out", "r")
    shares = [fold["accuracy"] for fold in told["folds"]]
    assert told["test"]["accuracy"] == pytest.approx(fmean(shares))
    assert told["test"]["spread"] == pytest.approx(stdev(shares))
    tested: list[str] = []
    for number, fold in enumerate(told["folds"], 1):
        assert fold["run"] == f"r/fold-{number:02d}"
        ids, _ = predictions(fold["run"])
        summary = json.loads(Path(fold["run"], "summary.json").read_text())
        assert fold["interval"] == summary["test"]["interval"]
        # Twins are on one side.
        assert ("across/01.png" in ids) == ("across/copy.png" in ids)
        tested += ids
    assert len(tested) == 61
    assert sorted(tested) == sorted(predictions("r")[0])
    right = sum(fold["accuracy"] * fold["pictures"] for fold in told["folds"])
    interval = wilson_interval(round(right), 61)
    assert told["out_of_fold"]["interval"] == [interval.low, interval.high]
    report = json.loads(Path("r/reports/evaluation.json").read_text())
    facts = {fact["name"]: fact["value"] for fact in report["facts"]}
    assert facts["mean_accuracy"] == told["test"]["accuracy"]
    assert len(report["tables"][0]["rows"]) == 3
    assert "Folds" in Path("r/reports/evaluation.html").read_text()
    assert cli.json("runs", ".")["runs"][0]["accuracy"] == told["test"]["accuracy"]
    text = cli("train", "--resume", "r").stdout
    assert "mean accuracy" in text and "fold 3:" in text
    cli(*words, "--folds", 3, "--out", "r", code=2)


def test_a_given_test_takes_no_part(cli, tmp_path):
    folder = write_stripes(tmp_path / "photos" / "train", 30)
    for row in range(100, 110):
        place = tmp_path / "photos" / "test" / ("upright", "across")[row % 2]
        place.mkdir(parents=True, exist_ok=True)
        Image.fromarray(striped(row % 2 == 0, row)).save(place / f"{row}.png")
    words = ["train", folder.parent, *QUICK, "--set", "training.epochs=1"]
    told = cli.json(*words, "--folds", 2, "--out", "r")
    ids = predictions("r")[0]
    assert len(ids) == 30
    assert all(name.startswith("train/") for name in ids)
    assert "10 pictures" in told["notes"][0]
    data = json.loads(Path("r/fold-01/data.json").read_text())
    assert sum(data["counts"]["unsplit"].values()) == 10


def test_a_resumed_training_of_folds_ends_with_the_same_bits(cli, stripes_folder):
    words = ["train", stripes_folder, *QUICK, "--set", "training.epochs=3"]
    cli(*words, "--folds", 2, "--out", "whole")
    shutil.copytree("whole", "stopped")
    # As if it had been stopped before the second fold began, and then while it ran.
    Path("stopped/summary.json").unlink()
    shutil.rmtree("stopped/fold-02")
    log = Path("stopped/fold-01/log.jsonl").read_bytes()
    told = cli.json("train", "--resume", "stopped")
    assert len(told["folds"]) == 2
    assert Path("stopped/fold-01/log.jsonl").read_bytes() == log
    for one, other in zip(predictions("whole"), predictions("stopped"), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.slow
def test_a_kill_in_a_fold_is_resumed(stripes_folder, tmp_path):
    words = [sys.executable, "-m", "visus.cli.app", "train"]
    begin = [*words, str(stripes_folder), *QUICK, "--folds", "2", "--out"]
    begin += [str(tmp_path / "r"), "--set", "training.checkpoint_seconds=0"]
    begin += ["--set", "training.epochs=30", "--seed", "3"]
    process = subprocess.Popen(begin, stderr=subprocess.DEVNULL)
    waited = time.monotonic()
    while not list(tmp_path.glob("r/fold-*/checkpoints/step-*")):
        assert process.poll() is None and time.monotonic() - waited < 120
    process.kill()
    process.wait()
    assert not Run(tmp_path / "r").summary_path.is_file()
    done = subprocess.run(
        [*words, "--resume", str(tmp_path / "r"), "--json"],
        capture_output=True,
        check=True,
    )
    assert len(json.loads(done.stdout)["folds"]) == 2


@pytest.mark.parametrize(
    "words",
    [
        ["--folds", "1"],
        ["--folds", "3", "--split", "0.6/0.2/0.2"],
        ["--folds", "3", "--set", "data.test_share=0.3"],
        ["--set", "data.fold=[4,3]"],
    ],
)
def test_what_folds_cannot_use_is_refused(cli, stripes_folder, words):
    told = cli.json("train", stripes_folder, *QUICK, *words, "--out", "r", code=2)
    assert told["remedy"]
    assert not Path("r/fold-01").exists()


def test_a_dry_run_of_folds_plans_them_all(cli, stripes_folder):
    words = ["train", stripes_folder, *QUICK, "--dry-run"]
    told = cli.json(*words, "--folds", 4)
    # Of 60, a quarter is tested and 5 % of the rest held for choices.
    assert told["training_pictures"] == 43
    assert cli.json(*words, "--set", "folds=many", code=2)["remedy"]


def test_the_same_story_in_python(cli, stripes):
    pictures, labels = stripes
    import visus

    settings = {"training.epochs": 1, "training.preflight": False}
    run = visus.train(
        (pictures[:40], labels[:40]), "dense", folds=2, out="p", settings=settings
    )
    assert len(run.summary["folds"]) == 2
    assert len(run.predictions.ids) == 40
    assert "mean accuracy" in run._repr_html_() and "2 folds" in run._repr_html_()
    assert "Folds" in run.report._repr_html_()
