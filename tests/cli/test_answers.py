"""A label, unsure, or unknown: the same on the command line, in Python and in a CSV."""

import csv
import json
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

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


def test_validation_is_told_in_calibrated_scores_as_the_test_is(calibrated):
    from visus.bundles import Predictions, load_bundle

    run = calibrated / "run"
    told = json.loads((run / "summary.json").read_text())["validation"]
    answers = Predictions.load(run / "predictions" / "validation.npz")
    task = load_bundle(run / "model.visus").task
    figures = task.metrics(answers.scores, answers.targets)
    assert told == pytest.approx(figures) and {"accuracy", "loss"} <= told.keys()


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


@pytest.fixture
def aged(calibrated, tmp_path):
    """The pictures in a table that knows an age."""
    rows = ["file_name,label,age,camera"]
    for number, path in enumerate(sorted((calibrated / "stripes").rglob("*.png"))):
        age = "old" if number % 3 == 0 else "young"
        rows.append(f"{path},{path.parent.name},{age},one")
    table = tmp_path / "aged.csv"
    table.write_text("\n".join(rows) + "\n")
    return table


def test_groups_slices_costs_and_views_are_measured(cli, calibrated, aged, tmp_path):
    bundle = calibrated / "run" / "model.visus"
    (tmp_path / "costs.csv").write_text("is,across,upright\nacross,0,5\nupright,1,0\n")
    words = ["evaluate", bundle, aged, "--group", "age", "--out", "report/"]
    told = cli.json(*words, "--costs", "costs.csv", "--views", "shifts")
    assert told["report"] == "report/evaluation.html"
    assert (tmp_path / "report" / "evaluation.json").is_file()
    tables = told["tables"]
    assert {row["age"] for row in tables["By age"]} == {"old", "young"}
    assert {row["by"] for row in tables["Weakest slices"]} >= {"brightness"}
    assert "camera" not in {row["by"] for row in tables["Weakest slices"]}
    assert {"cost", "views_gain", "accuracy_gap"} <= set(told)
    assert "Areas under threshold curves" in tables
    page = (tmp_path / "report" / "evaluation.html").read_text()
    assert "ROC curves" in page and "Precision-recall curves" in page
    text = cli(*words, "--force").stdout
    assert max(map(len, text.splitlines())) <= 80


def test_groups_that_cannot_be_compared_are_refused(cli, calibrated, aged):
    words = ["evaluate", calibrated / "run" / "model.visus", aged, "--out", "r/"]
    told = cli.json(*words, "--group", "camera", code=3)
    assert "only 'one'" in told["received"]
    told = cli.json(*words, "--group", "agee", code=3)
    assert "'age'" in told["remedy"]
    told = cli.json(*words[:2], calibrated / "stripes", "--group", "age", code=3)
    assert "stripes has no columns" in told["received"]
    assert "file_name and age" in told["expected"]
    assert "metadata.csv" in told["remedy"]


def test_what_cannot_be_asked_is_refused_before_a_picture_is_opened(
    cli, calibrated, aged, monkeypatch
):
    from visus.pipeline import evaluate, shifted

    def opened(*_, **__):
        raise AssertionError("a picture was opened")

    monkeypatch.setattr(evaluate, "scan_pictures", opened)
    monkeypatch.setattr(shifted, "scan_pictures", opened)
    words = ["evaluate", calibrated / "run" / "model.visus", aged, "--out", "r/"]
    Path("costs.csv").write_text("is,cat\ncat,0\n")
    Path("empty").mkdir()
    for asked, code, mentions in (
        (["--group", "agee"], 3, "agee"),
        (["--group", "camera"], 3, "only 'one'"),
        (["--views", "flipp"], 2, "flipp"),
        (["--costs", "none.csv"], 2, "none.csv"),
        (["--costs", "costs.csv"], 2, "'cat'"),
        (["--attack", "pdg"], 2, "pdg"),
        (["--shifted", "nowhere"], 3, "nowhere"),
        (["--shifted", "empty"], 3, "no files"),
    ):
        told = cli.json(*words, *asked, code=code)
        assert mentions in told["received"]
    assert not Path("r").exists()


def test_the_column_called_group_has_groups(cli, calibrated, aged):
    text = aged.read_text().replace(",age,", ",group,", 1)
    aged.write_text(text)
    words = ["evaluate", calibrated / "run" / "model.visus", aged, "--out", "r/"]
    told = cli.json(*words, "--group", "group")
    assert {row["group"] for row in told["tables"]["By group"]} == {"old", "young"}


