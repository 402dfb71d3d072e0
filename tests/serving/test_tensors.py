"""Tensors of JSON values: the quick way gives what the long way gives."""

import numpy as np
import pytest

from visus.serving import Refusal
from visus.serving.tensors import tensor_from_json

ROW = [0, 1, 128, 255]


@pytest.mark.parametrize("data", [ROW, [ROW[:2], ROW[2:]]])
def test_a_tensor_flat_or_nested_is_the_same(data):
    array = tensor_from_json("UINT8", (1, 2, 2, 1), data)
    assert array.dtype == np.uint8
    assert array.shape == (1, 2, 2, 1)
    assert array.ravel().tolist() == ROW


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ([True] * 4, "no number"),
        (["1"] * 4, "no number"),
        ([0, 1, 2, 256], "does not fit"),
        ([0, 1, 2, -1], "does not fit"),
        ([0.0, 1.0, 2.0, 3.0], "does not fit"),
        ([0, 1, 2, 0.5], "does not fit"),
        ([0, 1, 2], "3 values"),
        ([0, 1, 2, 3, 4], "5 values"),
        ([], "0 values"),
        ([[0], [1, 2, 3]], "different lengths"),
    ],
)
def test_what_is_no_such_tensor_is_refused_alike(data, words):
    with pytest.raises(Refusal, match=words):
        tensor_from_json("UINT8", (1, 2, 2, 1), data)


def test_mixed_truths_and_numbers_are_numbers():
    for data in ([True, 2], [2, True]):
        array = tensor_from_json("UINT8", (2,), data)
        assert array.tolist() == [int(value) for value in data]
