"""Small classifiers that tell what can be told without a network; scikit-learn's room.

Every probability is out of fold: a picture is judged by what was fitted without it and
without its twins.
"""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from types import ModuleType

import numpy as np
from numpy.typing import NDArray

from visus.core.errors import MachineError
from visus.core.progress import Progress, SilentProgress
from visus.core.seeds import random_generator

Floats = NDArray[np.float32]

FOLDS = 5
# More pictures to fit on would cost minutes and hardly change what the probe knows.
MOST_FITTED = 10_000
# Of the weights of the logistic regression; from cats and dogs, flowers and digits.
STRENGTH = 0.01


@dataclass(frozen=True)
class Probed:
    """What a probe says of the pictures it could judge.

    Args:
        rows: of the pictures `(num_probed,)`: those of classes large enough.
        classes: class numbers `(num_probed_classes,)`.
        labels: positions in `classes`, `(num_probed,)`: what the labels say.
        probabilities: `(num_probed, num_probed_classes)`, out of fold.
    """

    rows: NDArray[np.intp]
    classes: NDArray[np.int64]
    labels: NDArray[np.intp]
    probabilities: Floats

    @property
    def right(self) -> int:
        """For how many pictures the most probable class is the label."""
        return int((self.probabilities.argmax(axis=1) == self.labels).sum())


def probe_labels(
    features: Callable[[], Floats],
    targets: NDArray[np.int32],
    units: NDArray[np.int64],
    *,
    seed: int,
    progress: Progress | None = None,
) -> Probed | None:
    """Logistic regression, out of fold, on what describes the pictures.

    Args:
        features: gives `(num_images, num_features)`; asked only when it is needed.
        targets: class numbers `(num_images,)`, -1 where unknown.
        units: `(num_images,)`; pictures with one number stay in one fold.
        seed: of the folds.
        progress: who is told.

    Returns:
        `None` when fewer than two classes have pictures enough for the folds.

    Raises:
        MachineError: scikit-learn is not installed.
    """
    learning = _scikit_learn("linear_model")
    progress = progress or SilentProgress()
    classes = _large_classes(targets, units)
    if len(classes) < 2:
        return None
    rows = np.flatnonzero(np.isin(targets, classes))
    labels = np.searchsorted(classes, targets[rows])
    standing = _standardised(features()[rows])
    folds = assign_folds(labels, units[rows], seed=seed)
    probabilities = np.zeros((len(rows), len(classes)), dtype=np.float32)
    with progress.stage("Probing the labels", FOLDS):
        for fold in range(FOLDS):
            inside = folds == fold
            fitted = _fit_on(np.flatnonzero(~inside), seed, fold)
            model = learning.LogisticRegression(C=STRENGTH, max_iter=300)
            model.fit(standing[fitted], labels[fitted])
            told = model.predict_proba(standing[inside])
            probabilities[np.ix_(inside, model.classes_)] = told
            progress.advance()
    return Probed(rows, classes, labels, probabilities)


def tree_accuracy(
    values: NDArray[np.floating],
    labels: NDArray[np.intp],
    units: NDArray[np.int64],
    *,
    seed: int,
) -> int:
    """How many classes a small decision tree tells from these values, out of fold.

    Args:
        values: `(num_images, num_values)`.
        labels: `(num_images,)`.
        units: `(num_images,)`; pictures with one number stay in one fold.
        seed: of the folds.

    Raises:
        MachineError: scikit-learn is not installed.
    """
    trees = _scikit_learn("tree")
    folds = assign_folds(labels, units, seed=seed)
    right = 0
    for fold in range(FOLDS):
        inside = folds == fold
        # Leaves of a few pictures would learn them by heart.
        model = trees.DecisionTreeClassifier(
            min_samples_leaf=max(5, len(labels) // 100), random_state=0
        )
        model.fit(values[~inside], labels[~inside])
        right += int((model.predict(values[inside]) == labels[inside]).sum())
    return right


def assign_folds(
    labels: NDArray[np.integer], units: NDArray[np.int64], *, seed: int
) -> NDArray[np.int64]:
    """Fold numbers `(num_images,)`: classes are spread evenly, units stay whole.

    Args:
        labels: `(num_images,)`; a unit counts as its first picture's class.
        units: `(num_images,)`.
        seed: of the order.
    """
    _, firsts, members = np.unique(units, return_index=True, return_inverse=True)
    shuffled = random_generator(seed, "folds").permutation(len(firsts))
    # Dealt like cards, class after class.
    dealt = shuffled[np.argsort(labels[firsts][shuffled], kind="stable")]
    folds = np.empty(len(firsts), dtype=np.int64)
    folds[dealt] = np.arange(len(firsts)) % FOLDS
    return folds[members]


def _large_classes(
    targets: NDArray[np.int32], units: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Classes with at least two units a fold, so that each is always learned."""
    pairs = np.unique(np.stack([targets, units], axis=1), axis=0)
    counts = np.bincount(pairs[pairs[:, 0] >= 0, 0])
    return np.flatnonzero(counts >= 2 * FOLDS)


def _standardised(features: Floats) -> Floats:
    spread = features.std(axis=0)
    scaled: Floats = (features - features.mean(axis=0)) / np.maximum(spread, 1e-6)
    return scaled


def _fit_on(rows: NDArray[np.intp], seed: int, fold: int) -> NDArray[np.intp]:
    if len(rows) <= MOST_FITTED:
        return rows
    generator = random_generator(seed, "fitted", fold)
    return np.sort(generator.choice(rows, MOST_FITTED, replace=False))


def _scikit_learn(module: str) -> ModuleType:
    try:
        return import_module(f"sklearn.{module}")
    except ImportError as error:
        raise MachineError(
            received="The package scikit-learn is not installed.",
            expected="it, for probes of labels and of spurious correlations.",
            remedy="Run: pip install 'visus[audit]'",
        ) from error