def test_views_change_scores_alike_everywhere(cli, calibrated):
    from visus import load_bundle

    bundle = calibrated / "run" / "model.visus"
    picture = str(next((calibrated / "stripes" / "across").iterdir()))
    plain = cli.json("predict", bundle, picture)["predictions"][0]
    viewed = cli.json("predict", bundle, picture, "--views", "flip")["predictions"][0]
    assert plain["scores"] != viewed["scores"]
    (mine,) = load_bundle(bundle).looking("flip").predict([picture]).to_json()
    assert mine["scores"] == pytest.approx(viewed["scores"])


def test_corruptions_are_measured_and_drawn(cli, calibrated, tmp_path):
    words = ["evaluate", calibrated / "run" / "model.visus", calibrated / "stripes"]
    told = cli.json(*words, "--corruptions", "--pictures", 6, "--out", "page.html")
    assert {"corrupted_accuracy", "shift_drop"} <= set(told)
    assert len(told["tables"]["Accuracy under corruptions"]) == 20
    assert len(told["tables"]["Answers by severity"]) == 6
    page = (tmp_path / "page.html").read_text()
    assert "Accuracy against shift" in page and "One picture at severity 3" in page


def test_things_are_laid_on_other_grounds(cli, calibrated, tmp_path):
    shutil.copytree(calibrated / "stripes", tmp_path / "stripes")
    pictures, marks = [], []
    for number, path in enumerate(sorted((tmp_path / "stripes").rglob("*.png"))):
        pictures.append(
            {
                "id": number,
                "file_name": str(path.relative_to(tmp_path)),
                "width": 16,
                "height": 16,
            }
        )
        category = 1 + (path.parent.name == "upright")
        marks.append(
            {
                "id": number,
                "image_id": number,
                "category_id": category,
                "bbox": [4, 4, 8, 8],
            }
        )
    names = [{"id": 1, "name": "across"}, {"id": 2, "name": "upright"}]
    told = {"images": pictures, "annotations": marks, "categories": names}
    (tmp_path / "marked.json").write_text(json.dumps(told))
    words = ["evaluate", calibrated / "run" / "model.visus"]
    found = cli.json(*words, "marked.json", "--backgrounds", "--out", "page.html")
    assert -1 <= found["background_drop"] <= 1
    rows = found["tables"]["Accuracy by background"]
    assert [row["pictures"] for row in rows][0] == "as they are" and len(rows) == 4
    # Without marks the rest is told, and why this is not.
    source = calibrated / "stripes"
    text = cli(*words, source, "--backgrounds", "--out", "other.html").stdout
    assert "Backgrounds were not measured" in " ".join(text.split())


def test_attacks_are_sought_and_told(cli, calibrated, tmp_path):
    words = ["evaluate", calibrated / "run" / "model.visus", calibrated / "stripes"]
    chosen = ["--attack", "pgd", "--attack", "fgsm", "--attack-pictures", 20]
    told = cli.json(*words, *chosen, "--attack-steps", 5, "--out", "page.html")
    rows = {row["attack"]: row for row in told["tables"]["Accuracy under attack"]}
    assert list(rows) == ["none", "noise", "fgsm", "pgd"]
    assert rows["pgd"]["steps"] == "5" and rows["fgsm"]["step"] == "76"
    assert told["pgd_accuracy"] <= told["fgsm_accuracy"] < told["accuracy"]
    page = (tmp_path / "page.html").read_text()
    assert "Accuracy under PGD" in page and "upper bounds of the robustness" in page
    one = [*words, "--attack", "fgsm", "--attack-budget", 1, "--attack-pictures", 20]
    text = cli(*one, "--out", "other.html").stdout
    assert "FGSM within 1/255" in " ".join(text.split())
    assert max(map(len, text.splitlines())) <= 80


def test_attacks_that_cannot_be_made_are_refused(cli, calibrated, tmp_path):
    from dataclasses import replace

    from visus.bundles.format import read_contents, write_contents

    bundle = calibrated / "run" / "model.visus"
    told = cli.json("evaluate", bundle, "stripes", "--attack", "pdg", code=2)
    assert "'pdg'" in told["received"] and "pgd" in told["remedy"]
    graph_only = tmp_path / "graph.visus"
    write_contents(graph_only, replace(read_contents(bundle), network=None))
    told = cli.json("evaluate", graph_only, "stripes", "--attack", "pgd", code=4)
    assert "attacks follow gradients" in told["expected"]
