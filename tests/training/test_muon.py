import numpy as np
import pytest

from visus.models.backend import select_backend

select_backend()


def test_a_kernel_steps_as_its_matrix_does():
    import keras

    from visus.training.muon import Muon

    rng = np.random.default_rng(0)
    gradient = rng.normal(size=(3, 3, 4, 8)).astype(np.float32)
    kernel = keras.Variable(np.zeros((3, 3, 4, 8), np.float32))
    matrix = keras.Variable(np.zeros((36, 8), np.float32))
    for variable, g in ((kernel, gradient), (matrix, gradient.reshape(36, 8))):
        optimizer = Muon(0.1, momentum=0.9, weight_decay=0.0)
        optimizer.build([variable])
        optimizer.apply([keras.ops.convert_to_tensor(g)], [variable])
    flat = np.asarray(kernel).reshape(36, 8)
    assert flat == pytest.approx(np.asarray(matrix), abs=1e-6)
    # A first step is the orthogonal factor, scaled: all singular values are near one.
    values = np.linalg.svd(flat, compute_uv=False) / (0.1 * 0.2 * 36**0.5)
    assert values.min() > 0.6
    assert values.max() < 1.3


def test_vectors_are_left_to_adamw():
    import keras

    from visus.training.muon import Muon

    bias = keras.Variable(np.zeros(4, np.float32))
    optimizer = Muon(0.1)
    optimizer.build([bias])
    optimizer.apply([keras.ops.convert_to_tensor(np.full(4, 7.0, np.float32))], [bias])
    # Adam's first step has the size of its rate.
    assert np.asarray(bias) == pytest.approx(-0.1, abs=1e-4)
