from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.utils.class_weight import compute_class_weight

from visus.data.batches import Batch
from visus.training.config import TrainingConfig
from visus.training.epochs import (
    EpochPlan,
    balanced_class_weights,
    balanced_weights,
)


def plan(count: int, batch_size: int, epoch: int = 0, **settings) -> EpochPlan:
    pictures = Batch(
        pixels=np.arange(count, dtype=np.uint8).reshape(count, 1, 1, 1),
        targets=np.zeros(count, dtype=np.int32),
        weights=np.ones(count, dtype=np.float32),
        ids=tuple(map(str, range(count))),
    )
    ones = np.ones(1, dtype=np.float32)
    config = TrainingConfig(epochs=3, batch_size=batch_size, **settings)
    return EpochPlan(pictures, config, 0, epoch, batch_size, ones)


@given(st.integers(1, 60), st.integers(1, 20), st.lists(st.integers(1, 5), min_size=1))
def test_every_picture_counts_once_an_epoch_however_it_is_cut(count, size, pieces):
    epoch = plan(count, size)

    def sizes():
        while True:
            yield from pieces

    seen = []
    for work in epoch.pieces(0, sizes()):
        seen += work.pixels[..., 0, 0, 0][work.weights > 0].tolist()
        assert work.rates.shape == work.pixels.shape[:1]
    assert sorted(seen) == list(range(count))


def test_epochs_differ_in_order_and_repeat_by_seed():
    assert not np.array_equal(plan(50, 8).order(), plan(50, 8, epoch=1).order())
    assert np.array_equal(plan(50, 8).order(), plan(50, 8).order())


def test_a_rest_of_an_epoch_is_its_end():
    epoch = plan(50, 8)
    whole = epoch.work(epoch.order(), 0, epoch.steps)
    rest = list(epoch.pieces(4, iter([99])))
    assert np.array_equal(rest[0].pixels, whole.pixels[4:])
    assert np.array_equal(rest[0].rates, whole.rates[4:])


def test_a_picture_is_changed_alike_whatever_the_batch_size():
    found = []
    for size in (4, 7):
        epoch = plan(20, size, augment={"rotate": 30, "contrast": 0.2})
        work = epoch.work(epoch.order(), 0, epoch.steps)
        pictures = work.pixels[..., 0, 0, 0].ravel()
        rows = [pictures.tolist().index(number) for number in range(20)]
        drawn = work.draw.arrays()
        found.append(
            [part.reshape(-1, part.shape[-1])[rows] for part in drawn.values()]
        )
    for small, large in zip(*found, strict=True):
        assert np.array_equal(small, large)


def test_balanced_weights_are_scikit_learns():
    targets = np.array([0] * 5 + [1] * 20 + [2] * 3, dtype=np.int32)
    expected = compute_class_weight("balanced", classes=np.arange(3), y=targets)
    assert balanced_class_weights(targets, 3) == pytest.approx(expected)
    assert balanced_class_weights(targets, 4)[3] == 0


def test_cells_of_classes_and_groups_count_alike():
    cells = [("cat", "old")] * 6 + [("cat", "new")] * 2 + [("dog", "new")] * 4
    weights = balanced_weights(cells)
    assert weights.mean() == pytest.approx(1)
    sums = [weights[:6].sum(), weights[6:8].sum(), weights[8:].sum()]
    assert sums == pytest.approx([4, 4, 4])
    labels = [name for name, _ in cells]
    expected = compute_class_weight("balanced", classes=np.unique(labels), y=labels)
    assert balanced_weights(labels)[[0, -1]] == pytest.approx(expected)


def test_pictures_come_as_often_as_they_should_whatever_the_batch_size():
    weights = balanced_weights([0] * 36 + [1] * 3 + [2])
    found = []
    for size in (8, 40):
        epoch = replace(plan(40, size), repeats=weights)
        work = epoch.work(epoch.order(), 0, epoch.steps)
        assert work.weights.sum() == 40
        found.append(work.pixels[..., 0, 0, 0][work.weights > 0])
    assert np.array_equal(*found)
    times = np.bincount(found[0], minlength=40)
    # Rounded up or down, never further.
    assert (np.abs(times - weights) < 1).all()
    assert times[36:39].sum() in (13, 14) and times[39] in (13, 14)
    many = [
        np.bincount(
            replace(plan(40, 40, epoch=number), repeats=weights).order()[0],
            minlength=40,
        )
        for number in range(300)
    ]
    assert np.mean(many, axis=0) == pytest.approx(weights, abs=0.12)


def test_a_picture_that_comes_again_is_changed_otherwise():
    weights = balanced_weights([0] * 19 + [1])
    epoch = replace(plan(20, 4, augment={"rotate": 30}), repeats=weights)
    order = epoch.order()
    places = np.flatnonzero(order.reshape(-1) == 19)
    work = epoch.work(order, 0, epoch.steps)
    angles = next(iter(work.draw.arrays().values()))
    angles = angles.reshape(-1, angles.shape[-1])[places]
    assert len(places) == 10 and len(np.unique(angles, axis=0)) == 10
