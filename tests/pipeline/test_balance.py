"""Groups that count alike: what a training is given, and what is refused."""

import csv

import numpy as np
import pytest
from PIL import Image

import visus
from pictures import striped
from visus.core.errors import ConfigError, DataError
from visus.core.progress import SilentProgress
from visus.pipeline.balance import picture_weights
from visus.pipeline.learn import make_lesson
from visus.pipeline.plan import make_plan
from visus.pipeline.prepare import prepare_data

QUIET = SilentProgress()
BY_EPOCHS = {"network": {"name": "dense"}, "recipe": "quick"}


def write_table(folder, side=16):
    """Stripes, of which across ones are mostly old and upright ones mostly new."""
    folder.mkdir(parents=True)
    with (folder / "table.csv").open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["file_name", "label", "age", "all"])
        for row in range(80):
            upright, rare = row % 2 == 0, row % 10 < 2
            Image.fromarray(striped(upright, row, side)).save(folder / f"{row}.png")
            age = "new" if upright != rare else "old"
            name = "upright" if upright else "across"
            table.writerow([f"{row}.png", name, age, "same"])
    return folder / "table.csv"


@pytest.fixture
def table(tmp_path):
    return write_table(tmp_path / "pictures")


def lesson_of(table, **groups):
    choices = {**BY_EPOCHS, "training": {"groups": groups}}
    plan = make_plan(table, choices, QUIET)
    data = prepare_data(plan, QUIET)
    rows = data.dataset.split("train").records
    cells = [(r.label, dict(r.metadata)["age"]) for r in rows]
    return make_lesson(plan, data), cells


def sums_by_cell(cells, values):
    return [
        float(sum(v for c, v in zip(cells, values, strict=True) if c == cell))
        for cell in sorted(set(cells))
    ]


def test_each_group_in_each_class_weighs_alike(table):
    lesson, cells = lesson_of(table, column="age")
    assert len(set(cells)) == 4 and lesson.repeats is None
    share = len(cells) / 4
    assert sums_by_cell(cells, lesson.train.weights) == pytest.approx([share] * 4)


def test_or_comes_as_often(table):
    lesson, cells = lesson_of(table, column="age", by="sampling")
    assert (lesson.train.weights == 1).all()
    assert sums_by_cell(cells, lesson.repeats) == pytest.approx([len(cells) / 4] * 4)


def test_without_a_column_nothing_changes(table):
    lesson, _ = lesson_of(table)
    assert (lesson.train.weights == 1).all() and lesson.repeats is None


@pytest.mark.slow
def test_a_training_with_groups_ends_and_says_so(table, tmp_path):
    settings = {"training.groups.column": "age", "training.groups.by": "sampling"}
    run = visus.train(
        table, out=tmp_path / "run", network="dense", recipe="quick", settings=settings
    )
    assert 'column = "age"' in (tmp_path / "run" / "config.toml").read_text()
    assert run.bundle.calibration is not None or run.bundle.uncalibrated


@pytest.mark.parametrize(
    ("settings", "error", "said"),
    [
        ({"groups": {"column": "ages"}}, DataError, "'age'"),
        ({"groups": {"column": "all"}}, DataError, "two groups or more"),
        (
            {"groups": {"column": "age"}, "class_weights": "balanced"},
            ConfigError,
            "classes count alike too",
        ),
    ],
    ids=["no-such-column", "one-group", "both"],
)
def test_what_cannot_be_balanced_is_refused(table, settings, error, said):
    with pytest.raises(error, match=said):
        plan = make_plan(table, {**BY_EPOCHS, "training": settings}, QUIET)
        picture_weights(plan, prepare_data(plan, QUIET))


def test_frozen_features_weigh_too_and_know_no_sampling(tiny, tmp_path):
    table = write_table(tmp_path / "photos", side=80)
    column = {"training.groups.column": "age"}
    runs = [
        visus.train(table, out=tmp_path / name, backbone="tiny", settings=settings)
        for name, settings in (("plain", {}), ("balanced", column))
    ]
    ids = runs[0].predictions.ids
    assert ids == runs[1].predictions.ids
    assert np.abs(runs[0].predictions.scores - runs[1].predictions.scores).max() > 1e-4
    with pytest.raises(ConfigError, match="features are frozen"):
        visus.train(
            table,
            out=tmp_path / "third",
            backbone="tiny",
            settings=column | {"training.groups.by": "sampling"},
        )
