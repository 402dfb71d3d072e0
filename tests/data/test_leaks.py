from visus.data.leaks import find_leaks
from visus.data.records import ImageDataset, ImageRecord
from visus.data.twins import find_twins


def dataset(rows):
    """Rows of content, split, group."""
    records = tuple(
        ImageRecord(f"{row}.png", "a", content_hash=content, split=split, group=group)
        for row, (content, split, group) in enumerate(rows)
    )
    return ImageDataset("d", records, ("a",))


def leaks_of(rows):
    data = dataset(rows)
    return find_leaks(data, find_twins([r.content_hash for r in data.records], None))


def test_equal_content_on_two_sides_is_a_leak_and_the_test_comes_first():
    leaks = leaks_of(
        [
            ("x", "train", None),
            ("y", "test", None),
            ("x", "validation", None),
            ("y", "train", None),
            ("z", "train", None),
            ("z", "train", None),
        ]
    )
    assert [(leak.first.id, leak.second.id) for leak in leaks] == [
        ("3.png", "1.png"),
        ("0.png", "2.png"),
    ]
    assert [leak.tested for leak in leaks] == [True, False]
    assert "3.png (train) and 1.png (test), byte for byte" in str(leaks[0])


def test_a_torn_group_is_one_leak():
    leaks = leaks_of([(f"{n}", "test" if n > 2 else "train", "p") for n in range(6)])
    assert len(leaks) == 1
    assert leaks[0].kind == "group"
    assert leaks[0].tested


def test_what_lies_on_one_side_is_no_leak():
    assert leaks_of([("x", "test", "p"), ("x", "test", "p"), ("y", "train", "q")]) == ()
