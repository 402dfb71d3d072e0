"""Checks of the whole data set, and of twins: planted faults, and their absence."""

import numpy as np
import pytest

from visus.data.ledger import Quarantined


def sentences(opinion) -> list[str]:
    return [remark.sentence for remark in opinion.remarks]


def flagged(opinion) -> list[int]:
    return np.flatnonzero(opinion.scores < 0.5).tolist()


def test_copies_are_flagged_and_the_first_is_not(shapes, evidence, judge):
    seen = evidence(*shapes, pairs=[(0, 4, "exact"), (4, 9, "exact"), (1, 2, "near")])
    exact, near = judge("exact-duplicates", seen), judge("near-duplicates", seen)
    assert flagged(exact) == [4, 9]
    assert exact.caption(9) == "the same bytes as picture-0"
    assert flagged(near) == [1, 2]
    assert near.caption(1) == "near picture-2"


def test_twins_across_splits_block_only_when_the_test_is_one_side(
    shapes, evidence, judge
):
    splits = ["train", "validation", "test"] * 20
    seen = evidence(*shapes, splits=splits, pairs=[(0, 1, "near"), (3, 6, "exact")])
    opinion = judge("twins-across-splits", seen)
    assert flagged(opinion) == [0, 1]
    assert opinion.caption(0) == "train; picture-1 is validation"
    assert not opinion.blocking
    leaking = evidence(*shapes, splits=splits, pairs=[(0, 2, "near")])
    assert judge("twins-across-splits", leaking).blocking
    # Without a test, the validation split is it.
    halves = evidence(
        *shapes, splits=["train", "validation"] * 30, pairs=[(0, 1, "near")]
    )
    assert judge("twins-across-splits", halves).blocking
    unsplit = evidence(*shapes, pairs=[(0, 1, "exact")])
    assert flagged(judge("twins-across-splits", unsplit)) == []


def test_all_copies_of_a_picture_with_two_labels_are_flagged(shapes, evidence, judge):
    pictures, _ = shapes
    labels = ["a", "a", "b", "b", *["a"] * 56]
    pairs = [(0, 1, "exact"), (1, 2, "exact"), (3, 9, "near"), (4, 5, "exact")]
    opinion = judge("twins-with-two-labels", evidence(pictures, labels, pairs=pairs))
    assert flagged(opinion) == [0, 1, 2, 3, 9]
    assert opinion.scores[[0, 3]].tolist() == [0.0, 0.25]
    assert opinion.caption(0) == "a; b in picture-2"
    # Three of sixty contradict each other, more than one in a hundred.
    assert opinion.blocking
    near = judge("twins-with-two-labels", evidence(pictures, labels, pairs=pairs[2:]))
    assert not near.blocking


@pytest.mark.parametrize(
    ("name", "verdict", "count", "blocks"),
    [
        ("a/1.jpg", "truncated", 20, True),
        ("a/1.jpg", "truncated", 14, False),
        ("a/1.jpg", "not_image", 20, True),
        ("a/1.txt", "not_image", 60, False),
        ("1.jpg", "no_class", 60, False),
    ],
)
def test_lost_pictures_block_and_other_files_do_not(
    shapes, evidence, judge, name, verdict, count, blocks
):
    lost = [
        Quarantined(f"{n}{name}", verdict, "Its end is missing.") for n in range(count)
    ]
    opinion = judge("unreadable", evidence(*shapes, quarantined=lost))
    assert opinion.blocking == blocks
    (remark,) = opinion.remarks
    assert f"{count} {verdict}" in remark.sentence
    assert len(remark.image_ids) == count


def test_rare_classes_are_named(evidence, judge):
    pictures = [np.zeros((4, 4, 3), np.uint8)] * 120
    labels = ["many"] * 105 + ["few"] * 10 + ["some"] * 5
    (sentence,) = sentences(judge("class-imbalance", evidence(pictures, labels)))
    assert "'some' 5, 'few' 10" in sentence
    assert (
        sentences(judge("class-imbalance", evidence(pictures, labels), times=30)) == []
    )


def test_copies_do_not_make_many_of_few(evidence, judge):
    pictures = [np.zeros((4, 4, 3), np.uint8)] * 60
    labels = ["a"] * 30 + ["b"] * 30
    copies = [(row, row + 1, "exact") for row in range(15)]
    opinion = judge("too-few-pictures", evidence(pictures, labels, pairs=copies))
    classes, test = sentences(opinion)
    assert "1 of 2 classes have fewer than 20 different pictures: 'a' 15" in classes
    # 20 % of 45 different pictures; 8 of 9 right, by Wilson (1927).
    assert "9 different pictures" in test
    assert "57% and 98%" in test


def test_names_that_look_like_slips(evidence, judge):
    names = (
        " dog",
        "Dog",
        "__MACOSX",
        "baby",
        "babies",
        "bat",
        "cat",
        "cats",
        "polar bear",
        "polar_bear",
        "1",
        "01",
        "10",
    )
    pictures = [np.zeros((4, 4, 3), np.uint8)] * len(names)
    told = sentences(judge("class-names", evidence(pictures, names, class_names=names)))
    assert sorted(told) == sorted(
        [
            "The class ' dog' begins or ends with a space.",
            "The class '__MACOSX' looks like a folder that a program made.",
            "The classes ' dog' and 'Dog' differ only in case: are they one?",
            "The classes 'baby' and 'babies' differ as one and many do: are they one?",
            "The classes 'cat' and 'cats' differ as one and many do: are they one?",
            "The classes 'polar bear' and 'polar_bear' differ only in signs between "
            "words: are they one?",
            "The classes '1' and '01' differ only by zeros before a number: are they "
            "one?",
        ]
    )


def lit(picture: np.ndarray, level: int) -> np.ndarray:
    return (picture // 2 + level).astype(np.uint8)


def bordered(picture: np.ndarray, level: int) -> np.ndarray:
    framed = picture.copy()
    framed[[0, 1, -2, -1]] = framed[:, [0, 1, -2, -1]] = level
    return framed


def scaled(picture: np.ndarray, larger: bool) -> np.ndarray:
    return np.pad(picture, ((0, 4), (0, 4), (0, 0)), mode="edge") if larger else picture


@pytest.mark.parametrize(
    ("planted", "named"),
    [
        (lambda p, odd: lit(p, 100 if odd else 10), "brightness"),
        (lambda p, odd: bordered(p, 250 if odd else 5), "color of the border"),
        (lambda p, odd: scaled(p, odd), "size"),
    ],
)
def test_a_property_that_tells_the_class_is_named(
    clean, evidence, judge, planted, named
):
    records = clean.dataset.records[:200]
    pictures = [planted(r.pixels, row % 2) for row, r in enumerate(records)]
    told = sentences(
        judge("spurious-correlation", evidence(pictures, [r.target for r in records]))
    )
    assert any(sentence.startswith(f"The {named} alone tells") for sentence in told)
    assert all("where chance tells 50%" in sentence for sentence in told)


def test_the_file_alone_may_tell_the_class(clean, evidence, judge):
    records = clean.dataset.records[:200]
    pictures = [record.pixels for record in records]
    labels = [record.target for record in records]
    formats = ["JPEG" if label == "disc" else "PNG" for label in labels]
    sizes = [4_000 + 3_000 * (label == "disc") for label in labels]
    seen = evidence(pictures, labels, formats=formats, file_bytes=sizes)
    told = sentences(judge("spurious-correlation", seen))
    assert [sentence.split(" alone")[0] for sentence in told] == [
        "The file type",
        "The number of bytes of the file",
    ]
    assert "100% of the pictures (98% to 100%)" in told[0]
