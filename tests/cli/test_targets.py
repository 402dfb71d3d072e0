"""Numbers and several labels through the verbs that one label goes through."""

import csv
import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sklearn import metrics as oracle

from visus.core.errors import ConfigError

QUICK = [
    *("--network", "dense", "--set", "training.preflight=false"),
    *("--set", "training.batch_size=16", "--set", "training.optimizer=adam"),
    *("--set", "training.learning_rate=0.003", "--set", "training.epochs=80"),
    # A mirror would make the left the right, a gray square changes how bright all is,
    # and an average lags behind so few steps.
    *("--set", "training.augment.flip=false", "--set", "training.augment.cutout=0"),
    *("--set", "training.ema_decay=0"),
]
SIDES = ("left", "right", "top")
NUMBERS = [
    *("price.csv", "--target", "price", "--group", "site"),
    *("--split", "0.5/0.1/0.4"),
]
LABELS = ["labels.csv", "--split", "0.5/0.1/0.4"]


def write_pictures(folder: Path, count: int = 120) -> Path:
    """Gray pictures whose left, right and top are bright or not, and how bright all is.

    The table has a label and several labels a picture, a number, sites and weights.
    """
    folder.mkdir()
    generator = np.random.default_rng(5)
    rows = []
    for number in range(count):
        pixels = generator.normal(40, 8, (16, 16))
        bright = generator.random(3) < 0.5
        pixels[6:, :6] += 60 * bright[0]
        pixels[6:, 10:] += 60 * bright[1]
        pixels[:4] += 60 * bright[2]
        level = generator.uniform(0, 60)
        picture = np.clip(pixels + level, 0, 255).astype(np.uint8)
        Image.fromarray(picture).save(folder / f"{number:03}.png")
        labels = [n for n, true in zip(SIDES, bright, strict=True) if true]
        rows.append(
            {
                "file_name": f"{number:03}.png",
                "price": f"{1000 + 50 * level:.2f}",
                "labels": json.dumps(labels),
                "site": f"site {number // 3}",
                "weight": 1 + number % 2,
            }
        )
    for name in ("price", "labels"):
        with (folder.parent / f"{name}.csv").open("w", newline="") as file:
            columns = ["file_name", name, "site", "weight"]
            table = csv.DictWriter(file, columns, extrasaction="ignore")
            table.writeheader()
            table.writerows(
                row | {"file_name": f"{folder.name}/{row['file_name']}"} for row in rows
            )
    return folder


def rows_of(table: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(table.read_text().splitlines()))


@pytest.fixture(scope="module")
def place(tmp_path_factory, cli_anywhere):
    """A folder with price.csv and labels.csv beside their pictures, and with runs.

    `n` learned numbers and `m` labels; `n-idle` and `m-idle` hardly learned anything.
    """
    folder = tmp_path_factory.mktemp("targets")
    write_pictures(folder / "pictures")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VISUS_HOME", str(folder / "home"))
        for run, words in (("n", NUMBERS), ("m", LABELS)):
            words = ["train", folder / words[0], *words[1:], *QUICK, "--out"]
            told = cli_anywhere.json(*words, folder / run)
            (folder / f"{run}.json").write_text(json.dumps(told))
            idle = ("training.learning_rate=1e-7", "training.epochs=1")
            cli_anywhere.json(
                *words, folder / f"{run}-idle", "--set", idle[0], "--set", idle[1]
            )
    return folder


def test_numbers_are_learned_evaluated_and_predicted(cli, place):
    prices = {
        row["file_name"]: float(row["price"]) for row in rows_of(place / "price.csv")
    }
    told = json.loads((place / "n.json").read_text())
    assert told["task"] == "numeric"
    test = told["test"]
    assert test["r_squared"] > 0.6
    assert test["interval"][0] < test["mean_absolute_error"] < test["interval"][1]
    assert test["mean_absolute_error"] < 0.6 * told["baseline"]
    assert set(told["validation"]) <= set(told["test"])

    # The answers are in the unit of the column, and the figures are scikit-learn's.
    from visus.bundles import Predictions

    kept = Predictions.load(Path(place / "n/predictions/test.npz"))
    truth = [prices[image_id] for image_id in kept.ids]
    weights = [1 + int(Path(image_id).stem) % 2 for image_id in kept.ids]
    named = {"sample_weight": weights}
    for name, expected in (
        (
            "mean_absolute_error",
            oracle.mean_absolute_error(truth, kept.answers, **named),
        ),
        ("r_squared", oracle.r2_score(truth, kept.answers, **named)),
    ):
        assert test[name] == pytest.approx(expected, rel=1e-4)

    # Through the file alone, on pictures it has and has not learned.
    again = cli.json("evaluate", place / "n/model.visus", place / "price.csv")
    assert again["mean_absolute_error"] == pytest.approx(test["mean_absolute_error"])
    assert again["left_out"] == 120 - test["pictures"]
    picture = place / kept.ids[0]
    (row,) = cli.json("predict", place / "n/model.visus", picture)["predictions"]
    assert set(row) == {"id", "answer"}
    assert row["answer"] == pytest.approx(kept.answers[0], rel=1e-4)
    said = cli("predict", place / "n/model.visus", picture).stdout
    assert f"price {row['answer']}" in said
    cli("predict", place / "n/model.visus", place / "pictures", "--out", "answers.csv")
    rows = rows_of(Path("answers.csv"))
    assert list(rows[0]) == ["file_name", "answer", "problem", "model"]
    assert len(rows) == 120

    # An older Visus must not take a price for a probability.
    with zipfile.ZipFile(place / "n/model.visus") as archive:
        assert json.loads(archive.read("manifest.json"))["format_version"] == 2

    # Of one site nothing is on two sides, and the report says what a person asks.
    splits = json.loads(Path(place / "n/data.json").read_text())
    assert splits["pictures"]["test"] == test["pictures"]
    report = json.loads(Path(place / "n/reports/evaluation.json").read_text())
    titles = [figure["title"] for figure in report["figures"]]
    assert {"Answer against truth", "Error against truth"} < set(titles)
    assert "Largest errors" in Path(place / "n/reports/evaluation.html").read_text()
    assert cli.json("train", "--resume", place / "n") == told


