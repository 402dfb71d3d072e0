"""Frozen features, from a folder to the evaluated bundle, with a tiny backbone."""

import csv
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

import tiny_backbone
import visus
from pictures import striped, write_stripes
from shapes import drawn_shapes
from visus.bundles import load_bundle
from visus.core.errors import ConfigError, MachineError
from visus.data.home import visus_home

pytestmark = pytest.mark.usefixtures("tiny")

TINY = {"frozen.backbone": "tiny"}


def train(source, out, **more):
    settings = {**TINY, **more.pop("settings", {})}
    return visus.train(source, out=out, settings=settings, **more)


def test_the_whole_way(photos, tmp_path):
    run = train(photos, tmp_path / "run")
    assert run.accuracy > 0.9
    told = run.summary["frozen"]
    assert (told["features_computed"], told["features_known"]) == (60, 0)
    assert run.summary["recipe"] == "frozen"
    assert run.summary["network"] == "tiny"
    assert told["held_out"]["accuracy"] > 0.8
    assert told["licence"] == "none"
    bundle = run.bundle
    assert bundle.origin["backbone"]["name"] == "tiny"
    assert bundle.spec == tiny_backbone.CARD.spec
    # The graph answers files as the two steps answered their features.
    test = run.predictions
    answers = bundle.predict([photos / name for name in test.ids])
    assert np.abs(answers.scores - test.scores).max() < 1e-5
    assert answers.answers == test.answers
    report = visus.evaluate(run.folder / "model.visus", photos, out=tmp_path / "e.html")
    assert report.facts[0].value == pytest.approx(run.accuracy)
    words = json.dumps(run.report.report.model_dump(mode="json"))
    assert "drawn by chance" in words
    assert "smaller than what the backbone looks at" not in words


def test_a_refit_computes_what_is_new_and_needs_no_keras(photos, tmp_path, monkeypatch):
    train(photos, tmp_path / "first")

    def never(*_, **__):
        raise AssertionError("neither Keras nor the running backbone is needed")

    monkeypatch.setattr("visus.pipeline.features.find_backbone", never)
    relabelled = photos / "across" / "01.png"
    relabelled.rename(photos / "upright" / "1001.png")
    write_stripes(photos, 62, side=80)
    (photos / "across" / "01.png").unlink()
    second = train(photos, tmp_path / "second")
    assert second.summary["frozen"]["features_computed"] == 2
    monkeypatch.setattr("visus.pipeline.features.Session", never)
    third = train(photos, tmp_path / "third")
    assert third.summary["frozen"]["features_computed"] == 0
    assert third.summary["how"].startswith("all features known")
    same = [
        (tmp_path / name / "model.visus").read_bytes() for name in ("second", "third")
    ]
    assert same[0] == same[1]


def test_a_run_that_was_killed_ends_alike(photos, tmp_path, monkeypatch):
    whole = train(photos, tmp_path / "whole")

    class Killed(BaseException):
        pass

    def kill(*_):
        raise Killed

    for place in ("prepare_described", "teach_head", "pack_head", "report_run"):
        with monkeypatch.context() as patch:
            patch.setattr(f"visus.pipeline.train.{place}", kill)
            with pytest.raises(Killed):
                train(photos, tmp_path / place)
        resumed = visus.resume(tmp_path / place)
        assert resumed.accuracy == whole.accuracy
        bundles = [(r.folder / "model.visus").read_bytes() for r in (whole, resumed)]
        assert bundles[0] == bundles[1]


def test_folds(photos, tmp_path):
    run = train(photos, tmp_path / "run", folds=3)
    assert len(run.summary["folds"]) == 3
    assert run.summary["test"]["accuracy"] > 0.8
    assert run.summary["recipe"] == "frozen"


