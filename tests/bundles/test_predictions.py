"""Predictions: rows by id, and a file that reads back whole or is refused."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from visus.bundles.predictions import Predictions
from visus.core.errors import ModelError

SCORES = np.array([[0.75, 0.25], [0.125, 0.875], [0.5, 0.5]], dtype=np.float32)


@pytest.fixture
def predictions():
    targets = np.array([0, 0, -1], dtype=np.int32)
    return Predictions(("a.jpg", "b.jpg", "c.jpg"), SCORES, ("cat", "dog"), targets)


def test_answers_are_the_largest_scores(predictions):
    assert predictions.answers == ("cat", "dog", "cat")
    assert predictions.answer_numbers.tolist() == [0, 1, 0]
    assert predictions.answer_numbers.dtype == np.int32
    assert predictions.confidences.tolist() == [0.75, 0.875, 0.5]
    assert predictions.confidences.dtype == np.float32


def test_one_answer_a_picture_in_the_order_of_asking(predictions):
    first, second, third = predictions
    assert len(predictions) == 3
    assert (second.id, second.label, second.confidence) == ("b.jpg", "dog", 0.875)
    assert first.scores == {"cat": 0.75, "dog": 0.25}
    assert predictions.to_json()[1] == {
        "id": "b.jpg",
        "answer": "dog",
        "confidence": 0.875,
        "scores": {"cat": 0.125, "dog": 0.875},
    }


def test_rows_are_found_by_id_and_carry_their_targets(predictions):
    part = predictions.select(["c.jpg", "a.jpg"])
    assert part.ids == ("c.jpg", "a.jpg")
    assert part.scores.tolist() == [[0.5, 0.5], [0.75, 0.25]]
    assert part.targets.tolist() == [-1, 0]
    with pytest.raises(KeyError, match="d.jpg"):
        predictions.select(["d.jpg"])


def test_the_truth_holds_only_pictures_whose_class_is_known(predictions):
    assert predictions.truth() == {"a.jpg": "cat", "b.jpg": "cat"}
    assert Predictions(("a",), SCORES[:1], ("cat", "dog")).truth() == {}


@pytest.mark.parametrize(
    "ids, names, targets",
    [
        (("a", "b"), ("cat", "dog"), None),
        (("a", "b", "c"), ("cat",), None),
        (("a", "b", "c"), ("cat", "dog"), np.zeros(2, np.int32)),
    ],
)
def test_parts_that_do_not_fit_are_refused(ids, names, targets):
    with pytest.raises(ValueError, match="of shape"):
        Predictions(ids, SCORES, names, targets)


def test_no_pictures_give_no_answers():
    none = Predictions((), np.empty((0, 2), np.float32), ("cat", "dog"))
    assert none.answers == () and list(none) == [] and none.to_json() == []
    assert none.confidences.shape == (0,)


@given(
    ids=st.lists(st.text() | st.just("caf\udce9.jpg"), max_size=5, unique=True),
    names=st.lists(st.text(), min_size=1, max_size=3, unique=True),
    known=st.booleans(),
)
def test_a_saved_file_reads_back_the_same(tmp_path_factory, ids, names, known):
    path = tmp_path_factory.getbasetemp() / "same.npz"
    scores = np.random.default_rng(0).random((len(ids), len(names)), np.float32)
    targets = np.arange(len(ids), dtype=np.int32) if known else None
    Predictions(tuple(ids), scores, tuple(names), targets).save(path)
    again = Predictions.load(path)
    assert (again.ids, again.class_names) == (tuple(ids), tuple(names))
    np.testing.assert_array_equal(again.scores, scores)
    assert again.scores.dtype == np.float32
    assert (again.targets is not None) == known
    if known:
        np.testing.assert_array_equal(again.targets, targets)


def test_a_cut_file_is_refused_at_every_length(predictions, tmp_path):
    path = tmp_path / "test.npz"
    predictions.save(path)
    whole = path.read_bytes()
    for length in range(0, len(whole), 7):
        path.write_bytes(whole[:length])
        with pytest.raises(ModelError, match="cannot be read"):
            Predictions.load(path)


def test_a_flipped_bit_is_harmless_or_refused(predictions, tmp_path):
    path = tmp_path / "test.npz"
    predictions.save(path)
    whole = path.read_bytes()
    for bit in range(0, 8 * len(whole), 13):
        altered = bytearray(whole)
        altered[bit // 8] ^= 1 << bit % 8
        path.write_bytes(altered)
        try:
            again = Predictions.load(path)
        except ModelError:
            continue
        assert again.to_json() == predictions.to_json()


def test_a_file_of_another_kind_is_refused(tmp_path):
    for name, content in {"a": b"hello", "b": b"\x93NUMPY"}.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(ModelError, match="cannot be read"):
            Predictions.load(tmp_path / name)
    np.save(tmp_path / "c.npy", SCORES)
    for name in ("c.npy", "absent.npz"):
        with pytest.raises(ModelError, match="cannot be read"):
            Predictions.load(tmp_path / name)


def test_a_notebook_shows_names_as_text_and_not_every_row():
    ids = ("<script>", *map(str, range(60)))
    page = Predictions(ids, np.full((61, 1), 0.5, np.float32), ("<b>",))._repr_html_()
    assert "<script>" not in page and "&lt;script&gt;" in page
    assert "<b>" not in page and page.count("<tr>") == 51
    assert "and 11 more" in page
