import numpy as np
import pytest

from visus.data.batches import Batch, RowsOf, padded_batches


def batch(count: int) -> Batch:
    return Batch(
        pixels=np.arange(count * 4, dtype=np.uint8).reshape(count, 2, 2, 1),
        targets=np.arange(count, dtype=np.int32),
        weights=np.ones(count, dtype=np.float32),
        ids=tuple(map(str, range(count))),
    )


def test_taking_rows_keeps_their_order_and_company():
    taken = batch(5).take([3, 1])
    assert taken.ids == ("3", "1")
    assert taken.targets.tolist() == [3, 1]
    assert taken.pixels[0].ravel().tolist() == [12, 13, 14, 15]


def test_neighbouring_rows_are_not_copied():
    whole = batch(5)
    assert np.shares_memory(whole.take([1, 2, 3]).pixels, whole.pixels)
    assert not np.shares_memory(whole.take([1, 3]).pixels, whole.pixels)


@pytest.mark.parametrize(("count", "size"), [(5, 2), (4, 2), (1, 3), (0, 3)])
def test_padding_has_no_weight_and_loses_nothing(count, size):
    whole = batch(count)
    parts = list(padded_batches(whole, size))
    assert all(part.pixels.shape == (size, 2, 2, 1) for part in parts)
    assert sum(float(part.weights.sum()) for part in parts) == count
    kept = [
        i for part in parts for i, w in zip(part.ids, part.weights, strict=True) if w
    ]
    assert tuple(kept) == whole.ids


@pytest.mark.parametrize(
    "key",
    [
        2,
        -1,
        slice(1, 3),
        [2, 0],
        np.array([[0, 1], [2, 2]]),
        (slice(None), 0),
        (1, slice(None), 0),
        (np.array([2, 0]), slice(1, 2)),
        (..., 0),
        (slice(0, 2), ..., 0),
    ],
)
def test_rows_of_an_array_are_indexed_like_one(key):
    pixels = batch(7).pixels
    rows = np.array([6, 0, 3])
    assert np.array_equal(RowsOf(pixels, rows)[key], pixels[rows][key])
    assert np.asarray(RowsOf(pixels, rows)).shape == RowsOf(pixels, rows).shape