def test_several_labels(tmp_path):
    rows = []
    for row in range(80):
        left, right = striped(row % 2 == 0, row, 80), striped(row % 3 == 0, row, 80)
        name = save(tmp_path / f"{row}.png", np.concatenate([left, right], axis=1))
        labels = [n for n, has in (("a", row % 2 == 0), ("b", row % 3 == 0)) if has]
        rows.append({"file_name": name, "labels": json.dumps(labels)})
    run = train(table(tmp_path, rows), tmp_path / "run")
    assert run.summary["task"] == "multi-label"
    assert run.summary["test"]["mean_average_precision"] > 0.6
    assert_graph_agrees(run, tmp_path)


def test_numbers(tmp_path):
    pictures, _ = drawn_shapes(80, side=80)
    rows = [
        {"file_name": save(tmp_path / f"{row}.png", p), "price": 1_000 + 10 * p.mean()}
        for row, p in enumerate(pictures)
    ]
    priced = {"data.target": "price"}
    run = train(table(tmp_path, rows), tmp_path / "run", settings=priced)
    assert run.summary["task"] == "numeric"
    assert run.summary["test"]["r_squared"] > 0.5
    assert_graph_agrees(run, tmp_path)
    assert "mean_absolute_error" in run.summary["frozen"]["held_out"]


def test_pictures_from_python_smaller_than_the_backbone_sees(tmp_path):
    pictures, labels = drawn_shapes(60, side=20)
    run = train((pictures, labels), tmp_path / "run")
    assert "60 of 60 pictures are smaller" in " ".join(run.summary["notes"])


def test_class_weights_count(photos, tmp_path):
    for path in sorted((photos / "across").iterdir())[8:]:
        path.unlink()
    plain = train(photos, tmp_path / "plain")
    weighted = train(
        photos, tmp_path / "weighted", settings={"training.class_weights": "balanced"}
    )
    across = weighted.predictions.scores[:, 0].mean()
    assert across > plain.predictions.scores[:, 0].mean()


def test_views_that_are_measured(photos, tmp_path):
    run = train(photos, tmp_path / "run", settings={"frozen.views": "auto"})
    told = json.dumps(run.report.report.model_dump(mode="json"))
    assert "held-out losses: flip" in told
    assert run.summary["frozen"]["views"] in ("none", "flip", "crops")


def test_more_classes_than_folds_can_hold(tmp_path):
    # 2 pictures a class: one to learn from, and none to hold out.
    for row in range(24):
        name = f"{row // 2:02d}-{row}.png"
        save(tmp_path / "few" / f"{row // 2:02d}" / name, striped(row % 4 < 2, row, 80))
    run = train(tmp_path / "few", tmp_path / "run")
    assert run.summary["frozen"]["held_out"] == {}
    assert "too few pictures to hold some out" in " ".join(run.summary["notes"])


def test_dry_run_says_seconds(photos, tmp_path):
    from visus.core.progress import SilentProgress
    from visus.pipeline.forecast import forecast
    from visus.pipeline.train import Request

    choices = {"frozen": {"backbone": "tiny"}}
    told = forecast(Request(photos, choices), SilentProgress())
    assert told["features_to_compute"] == 60
    assert told["seconds"] > 0
    train(photos, tmp_path / "run")
    told = forecast(Request(photos, choices), SilentProgress())
    assert told["features_to_compute"] == 0


def test_it_goes_on_training_from_its_bundle(photos, tmp_path):
    run = train(photos, tmp_path / "run")
    on = visus.train(
        photos,
        start_from=run.folder / "model.visus",
        out=tmp_path / "on",
        settings={"training.epochs": 1, "training.preflight": False},
    )
    assert on.summary["recipe"] == "gentle"
    assert on.bundle.origin["backbone"]["name"] == "tiny"
    assert on.bundle.spec == run.bundle.spec
    assert on.accuracy > 0.8
    further = visus.train(
        photos,
        start_from=on.folder / "model.visus",
        out=tmp_path / "further",
        settings={"training.epochs": 1, "training.preflight": False},
    )
    assert further.summary["network"] == "tiny"


