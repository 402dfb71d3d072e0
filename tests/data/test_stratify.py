"""Pictures with several labels are divided so that each label keeps its share."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from visus.data.records import ImageDataset, ImageRecord
from visus.data.splits import assign_splits, kfold_splits


def dataset(targets, groups=None):
    records = tuple(
        ImageRecord(
            str(row),
            target,
            content_hash=f"{row:064x}",
            group=groups[row] if groups else None,
        )
        for row, target in enumerate(targets)
    )
    names = sorted({name for target in targets for name in target})
    return ImageDataset("made", records, tuple(names))


def strata(data):
    return [record.labels or ("",) for record in data.records]


def split(data, seed=0):
    return assign_splits(
        data, validation_share=0.25, test_share=0.2, seed=seed, strata=strata(data)
    )


def drawn(count, seed=0):
    generator = np.random.default_rng(seed)
    shares = np.array([0.5, 0.3, 0.1, 0.04])
    rows = generator.random((count, 4)) < shares
    return [
        tuple(n for n, true in zip("abcd", row, strict=True) if true) for row in rows
    ]


def test_every_label_keeps_its_share():
    data = split(dataset(drawn(1000)))
    counts = data.counts()
    for name in data.class_names:
        whole = sum(found[name] for found in counts.values())
        for side, share in (("train", 0.6), ("validation", 0.2), ("test", 0.2)):
            assert abs(counts[side][name] - share * whole) <= 1 + 0.02 * whole
    assert abs(data.sizes()["test"] - 200) <= 10


def test_sets_of_labels_that_come_once_are_tested_too():
    # Every set is unlike every other, so that a division by sets would test nothing.
    targets = [
        tuple(n for bit, n in enumerate("abcdefg") if row >> bit & 1)
        for row in range(1, 128)
    ]
    data = split(dataset(targets))
    assert 20 <= data.sizes()["test"] <= 31
    tested = data.counts()["test"]
    assert all(9 <= count <= 17 for count in tested.values())


@given(
    st.lists(st.lists(st.sampled_from("abcde"), unique=True, max_size=4), min_size=1)
)
def test_what_is_tested_is_learned_and_the_order_plays_no_part(targets):
    data = dataset([tuple(target) for target in targets])
    done = split(data)
    counts = done.counts()
    for name in data.class_names:
        assert counts["train"][name] > 0
    turned = data.with_records(reversed(data.records))
    again = {record.id: record.split for record in split(turned).records}
    assert again == {record.id: record.split for record in done.records}


def test_groups_stay_whole():
    groups = [f"site {row // 4}" for row in range(400)]
    done = split(dataset(drawn(400), groups))
    sides = {}
    for record in done.records:
        sides.setdefault(record.group, set()).add(record.split)
    assert all(len(side) == 1 for side in sides.values())
    assert abs(done.sizes()["test"] - 80) <= 16


def test_folds_are_alike():
    data = dataset(drawn(300))
    for fold in kfold_splits(data, 3, seed=0, strata=strata(data)):
        assert abs(fold.sizes()["test"] - 100) <= 15
        for name, count in data.counts()["unsplit"].items():
            assert abs(fold.counts()["test"][name] - count / 3) <= 2
