"""Every verb, as a person and as a script see it."""

import csv
import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

QUICK = ["--set", "training.preflight=false", "--set", "training.batch_size=16"]


def test_training_gives_one_json_object_and_a_whole_run(cli, stripes_folder):
    words = ["train", stripes_folder, "--network", "dense", "--out", "r", *QUICK]
    told = cli.json(*words, "--set", "training.epochs=8", "--seed", 1)
    assert told["test"]["accuracy"] > 0.8
    assert told["counts"] == {"train": 46, "validation": 2, "test": 12}
    assert (told["network"], told["seed"], told["epochs"]) == ("dense", 1, 8)
    for name in (
        "config.toml",
        "environment.json",
        "data.json",
        "log.jsonl",
        "summary.json",
        "model.visus",
        "reports/evaluation.html",
        "predictions/test.npz",
    ):
        assert (Path("r") / name).is_file(), name
    again = cli.json("train", "--resume", "r")
    assert again == told
    cli(*words, code=2)


def test_the_same_story_in_python(cli, stripes_folder):
    import visus

    words = ["train", stripes_folder, "--network", "dense", "--out", "r", *QUICK]
    told = cli.json(*words, "--set", "training.epochs=2", "--seed", 1)
    settings = {"training": {"epochs": 2, "batch_size": 16, "preflight": False}}
    run = visus.train(stripes_folder, "dense", seed=1, out="p", settings=settings)
    assert run.accuracy == told["test"]["accuracy"]
    picture = next((stripes_folder / "across").iterdir())
    mine = run.bundle.predict([picture]).to_json()
    assert cli.json("predict", "r/model.visus", picture)["predictions"] == mine
    assert "accuracy" in run._repr_html_()
    assert "Confusion" in run.report._repr_html_()


def test_a_dry_run_writes_nothing_and_names_minutes(cli, stripes_folder, tmp_path):
    before = sorted(tmp_path.rglob("*"))
    told = cli.json("train", stripes_folder, "--dry-run", "--network", "dense")
    assert told["minutes"] > 0
    # Of 60, a fifth for the test and 5 % of the rest for validation.
    assert told["training_pictures"] == 46
    assert sorted(tmp_path.rglob("*")) == before


def test_answers_come_in_the_order_of_asking(cli, trained):
    folder = trained / "stripes"
    questions = [folder / "upright" / "08.png", folder / "across" / "01.png"]
    told = cli.json("predict", trained / "run" / "model.visus", *questions)
    assert [row["id"] for row in told["predictions"]] == list(map(str, questions))
    assert [row["answer"] for row in told["predictions"]] == ["upright", "across"]
    told = cli.json("predict", trained / "run" / "model.visus", folder / "*" / "0?.png")
    names = [Path(row["id"]).name for row in told["predictions"]]
    assert names == ["01.png", "03.png", "05.png", "07.png", "09.png"] + [
        "00.png",
        "02.png",
        "04.png",
        "06.png",
        "08.png",
    ]
    told = cli.json("predict", trained / "run" / "model.visus", folder)
    assert len(told["predictions"]) == 60