def test_several_labels_are_learned_evaluated_and_predicted(cli, place):
    labels = {
        row["file_name"]: json.loads(row["labels"])
        for row in rows_of(place / "labels.csv")
    }
    told = json.loads((place / "m.json").read_text())
    assert told["task"] == "multi-label"
    assert told["test"]["mean_average_precision"] > 0.9
    assert told["test"]["micro_f1"] > 0.8
    assert told["baseline"] < 0.7

    from visus.bundles import Predictions, load_bundle

    kept = Predictions.load(Path(place / "m/predictions/test.npz"))
    weights = [1 + int(Path(image_id).stem) % 2 for image_id in kept.ids]
    truth = np.array([[n in labels[i] for n in SIDES] for i in kept.ids])
    chosen = np.array([[n in given for n in SIDES] for given in kept.answers])
    expected = oracle.f1_score(truth, chosen, average="micro", sample_weight=weights)
    assert told["test"]["micro_f1"] == pytest.approx(expected)
    # The thresholds were stored, and they decide.
    task = load_bundle(place / "m/model.visus").task
    assert len(task.thresholds) == 3 and task.thresholds != (0.5,) * 3
    assert (chosen == (kept.scores >= np.float32(task.thresholds))).all()

    again = cli.json("evaluate", place / "m/model.visus", place / "labels.csv")
    assert again["micro_f1"] == pytest.approx(told["test"]["micro_f1"])
    picture = place / kept.ids[0]
    (row,) = cli.json("predict", place / "m/model.visus", picture)["predictions"]
    assert row["answer"] == list(kept.answers[0])
    assert set(row["scores"]) == set(SIDES)
    cli("predict", place / "m/model.visus", place / "pictures", "--out", "answers.csv")
    rows = rows_of(Path("answers.csv"))
    assert list(rows[0]) == ["file_name", "answer", *SIDES, "problem", "model"]
    assert {name for row in rows for name in json.loads(row["answer"])} == {*SIDES}
    page = Path(place / "m/reports/evaluation.html").read_text()
    assert "By label" in page
    idle = Path(place / "m-idle/reports/evaluation.html").read_text()
    assert "Most confident mistakes" in idle


def test_a_stopped_training_of_numbers_goes_on_bit_for_bit(cli, place):
    from visus.core.progress import SilentProgress
    from visus.core.run import Run
    from visus.pipeline.train import Request, resume_run, train_run

    class Interrupts(SilentProgress):
        left = 6

        def advance(self, amount: float = 1, **figures) -> None:
            self.left -= "error" in figures
            if self.left == 0:
                raise KeyboardInterrupt

    choices = Run(place / "n").config()
    with pytest.raises(KeyboardInterrupt):
        train_run(Request(choices["source"], choices, Path("torn")), Interrupts())
    resumed = resume_run(Path("torn"))
    assert resumed.summary["test"] == json.loads((place / "n.json").read_text())["test"]
    with pytest.raises(ConfigError, match="accuracy of a numeric run"):
        _ = resumed.accuracy
    assert "mean absolute error" in resumed._repr_html_()


def test_what_means_nothing_to_the_task_is_refused(cli, place):
    words = ["train", place / "price.csv", "--target", "price", "--out", "r"]
    for setting in ("label_smoothing=0.1", "class_weights=balanced"):
        result = cli(*words, "--set", f"training.{setting}", code=2)
        assert "the targets are numeric" in result.output
    words = ["train", place / "labels.csv", "--out", "r"]
    cli(*words, "--set", "training.class_weights=balanced", code=2)


def test_without_a_target_the_columns_are_named(cli, place):
    told = cli.json("train", place / "price.csv", "--out", "r", code=3)
    assert "price, site" in told["received"]
    assert "--target" in told["remedy"]
    told = cli.json("train", place / "price.csv", "--target", "prise", code=3)
    assert "Did you mean 'price'?" in told["remedy"]