def test_other_weights_are_given_as_a_file(photos, tmp_path):
    first = train(photos, tmp_path / "first")
    other = tiny_backbone.write_weights(tmp_path / "other.npz", seed=1)
    second = visus.train(
        photos, backbone="tiny", weights=other, out=tmp_path / "second"
    )
    assert second.summary["frozen"]["features_computed"] == 60
    origins = [run.bundle.origin["backbone"]["sha256"] for run in (first, second)]
    assert origins[0] != origins[1]


def test_without_weights_three_ways_are_named(photos, tmp_path):
    shutil.rmtree(visus_home() / "weights")
    with pytest.raises(MachineError, match="not on this machine") as refused:
        train(photos, tmp_path / "run", offline=True)
    assert "One of three ways" in refused.value.remedy
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"training.epochs": 3}, "training.epochs"),
        ({"training.augment.flip": True}, "training.augment"),
        ({"network.name": "resnet"}, "frozen.backbone"),
        ({"recipe": "photographs"}, "frozen.backbone"),
        ({"recipe": "frozen", "network.name": "resnet"}, "network 'resnet'"),
        ({"data.color": "gray"}, "data.color"),
        ({"frozen.backbone": "tinny"}, "no backbone named 'tinny'"),
        ({"frozen.views": "flips"}, "frozen.views"),
    ],
)
def test_what_would_be_ignored_is_refused(photos, tmp_path, settings, words):
    with pytest.raises(ConfigError) as refused:
        train(photos, tmp_path / "run", settings=settings)
    assert words in refused.value.received
    assert not (tmp_path / "run").exists()


def test_which_recipe_is_for_whom(photos):
    from visus.core.progress import SilentProgress
    from visus.pipeline.plan import make_plan

    def recipe(choices=None, **more) -> str:
        return make_plan(photos, choices or {}, SilentProgress(), **more).config.recipe

    assert recipe() == "frozen"
    assert recipe({"network": {"name": "convnet"}}) == "photographs"
    # Which learning rate, and what augmentation does, are questions of epochs.
    assert recipe(by_epochs=True) == "photographs"
    assert recipe({"recipe": "small-gray"}) == "small-gray"


def test_callbacks_are_refused(photos, tmp_path):
    with pytest.raises(ConfigError, match="callbacks"):
        train(photos, tmp_path / "run", callbacks=[object()])


def test_the_command_line(photos, tmp_path, monkeypatch):
    from typer.testing import CliRunner

    from visus.cli.app import app

    def said(*words: object) -> str:
        result = CliRunner().invoke(app, list(map(str, words)))
        assert result.exit_code == 0, result.output + result.stderr
        return result.stdout

    monkeypatch.chdir(tmp_path)
    planned = said("train", photos, "--backbone", "tiny", "--dry-run")
    assert "features to compute: 60" in planned
    told = said("train", photos, "--backbone", "tiny", "--out", "a")
    assert "tiny, 60 features computed" in told
    assert "all features known" in said("train", photos, "--backbone", "tiny")
    # With three stand-ins of each picture that is not tested.
    assert "features: 0.3 MB, within the same" in said("cache")
    assert "gentle" in said("train", photos, "--from", "a/model.visus", "--dry-run")
    said("predict", "a/model.visus", photos / "across" / "01.png")
    said("compare", "a", "runs/photos-tiny-001")


def assert_graph_agrees(run, folder: Path) -> None:
    test = run.predictions
    bundle = load_bundle(run.folder / "model.visus")
    answers = bundle.predict([folder / name for name in test.ids])
    scale = bundle.task.head.scale
    assert np.abs(answers.scores - test.scores).max() / scale < 1e-5


def save(path: Path, picture: np.ndarray) -> str:
    from PIL import Image

    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(picture).save(path)
    return path.name


def table(folder: Path, rows: list[dict]) -> Path:
    path = folder / "table.csv"
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    return path