def test_a_torn_answer_file_is_finished_as_if_never_torn(cli, trained, tmp_path):
    words = ["predict", trained / "run" / "model.visus", trained / "stripes", "--out"]
    told = cli.json(*words, "whole.csv")
    assert told == {"out": "whole.csv", "answers": 60, "answered_before": 0}
    whole = (tmp_path / "whole.csv").read_text()
    (tmp_path / "torn.csv").write_text(whole[: len(whole) // 2])
    told = cli.json(*words, "torn.csv")
    assert 20 < told["answered_before"] < 40
    assert (tmp_path / "torn.csv").read_text() == whole
    rows = list(csv.DictReader(whole.splitlines()))
    assert {row["answer"] for row in rows} == {"upright", "across"}
    (tmp_path / "mine.csv").write_text("my own notes\n")
    cli(*words, "mine.csv", code=2)
    assert (tmp_path / "mine.csv").read_text() == "my own notes\n"


def test_unreadable_pictures_are_named_and_the_others_answered(cli, trained, tmp_path):
    (tmp_path / "note.png").write_text("text")
    good = trained / "stripes" / "across" / "01.png"
    told = cli.json("predict", trained / "run" / "model.visus", "note.png", good)
    assert [entry["id"] for entry in told["unreadable"]] == ["note.png"]
    assert len(told["predictions"]) == 1


def test_prediction_imports_neither_keras_nor_tensorflow(trained):
    script = (
        "import sys; from visus.cli.app import app\n"
        "try: app(sys.argv[1:])\n"
        "except SystemExit: pass\n"
        "print([m for m in ('keras', 'tensorflow', 'onnx') if m in sys.modules])\n"
    )
    picture = trained / "stripes" / "across" / "01.png"
    words = ["predict", str(trained / "run" / "model.visus"), str(picture)]
    done = subprocess.run(
        [sys.executable, "-c", script, *words],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines()[-1] == "[]"
    assert "across" in done.stdout


def test_import_and_help_load_nothing_heavy():
    script = (
        "import sys, visus\n"
        "assert 'numpy' not in sys.modules\n"
        "from visus.cli.app import app\n"
        "try: app(['--help'])\n"
        "except SystemExit: pass\n"
        "heavy = ('numpy', 'pydantic', 'keras', 'onnxruntime', 'PIL', 'rich.table')\n"
        "print([m for m in heavy if m in sys.modules])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "[]"


def test_a_bundle_of_one_label_is_as_it_always_was(trained):
    with zipfile.ZipFile(trained / "run" / "model.visus") as archive:
        assert "task.json" not in archive.namelist()
        assert json.loads(archive.read("manifest.json"))["format_version"] == 1


def test_evaluation_leaves_out_what_was_learned(cli, trained):
    bundle = trained / "run" / "model.visus"
    told = cli.json("evaluate", bundle, trained / "stripes", "--out", "page.html")
    assert told["left_out"] == 48
    assert told["pictures"] == 12
    summary = json.loads((trained / "run" / "summary.json").read_text())
    assert told["accuracy"] == summary["test"]["accuracy"]
    cli("evaluate", bundle, trained / "stripes", "--out", "page.html", code=2)


def test_comparison_of_two_runs(cli, trained, tmp_path):
    words = ["train", trained / "stripes", "--out", "b", "--network", "dense", *QUICK]
    cli(*words, "--set", "training.epochs=1", "--set", "training.learning_rate=1e-6")
    told = cli.json("compare", trained / "run", "b")
    assert told["facts"][0]["value"] == 12
    assert len(told["tables"][0]["rows"]) == 2
    text = cli("compare", trained / "run", "b").stdout
    assert max(map(len, text.splitlines())) <= 80
    cli("compare", trained / "run", code=2)
    cli("compare", trained / "run", trained / "run", code=2)


def test_listings(cli, trained, monkeypatch):
    networks = cli.json("models")["networks"]
    assert {entry["name"] for entry in networks} >= {"dense", "convnet", "resnet"}
    runs = cli.json("runs", trained)["runs"]
    assert [entry["state"] for entry in runs] == ["finished"]
    data = cli.json("data", trained / "stripes")
    assert (data["found"], data["used"], data["quarantined"]) == (60, 60, 0)
    assert cli.json("cache")["bytes"]["pixels"] > 0
    assert cli.json("cache", "--clear", "pixels")["cleared_bytes"]["pixels"] > 0
    assert cli.json("doctor")["healthy"] is True
    monkeypatch.setattr("visus.pipeline.doctor.chosen_backend", lambda: "torch")
    assert "Mend" in cli.json("doctor", code=5)["problems"][0]


def test_layers_and_the_teachers_words(cli):
    words = ["models", "convnet-no-pooling", "--input", "28x28x1", "--classes", 10]
    told = cli.json(*words)
    assert told["parameters"] == 712_202
    assert "87%" in told["warnings"][0]
    assert "7x7" in told["warnings"][1]
    text = cli(*words).stdout
    assert max(map(len, text.splitlines())) <= 80


@pytest.mark.parametrize("verb", ["train", "predict", "evaluate", "models", "data"])
def test_help_fits_eighty_columns(cli, verb):
    text = cli(verb, "--help").stdout
    assert max(map(len, text.splitlines())) <= 80