def test_data_counts_numbers_and_labels(cli, place):
    told = cli.json("data", place / "price.csv", "--target", "price")
    assert (told["task"], sum(told["pictures"].values())) == ("numeric", 120)
    assert min(told["numbers"]["smallest"]) >= 1000
    told = cli.json("data", place / "labels.csv")
    assert told["task"] == "multi-label"
    assert sum(told["pictures"].values()) == 120
    # Each label keeps its share on every side.
    for split, share in (("train", 0.72), ("test", 0.2), ("validation", 0.08)):
        for name in SIDES:
            whole = sum(counts[name] for counts in told["counts"].values())
            assert abs(told["counts"][split][name] - share * whole) <= 3
    assert "label  " in cli("data", place / "labels.csv").stdout


@pytest.mark.parametrize("run", ["n", "m"])
def test_two_runs_are_compared_on_the_same_draws(cli, place, run, monkeypatch):
    monkeypatch.chdir(place)
    told = cli.json("compare", run, f"{run}-idle")
    (finding,) = told["findings"]
    assert finding["message"].startswith(f"{run} is better than {run}-idle by ")
    sides, against = told["tables"]
    assert [row[0] for row in sides["rows"]] == [run, f"{run}-idle"]
    assert len(against["rows"]) == 1
    text = cli("compare", run, f"{run}-idle").stdout
    assert max(map(len, text.splitlines())) <= 80
    assert sides["columns"][3].startswith("mean a")
    assert "mean a" in cli("runs", place).stdout


def test_runs_of_two_tasks_are_not_compared(cli, place):
    told = cli.json("compare", place / "n", place / "m", code=3)
    assert "different tasks: multi-label, numeric" in told["received"]


def test_the_audit_skips_what_asks_about_classes_and_says_so(cli, place):
    told = cli.json("audit", place / "price.csv", "--target", "price", "--out", "audit")
    verdicts = {check["check"]: check["verdict"] for check in told["checks"]}
    assert verdicts["label-errors"] == "not run"
    assert verdicts["dark"] != "not run"
    said = [found["message"] for found in told["findings"]]
    assert any("skipped" in text and "the targets are numeric" in text for text in said)


def test_a_mended_manifest_keeps_several_labels_and_numbers(cli, place):
    for name, column in (("price", "value"), ("labels", "labels")):
        source = place / f"{name}.csv"
        words = ["audit", source, "--fix", "--manifest", f"{name}-fixed.csv"]
        words += ["--target", "price"] if name == "price" else []
        cli(*words, "--check", "dark", "--out", f"audit-{name}")
        told = cli.json("data", f"{name}-fixed.csv")
        assert sum(told["pictures"].values()) == 120
        rows = rows_of(Path(f"{name}-fixed.csv"))
        before = [row[name] for row in rows_of(source)]
        read = json.loads
        assert list(map(read, (r[column] for r in rows))) == list(map(read, before))
        undo = ["audit", "--undo", f"{name}-fixed.csv"]
        cli(*undo, "--manifest", f"{name}-restored.csv")
        again = rows_of(Path(f"{name}-restored.csv"))
        assert [row[column] for row in again] == [row[column] for row in rows]


@pytest.mark.parametrize(
    ("words", "figure"),
    [
        (NUMBERS[:5], "mean_absolute_error"),
        (LABELS[:1], "mean_average_precision"),
    ],
    ids=["numbers", "labels"],
)
def test_folds_pool_what_each_tested(cli, place, words, figure, tmp_path):
    words = ["train", place / words[0], *words[1:], *QUICK]
    words += ["--set", "training.epochs=2", "--folds", 2, "--out", tmp_path / "r"]
    told = cli.json(*words)
    shares = [fold[figure] for fold in told["folds"]]
    assert told["test"][figure] == pytest.approx(sum(shares) / 2)

    from visus.bundles import Predictions

    kept = Predictions.load(tmp_path / "r" / "predictions" / "test.npz")
    assert len(set(kept.ids)) == 120
    measure = {
        "mean_absolute_error": oracle.mean_absolute_error,
        "mean_average_precision": oracle.average_precision_score,
    }[figure]
    assert told["out_of_fold"][figure] == pytest.approx(
        measure(kept.targets, kept.scores), rel=1e-5
    )
    low, high = told["out_of_fold"]["interval"]
    assert low < told["out_of_fold"][figure] < high


@pytest.mark.parametrize("words", [NUMBERS[:5], LABELS[:1]], ids=["numbers", "labels"])
def test_sheets_name_numbers_and_labels(cli, place, words, tmp_path):
    sheet = tmp_path / "sheet.png"
    words = ["data", place / words[0], *words[1:], "--augment", "--plot", sheet]
    told = cli.json(*words, "--set", "training.augment.mixup=0.4")
    assert told["sheet"]["path"] == str(sheet)
    with Image.open(sheet) as drawn:
        assert drawn.width > 400
