"""Which column is learned, and as what."""

import numpy as np
import pytest

from visus.core.errors import DataError
from visus.data.checks import with_targets
from visus.data.columns import target_by
from visus.data.ledger import Ledger
from visus.data.records import ImageDataset, ImageRecord

PIXELS = np.zeros((4, 4, 1), np.uint8)


def dataset(cells, targets=None):
    records = tuple(
        ImageRecord(str(n), target, pixels=PIXELS, metadata=(("kind", cell),))
        for n, (cell, target) in enumerate(
            zip(cells, targets or [None] * len(cells), strict=True)
        )
    )
    names = sorted({name for record in records for name in record.labels})
    return ImageDataset("made", records, tuple(names))


def found(data, column="kind", kind="auto"):
    changed = target_by(data, column, kind)
    return [record.target for record in changed.records], changed.class_names


@pytest.mark.parametrize(
    ("cells", "targets"),
    [
        (["1", "2.5"], [1.0, 2.5]),
        (["1", "two"], ["1", "two"]),
        (["a|b", "a"], [("a", "b"), ("a",)]),
        (['["a", "c d"]', "[]"], [("a", "c d"), ()]),
    ],
)
def test_a_column_is_what_its_cells_are(cells, targets):
    assert found(dataset(cells))[0] == targets


def test_a_person_may_say_what_it_is():
    numbers = dataset(["10", "2"])
    assert found(numbers, kind="single-label") == (["10", "2"], ("10", "2"))
    assert found(numbers, kind="multi-label")[0] == [("10",), ("2",)]
    with pytest.raises(DataError, match="0 has 'ten' in the column kind"):
        target_by(dataset(["ten", "2"]), "kind", "numeric")


def test_targets_that_are_there_may_be_meant_otherwise():
    classes = dataset(["x", "y"], ["3", "4"])
    assert found(classes, None) == (["3", "4"], ("3", "4"))
    assert found(classes, None, "numeric") == ([3.0, 4.0], ())
    assert found(classes, "label", "multi-label")[0] == [("3",), ("4",)]


def test_a_column_that_is_not_there_is_named():
    with pytest.raises(DataError, match="Did you mean 'kind'"):
        target_by(dataset(["a", "b"]), "kinds", "auto")


def test_pictures_without_a_target_are_set_aside_and_counted():
    data = dataset(["x", "y"], ["cat", None])
    known, ledger = with_targets(data, Ledger(("0", "1")))
    assert [record.id for record in known.records] == ["0"]
    assert (ledger.used, [q.id for q in ledger.quarantined]) == (("0",), ["1"])
    with pytest.raises(DataError, match="the columns kind.*--target"):
        with_targets(dataset(["x", "y"]), Ledger(("0", "1")))
