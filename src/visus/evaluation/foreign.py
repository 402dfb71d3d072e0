"""When a picture is of another kind: the best of three ways, chosen by stand-ins."""

import math
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from visus.bundles.foreign import (
    NO_FEATURES,
    ForeignRule,
    Method,
    strangeness,
    unit_directions,
)
from visus.bundles.runtime import Outputs
from visus.core.cores import available_cores
from visus.core.seeds import random_generator
from visus.evaluation.held import Surroundings
from visus.tasks.ranking import area_under_roc

Values = NDArray[np.float64]
Floats = NDArray[np.float32]
Numbers = NDArray[np.int32]

METHODS: tuple[Method, ...] = get_args(Method)
# Axes of the features that have a spread of their own.
AXES = 64
# The search for them: more axes than are kept, and rounds (Halko, Martinsson and Tropp,
# "Finding structure with randomness", 2011).
SPARE, ROUNDS = 10, 2
# Training pictures that are kept, as float16; in all no more than 4 MiB.
MOST_KEPT, MOST_KEPT_BYTES = 2_000, 4 * 2**20
# The k-th of a hundred, as far as that is some and not many.
NEAR_SHARE, MOST_NEAR = 0.01, 20
FOLDS = 5
# The like of them say as much.
MOST_HELD = 2_000


def fit_foreign(
    around: Surroundings, rejected: float, *, seed: int = 0
) -> ForeignRule | str:
    """The rule of the method that best tells held-out pictures from stand-ins.

    Args:
        around: pictures of the network's kind and of others.
        rejected: share of pictures of the own kind that may be called unknown.
        seed: of what is drawn.

    Returns:
        the rule; else why there is none.
    """
    if not len(around.held) and not _folds_tell(around):
        return "no pictures were held out to tell its own kind by"
    # A fold a core: threads within such small products only wait for each other.
    with threadpool_limits(1, user_api="blas"):
        return _fit_foreign(around, rejected, seed)


def _fit_foreign(around: Surroundings, rejected: float, seed: int) -> ForeignRule | str:
    with ThreadPoolExecutor(available_cores()) as threads:
        tried = list(threads.map(partial(_tried, around, seed), METHODS))
    pairs = {m: one for m, one in zip(METHODS, tried, strict=True) if one is not None}
    if not pairs:
        return NO_FEATURES
    known = {method: arrays for method, (arrays, _) in pairs.items()}
    compared = {method: area for method, (_, area) in pairs.items()}
    # The first of equals: a distance also tells pictures of which no stand-in exists.
    best = max(compared, key=lambda method: round(compared[method], 3))
    held = _own_strangeness(best, known[best], around, seed)
    needed = math.ceil(1 / rejected - 1e-9) - 1
    if len(held) < needed:
        return (
            f"to reject {rejected:.1%} takes {needed:,} held-out pictures, and there "
            f"are {len(held):,}"
        )
    return ForeignRule(
        method=best,
        rejected=rejected,
        held=_thinned(np.sort(held)),
        arrays=known[best],
        compared={name: round(area, 4) for name, area in compared.items()},
    )


def _tried(
    around: Surroundings, seed: int, method: Method
) -> tuple[Mapping[str, NDArray[Any]], float] | None:
    """What a method learns, and how well it tells stand-ins; `None`: it cannot."""
    arrays = fit_method(method, around.train, around.targets, seed=seed)
    if arrays is None:
        return None
    return arrays, _told_apart(method, arrays, around, seed)


def fit_method(
    method: Method, train: Outputs, targets: Numbers, *, seed: int = 0
) -> Mapping[str, NDArray[Any]] | None:
    """What a method learns of training pictures; `None` where the network lacks it.

    Args:
        method: its name.
        train: what the network gives for them.
        targets: their class numbers `(num_images,)`.
        seed: of what is drawn.
    """
    if method == "energy":
        return {} if train.logits is not None else None
    if train.features is None or len(train) < 2 or not train.features.any():
        return None
    if method == "nearest":
        return _bank(train.features, seed)
    return _spreads(train.features, targets, seed)


