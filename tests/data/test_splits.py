from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from visus.core.errors import ConfigError, DataError
from visus.data.records import ImageDataset, ImageRecord
from visus.data.splits import assign_splits, kfold_splits


def dataset(rows: list[tuple[str, str]], splits: list | None = None) -> ImageDataset:
    given_splits = splits or [None] * len(rows)
    records = tuple(
        ImageRecord(f"{number}", target, content_hash=content, split=split)
        for number, ((target, content), split) in enumerate(
            zip(rows, given_splits, strict=True)
        )
    )
    return ImageDataset("d", records, tuple(sorted({target for target, _ in rows})))


def side(data: ImageDataset) -> dict[str, set]:
    sides: dict[str, set] = {}
    for record in data.records:
        sides.setdefault(record.content_hash, set()).add(record.split)
    return sides


SHARES = {"validation_share": 0.1, "test_share": 0.2}


@given(
    st.lists(
        st.tuples(st.sampled_from("ab"), st.integers(0, 30).map(str)),
        min_size=4,
        max_size=60,
    ),
    st.integers(0, 5),
)
def test_equal_content_lies_on_one_side_and_all_are_placed(rows, seed):
    data = assign_splits(dataset(rows), **SHARES, seed=seed)
    assert all(len(splits) == 1 for splits in side(data).values())
    assert all(record.split for record in data.records)


def test_every_class_is_divided_alike():
    rows = [
        (name, f"{name}{n}")
        for name, count in (("a", 100), ("b", 50))
        for n in range(count)
    ]
    counts = assign_splits(dataset(rows), **SHARES, seed=0).counts()
    assert counts["test"] == {"a": 20, "b": 10}
    assert counts["validation"] == {"a": 8, "b": 4}


def test_order_and_names_do_not_matter():
    rows = [("a" if n % 2 else "b", f"c{n}") for n in range(60)]
    one = assign_splits(dataset(rows), **SHARES, seed=0)
    other = assign_splits(dataset(rows[::-1]), **SHARES, seed=0)
    assert side(one) == side(other)
    assert side(one) != side(assign_splits(dataset(rows), **SHARES, seed=1))


def test_given_splits_are_kept_and_validation_is_carved():
    rows = [("a", f"a{n}") for n in range(20)] + [("b", f"b{n}") for n in range(20)]
    splits = (["train"] * 15 + ["test"] * 5) * 2
    data = assign_splits(dataset(rows, splits), **SHARES, seed=0)
    tested = [record.id for record in data.records if record.split == "test"]
    assert tested == [str(n) for n in (*range(15, 20), *range(35, 40))]
    assert data.counts()["validation"] == {"a": 2, "b": 2}


def test_validation_without_a_test_becomes_the_test():
    rows = [("a", f"a{n}") for n in range(20)] + [("b", f"b{n}") for n in range(20)]
    splits = (["train"] * 16 + ["validation"] * 4) * 2
    counts = assign_splits(dataset(rows, splits), **SHARES, seed=0).counts()
    assert counts["test"] == {"a": 4, "b": 4}
    assert counts["validation"] == {"a": 2, "b": 2}


def test_no_class_loses_its_last_training_picture():
    rows = [("a", "a1"), ("a", "a2"), ("b", "b1"), ("b", "b2")]
    counts = assign_splits(dataset(rows), **SHARES, seed=0).counts()
    assert counts["train"] == {"a": 1, "b": 1}
    assert counts["test"] == {"a": 1, "b": 1}


def test_class_indices_follow_the_class_names():
    data = dataset([("b", "1"), ("a", "2")])
    assert np.array_equal(data.class_indices(), [1, 0])


def test_a_class_in_one_unit_is_learned_not_tested():
    rows = [("a", f"a{n}") for n in range(20)] + [("b", "same")] * 6
    counts = assign_splits(dataset(rows), **SHARES, seed=0).counts()
    assert counts["train"]["b"] == 6


UNITS = st.lists(
    st.tuples(st.sampled_from("abc"), st.integers(1, 6)), min_size=8, max_size=40
)


def grouped(units: list[tuple[str, int]]) -> ImageDataset:
    """Each unit is a group of one class."""
    records = tuple(
        ImageRecord(f"{unit}/{n}", name, content_hash=f"{unit} {n}", group=f"{unit}")
        for unit, (name, size) in enumerate(units)
        for n in range(size)
    )
    return ImageDataset("d", records, tuple(sorted({name for name, _ in units})))


@given(UNITS, st.floats(0.05, 0.5), st.integers(0, 5))
def test_no_group_is_torn_and_shares_are_met_within_the_largest_unit(
    units, share, seed
):
    data = assign_splits(
        grouped(units), validation_share=0, test_share=share, seed=seed
    )
    sides: dict[str | None, set] = {}
    for record in data.records:
        sides.setdefault(record.group, set()).add(record.split)
    assert all(len(side) == 1 for side in sides.values())
    counts = data.counts()
    for name in data.class_names:
        sizes = [size for other, size in units if other == name]
        tested = counts.get("test", {}).get(name, 0)
        assert counts["train"][name] > 0
        assert abs(tested - share * sum(sizes)) <= max(sizes)


@given(UNITS, st.randoms(use_true_random=False))
def test_splits_of_groups_do_not_depend_on_order(units, random):
    data = grouped(units)
    moved = data.with_records(random.sample(data.records, len(data)))
    assert side(assign_splits(data, **SHARES, seed=3)) == side(
        assign_splits(moved, **SHARES, seed=3)
    )


def test_twins_and_groups_join_into_one_unit():
    rows = [("a", f"a{n}") for n in range(30)]
    records = [
        replace(record, group="one" if row in (4, 9) else None)
        for row, record in enumerate(dataset(rows).records)
    ]
    data = dataset(rows).with_records(records)
    for seed in range(20):
        split = assign_splits(data, **SHARES, seed=seed, clusters=[(9, 17), (17, 21)])
        assert len({split.records[row].split for row in (4, 9, 17, 21)}) == 1


@given(UNITS, st.integers(2, 5), st.integers(0, 3))
def test_every_picture_is_in_the_test_of_one_fold_with_its_group(units, folds, seed):
    data = grouped(units)
    found = kfold_splits(data, folds, seed)
    assert len(found) == folds
    tested = [r.id for fold in found for r in fold.records if r.split == "test"]
    assert sorted(tested) == sorted(record.id for record in data.records)
    for fold in found:
        groups = [
            {record.group for record in fold.records if record.split == split}
            for split in ("train", "test")
        ]
        assert not groups[0] & groups[1]
        assert groups[0] and groups[1]


def test_folds_are_alike():
    rows = [(name, f"{name}{n}") for name in "ab" for n in range(50)]
    for fold in kfold_splits(dataset(rows), 5, seed=0):
        assert fold.counts()["test"] == {"a": 10, "b": 10}


def test_folds_that_cannot_be_made_are_refused():
    data = dataset([("a", "x"), ("a", "x"), ("b", "y")])
    with pytest.raises(DataError, match="2 units"):
        kfold_splits(data, 3, seed=0)
    with pytest.raises(ConfigError, match="1 folds"):
        kfold_splits(data, 1, seed=0)
