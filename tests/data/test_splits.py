import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from visus.data.records import ImageDataset, ImageRecord
from visus.data.splits import assign_splits


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
