"""Many problems at once are what scikit-learn says of each alone."""

import numpy as np
import pytest

from visus.tasks.base import Head
from visus.training.head.config import FrozenConfig
from visus.training.head.fit import Pupils, fit_head
from visus.training.head.solve import FEW_ROWS, Problems, inverted, solve

linear_model = pytest.importorskip("sklearn.linear_model")


def drawn(rows: int = 160, width: int = 40, outputs: int = 3, seed: int = 0):
    """Correlated features, and values that depend on them, with noise."""
    draws = np.random.default_rng(seed)
    hidden = draws.normal(size=(rows, 6)) * np.linspace(3, 0.3, 6)
    features = hidden @ draws.normal(size=(6, width))
    features += draws.normal(size=(rows, width))
    values = features @ draws.normal(0, 0.1, size=(width, outputs))
    return features, values + draws.gumbel(size=values.shape)


def standard(features: np.ndarray) -> np.ndarray:
    return (features - features.mean(axis=0)) / features.std(axis=0)


def test_problems_that_share_features_are_solved_as_each_alone():
    features, values = drawn()
    features, classes = standard(features), values.argmax(axis=1)
    rows = np.arange(len(classes))
    weights = np.stack(
        [(rows % 3 != fold) / (rows % 3 != fold).sum() for fold in (0, 1)]
    )
    strengths = np.array([0.02, 0.3])
    found = solve(
        Problems(features, np.eye(3)[classes], weights.T, strengths, "softmax"),
        tolerance=1e-8,
    )
    for number, strength in enumerate(strengths):
        inside = rows % 3 != number
        peer = linear_model.LogisticRegression(
            C=1 / (strength * inside.sum()), tol=1e-10, max_iter=5_000
        ).fit(features[inside], classes[inside])
        assert np.abs(found[:-1, number] - peer.coef_.T).max() < 1e-5
        # Softmax does not change when all values grow alike.
        bias = found[-1, number] - found[-1, number].mean()
        assert np.abs(bias - (peer.intercept_ - peer.intercept_.mean())).max() < 1e-5


@pytest.mark.parametrize("width", [3, FEW_ROWS + 1, 4 * FEW_ROWS + 3])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_matrix_is_inverted_as_lapack_does(width, dtype):
    features = standard(drawn(2 * width, width)[0])
    matrix = features.T @ features / len(features) + 0.1 * np.eye(width)
    # Correlated features: the largest eigenvalue is a thousand times the least.
    expected = np.linalg.inv(matrix)
    worst = np.abs(inverted(matrix.astype(dtype)) - expected).max()
    assert worst < {"float32": 1e-3, "float64": 1e-11}[np.dtype(dtype).name]


@pytest.mark.parametrize("rows", [30, 160])
def test_a_head_of_classes(rows):
    features, values = drawn(rows, width=200 if rows == 30 else 40)
    classes = values.argmax(axis=1).astype(np.int32)
    weights = np.random.default_rng(1).uniform(0.5, 2, rows).astype(np.float32)
    told = fitted(features, classes, Head(3), weights)
    peer = linear_model.LogisticRegression(
        C=1 / (0.05 * weights.sum()), tol=1e-10, max_iter=10_000
    ).fit(standard(features), classes, weights)
    expected = peer.predict_proba(standard(features))
    assert np.abs(told.weights.scores(as_floats(features)) - expected).max() < 2e-4


def test_a_head_of_two_classes_is_penalised_as_one_of_many():
    features, values = drawn(outputs=2)
    classes = values.argmax(axis=1).astype(np.int32)
    told = fitted(features, classes, Head(2))
    found = solve(
        Problems(
            standard(features),
            np.eye(2)[classes],
            np.full((len(classes), 1), 1 / len(classes)),
            np.array([0.05]),
            "softmax",
        ),
        tolerance=1e-9,
    )
    kernel = found[:-1, 0] / features.std(axis=0)[:, None]
    assert np.abs(told.weights.kernel - kernel).max() < 1e-5
    assert told.strength == pytest.approx(0.05)
    assert told.curve.strengths == pytest.approx((0.05,))


def test_a_head_of_labels_is_one_regression_a_label():
    features, values = drawn()
    targets = (values > 0.5).astype(np.float32)
    told = fitted(features, targets, Head(3, "sigmoid"))
    scores = told.weights.scores(as_floats(features))
    for label in range(3):
        peer = linear_model.LogisticRegression(
            C=1 / (0.05 * len(features)), tol=1e-10, max_iter=5_000
        ).fit(standard(features), targets[:, label])
        expected = peer.predict_proba(standard(features))[:, 1]
        assert np.abs(scores[:, label] - expected).max() < 2e-4


def test_a_head_of_numbers_is_ridge_regression_in_their_unit():
    features, values = drawn(outputs=1)
    numbers = (1_000 + 50 * values).astype(np.float32)
    head = Head(1, "linear", scale=float(numbers.std()), offset=float(numbers.mean()))
    told = fitted(features, numbers, head)
    peer = linear_model.Ridge(alpha=0.05 * len(features))
    peer.fit(standard(features), numbers[:, 0])
    expected = peer.predict(standard(features))
    scores = told.weights.scores(as_floats(features))[:, 0]
    assert np.abs(scores - expected).max() < 1e-3 * numbers.std()


def test_a_feature_that_never_varied_is_not_blown_up():
    features, values = drawn()
    features[:, 0] = 7
    told = fitted(features, values.argmax(axis=1).astype(np.int32), Head(3))
    assert (told.weights.kernel[0] == 0).all()


def as_floats(features: np.ndarray) -> np.ndarray:
    return features.astype(np.float32)


def fitted(features, targets, head, weights=None):
    count = len(features)
    pupils = Pupils(
        features=as_floats(features),
        targets=targets,
        weights=np.ones(count, np.float32) if weights is None else weights,
        folds=np.arange(count) % 4,
        views={},
    )
    return fit_head(pupils, head, FrozenConfig(strength=0.05), seed=0)
