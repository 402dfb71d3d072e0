"""A label, unsure, or unknown: the same on the command line, in Python and in a CSV."""

import csv
import json
import subprocess
import sys
import zipfile

import pytest


def test_every_answer_is_a_label_or_unsure_or_unknown(cli, calibrated, tmp_path):
    from visus import load_bundle

    bundle, folder = calibrated / "run" / "model.visus", calibrated / "stripes"
    told = cli.json("predict", bundle, folder)
    assert told["calibrated"] is True
    assert told["operating_point"]["coverage"] == 0.95
    rows = told["predictions"]
    for row in rows:
        expected = row["best"] if row["kind"] == "label" else row["kind"]
        assert row["answer"] == expected and row["best"] in row["set"]
        assert sum(row["scores"].values()) == pytest.approx(1, abs=1e-5)
        if row["kind"] == "unsure":
            assert len(row["set"]) > 1
    kinds = {row["kind"] for row in rows}
    assert kinds >= {"label", "unsure"}
    some = [row["id"] for row in rows[:9]]
    mine = load_bundle(bundle).predict(some).to_json()
    for ours, theirs in zip(mine, rows, strict=False):
        assert ours["scores"] == pytest.approx(theirs["scores"], abs=1e-5)
        assert (ours["answer"], ours["set"]) == (theirs["answer"], theirs["set"])
    cli("predict", bundle, folder, "--out", "all.csv")
    table = list(csv.DictReader((tmp_path / "all.csv").read_text().splitlines()))
    assert [row["answer"] for row in table] == [row["answer"] for row in rows]
    assert [json.loads(row["set"]) for row in table] == [row["set"] for row in rows]


def test_the_dial_turns(cli, calibrated):
    bundle, folder = calibrated / "run" / "model.visus", calibrated / "stripes"
    shares = []
    for coverage in (0.8, 0.95, 0.98):
        told = cli.json("predict", bundle, folder, "--coverage", coverage)
        assert told["operating_point"]["coverage"] == coverage
        shares.append(sum(row["kind"] == "label" for row in told["predictions"]))
    assert shares[0] >= shares[1] >= shares[2] and shares[0] > shares[2]
    told = cli.json("predict", bundle, folder, "--coverage", 0.123, code=2)
    assert "one of 0.8" in told["expected"]


def test_the_table_says_unsure_in_eighty_columns(cli, calibrated, monkeypatch):
    monkeypatch.chdir(calibrated)
    text = cli("predict", "run/model.visus", "stripes/across").stdout
    assert "unsure: " in text
    assert max(map(len, text.splitlines())) <= 80


def test_evaluation_says_the_same_as_the_training_did(cli, calibrated):
    bundle = calibrated / "run" / "model.visus"
    told = cli.json("evaluate", bundle, calibrated / "stripes", "--out", "page.html")
    summary = json.loads((calibrated / "run" / "summary.json").read_text())["test"]
    for name in ("accuracy", "answered", "set_coverage", "calibration_error"):
        assert told[name] == pytest.approx(summary[name], abs=1e-6)
    rows = told["tables"]["Calibration"]
    assert {"before", "after"} < set(rows[0])


def test_a_calibrated_bundle_asks_for_a_visus_that_knows_it(calibrated):
    with zipfile.ZipFile(calibrated / "run" / "model.visus") as archive:
        manifest = json.loads(archive.read("manifest.json"))
        assert manifest["format_version"] == 3
        told = json.loads(archive.read("calibration.json"))
    assert told["pictures"] == 120 and told["missing"] == {}


def test_a_bundle_without_calibration_says_why(cli, trained):
    picture = trained / "stripes" / "across" / "01.png"
    told = cli.json("predict", trained / "run" / "model.visus", picture)
    assert told["calibrated"] is False
    assert "only 2 pictures" in told["why"]
    assert set(told["predictions"][0]) == {"id", "answer", "confidence", "scores"}
    words = ["predict", trained / "run" / "model.visus", picture]
    assert "not calibrated" in cli.json(*words, "--coverage", 0.9, code=2)["expected"]


def test_a_bundle_whose_calibration_was_altered_is_refused(calibrated, tmp_path):
    from dataclasses import replace

    from visus.bundles import load_bundle
    from visus.bundles.format import read_contents, write_contents
    from visus.core.errors import ModelError

    contents = read_contents(calibrated / "run" / "model.visus")
    for changes in (
        {"temperatures": [1.0, 2.0, 3.0]},
        {"temperatures": "warm"},
        {"activation": "relu"},
        {"sets": {"coverage": 0.5}},
        {"foreign": {"method": "guess", "rejected": 0.1, "compared": {}}},
    ):
        told = {**contents.calibration, **changes}
        path = tmp_path / "altered.visus"
        write_contents(path, replace(contents, calibration=told))
        with pytest.raises(ModelError, match="calibration .* cannot be used"):
            load_bundle(path)


def test_judging_imports_no_onnx_and_no_keras(calibrated):
    script = (
        "import sys; from visus.cli.app import app\n"
        "try: app(sys.argv[1:])\n"
        "except SystemExit: pass\n"
        "print([m for m in ('keras', 'tensorflow', 'onnx') if m in sys.modules])\n"
    )
    picture = next((calibrated / "stripes" / "across").iterdir())
    words = ["predict", str(calibrated / "run" / "model.visus"), str(picture)]
    done = subprocess.run(
        [sys.executable, "-c", script, *words],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines()[-1] == "[]"