def _bank(features: Floats, seed: int) -> Mapping[str, NDArray[Any]]:
    most = min(MOST_KEPT, max(1, MOST_KEPT_BYTES // (2 * features.shape[1])))
    rows = random_generator(seed, "nearest").permutation(len(features))[:most]
    place = min(max(1, round(NEAR_SHARE * len(rows))), MOST_NEAR)
    directions = unit_directions(features[np.sort(rows)])
    return {"bank": directions.astype(np.float16), "place": np.array(place)}


def _spreads(
    features: Floats, targets: Numbers, seed: int
) -> Mapping[str, NDArray[Any]] | None:
    present, place = np.unique(targets, return_inverse=True)
    rows = np.asarray(features, dtype=np.float32)
    belongs = (place == np.arange(len(present))[:, None]).astype(np.float32)
    means = belongs @ rows / np.bincount(place)[:, None].astype(np.float32)
    away = rows - means[place]
    free = max(1, len(rows) - len(present))
    total = float(np.square(away).sum(dtype=np.float64)) / free
    if total <= 0:
        return None
    count = max(1, min(AXES, rows.shape[1] - 1, free // 4))
    axes, lengths = _principal(away, count, seed)
    variances = lengths.astype(np.float64) / free
    rest = (total - float(variances.sum())) / max(1, rows.shape[1] - count)
    # An axis along which training pictures hardly differ must not decide alone.
    least = 1e-3 * total / rows.shape[1]
    return {
        "means": means.astype(np.float32),
        "axes": axes.astype(np.float32),
        "variances": np.maximum(variances, least).astype(np.float32),
        "rest": np.array(max(rest, least), dtype=np.float32),
    }


def _principal(rows: Floats, count: int, seed: int) -> tuple[Floats, Floats]:
    """The axes along which rows spread most, and squared lengths along each."""
    width = min(count + SPARE, *rows.shape)
    drawn = random_generator(seed, "axes").standard_normal((rows.shape[1], width))
    start = drawn.astype(np.float32)
    for _ in range(ROUNDS):
        start = np.linalg.qr(rows.T @ (rows @ start))[0]
    _, lengths, axes = np.linalg.svd(rows @ start, full_matrices=False)
    return (axes @ start.T)[:count], (lengths**2)[:count]


def _told_apart(
    method: Method, arrays: Mapping[str, NDArray[Any]], around: Surroundings, seed: int
) -> float:
    """The mean area under the ROC curve over the kinds of stand-ins."""
    own = strangeness(method, arrays, around.held)
    if not len(own):
        own = _own_strangeness(method, arrays, around, seed)
    areas = [
        area_under_roc(own, strangeness(method, arrays, outputs))
        for outputs in around.foreign.values()
    ]
    return float(np.mean(areas))


def _own_strangeness(
    method: Method,
    arrays: Mapping[str, NDArray[Any]],
    around: Surroundings,
    seed: int,
) -> Values:
    """Of pictures that took no part in the fit."""
    held = strangeness(method, arrays, around.held)
    if not _folds_tell(around):
        return held
    order = random_generator(seed, "foreign folds").permutation(len(around.train))

    def of_fold(fold: NDArray[np.intp]) -> Values:
        rest = np.setdiff1d(order, fold)
        known = fit_method(method, around.train.take(rest), around.targets[rest])
        if known is None:
            return np.empty(0)
        return strangeness(method, known, around.train.take(fold))

    with ThreadPoolExecutor(available_cores()) as threads:
        folds = list(threads.map(of_fold, np.array_split(order, FOLDS)))
    return np.concatenate([held, *folds])


def _folds_tell(around: Surroundings) -> bool:
    """Whether training pictures can be held out from what tells strangeness."""
    return not around.features_learned and len(around.train) >= FOLDS


def _thinned(values: Values) -> Values:
    if len(values) <= MOST_HELD:
        return values
    return np.quantile(values, (np.arange(MOST_HELD) + 0.5) / MOST_HELD)
