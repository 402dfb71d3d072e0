"""From features and targets to a head: standardise, choose the strength, fit, fold."""

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from visus.models.joined import HeadWeights
from visus.tasks.base import Activation, Head, Targets
from visus.training.head.choose import (
    STRENGTHS,
    USUAL_STRENGTH,
    Curve,
    Examples,
    better_views,
    choose_strength,
)
from visus.training.head.config import FrozenConfig
from visus.training.head.solve import Preconditioner, solve

Floats = NDArray[np.float32]
Array = NDArray[np.floating]

# Up to so many numbers the last fit is in float64: half a second at most.
MOST_DOUBLES = 20_000_000
TOLERANCES = {"float64": 1e-6, "float32": 1e-4}
# A feature that varies by less than this share of the others' says nothing.
LEAST_SPREAD = 1e-4
PLAIN = "none"
# Many more features than rows: their span is worth finding.
NARROW_TIMES = 2


@dataclass(frozen=True)
class Pupils:
    """The training pictures, as features.

    Args:
        features: `(num_images, num_features)`.
        targets: as the task has them.
        weights: `(num_images,)`, above 0.
        folds: `(num_images,)`, from 0; twins and groups lie in one fold.
        views: features of other views of the same pictures, by name of the choice of
            `frozen.views` that they are for.
    """

    features: Floats
    targets: Targets
    weights: Floats
    folds: NDArray[np.intp]
    views: Mapping[str, tuple[Floats, ...]]


@dataclass(frozen=True)
class Fitted:
    """A head, and how it came about.

    Args:
        weights: of the head, for features as they are.
        strength: of its penalty.
        curve: of the cross-validation.
        held_out: scores of each picture while it was held out `(num_images,
            num_outputs)`; NaN where it never was.
        held_out_logits: what was added up for these scores, likewise.
        views: which were learned from.
        compared: the losses of all views that were compared, in words; "" if none.
    """

    weights: HeadWeights
    strength: float
    curve: Curve
    held_out: Floats
    held_out_logits: Floats
    views: str
    compared: str = ""


def fit_head(pupils: Pupils, head: Head, config: FrozenConfig, seed: int) -> Fitted:
    """Fit the penalised linear head whose held-out loss is lowest.

    Multinomial logistic regression for classes, one logistic regression a label for
    several, ridge regression for numbers. The objective is the mean loss plus half of
    strength times the squared weights of standardised features, so scikit-learn's C is
    1 / (strength * num_images), twice that for two classes (it penalises the one column
    that two opposite ones differ by), and its alpha strength * num_images.

    Args:
        pupils: the training pictures.
        head: how many outputs there are, and how they end.
        config: strength and views, where they are chosen.
        seed: of the sample that chooses where there are very many pictures.
    """
    with _threads_for(pupils):
        return _fit_head(pupils, head, config, seed)


def _threads_for(pupils: Pupils) -> AbstractContextManager[object]:
    """One thread for small products; a second hardly helps, and may harm.

    The threads of a product wait for each other. There are hundreds of products here,
    and where another process has the second core each of them waits for its turn: a
    head of one second took half a minute.
    """
    if pupils.features.size > MOST_DOUBLES:
        return nullcontext()
    limits: AbstractContextManager[object] = threadpool_limits(1, user_api="blas")
    return limits


def _fit_head(pupils: Pupils, head: Head, config: FrozenConfig, seed: int) -> Fitted:
    standard = _Standard.of(pupils.features)
    examples = Examples(
        features=standard.applied(pupils.features),
        targets=_encoded(pupils.targets, head),
        weights=pupils.weights,
        folds=pupils.folds,
        activation=_solved_as(head),
    )
    asked = (config.strength * _share(head),) if config.strength else None
    candidates = {PLAIN: examples} if not pupils.views else {}
    for name, views in pupils.views.items():
        others = tuple(standard.applied(view) for view in views)
        candidates[name] = replace(examples, views=others)
    narrow = {name: _Narrow.of(some) for name, some in candidates.items()}
    curves = {
        name: choose_strength(
            some.examples, some.preconditioner, seed, asked or STRENGTHS
        )
        for name, some in narrow.items()
    }
    name, compared = next(iter(curves)), ""
    if len(curves) > 1:
        name, compared = better_views(curves, examples, PLAIN)
    curve = curves[name]
    strength = asked[0] if asked else curve.best
    parameters = _fitted(narrow[name], strength)
    kernel, bias = standard.folded(parameters)
    logits = _logits(curve, head)
    return Fitted(
        weights=_decoded(kernel, bias, head),
        strength=strength / _share(head),
        curve=curve.rescaled(1 / _share(head)),
        held_out=_scores(logits, head),
        held_out_logits=logits,
        views=name,
        compared=compared,
    )


@dataclass(frozen=True)
class _Narrow:
    """Examples in the space that their rows span, where that is much smaller.

    The best weights lie in it (the representer theorem), and have the same length
    there.

    Args:
        examples: with as many features as there are rows.
        basis: `(num_features, num_rows)`, orthonormal; `None`: nothing was changed.
    """

    examples: Examples
    basis: Array | None

    @classmethod
    def of(cls, examples: Examples) -> "_Narrow":
        every = (examples.features, *examples.views)
        rows = sum(map(len, every))
        if NARROW_TIMES * rows > examples.features.shape[1]:
            return cls(examples, None)
        basis, places = np.linalg.qr(np.concatenate(every).T)
        features, *views = np.split(places.T, len(every))
        return cls(replace(examples, features=features, views=tuple(views)), basis)

    @cached_property
    def preconditioner(self) -> Preconditioner:
        """For all problems on these examples."""
        return Preconditioner.of(
            self.examples.features, self.examples.activation, USUAL_STRENGTH
        )

    def widened(self, parameters: Array) -> Array:
        """The same for all features; the bias stays the last."""
        if self.basis is None:
            return parameters
        return np.concatenate([self.basis @ parameters[:-1], parameters[-1:]])


def _fitted(narrow: _Narrow, strength: float) -> Array:
    """The parameters `(num_features + 1, num_outputs)`."""
    weights = narrow.examples.weights[:, None].astype(np.float64)
    problems = narrow.examples.problems(weights, [strength])
    if problems.features.size <= MOST_DOUBLES:
        problems = problems.in_doubles()
    tolerance = TOLERANCES[str(problems.features.dtype)]
    found = solve(problems, preconditioner=narrow.preconditioner, tolerance=tolerance)
    return narrow.widened(found[:, 0, :])


@dataclass(frozen=True)
class _Standard:
    """Mean and spread of each feature."""

    mean: Array
    spread: Array

    @classmethod
    def of(cls, features: Floats) -> "_Standard":
        mean = features.mean(axis=0, dtype=np.float64)
        spread = features.std(axis=0, dtype=np.float64)
        # What never varied here must not be blown up elsewhere.
        dead = spread <= LEAST_SPREAD * np.median(spread)
        return cls(mean, np.where(dead, np.inf, spread))

    def applied(self, features: Floats) -> Floats:
        """Features of mean 0 and spread 1."""
        scaled = features - self.mean.astype(np.float32)
        scaled /= self.spread.astype(np.float32)
        return scaled

    def folded(self, parameters: Array) -> tuple[Array, Array]:
        """Kernel and bias for features as they are."""
        kernel = parameters[:-1] / self.spread[:, None]
        return kernel, parameters[-1] - self.mean @ kernel


def _solved_as(head: Head) -> Activation:
    return "sigmoid" if _binary(head) else head.activation


def _binary(head: Head) -> bool:
    return head.activation == "softmax" and head.outputs == 2


def _share(head: Head) -> float:
    """What the strength is multiplied with for the problem that is solved.

    Two classes are solved as one column, the difference of two opposite ones, whose
    squares add up to half of its own.
    """
    return 0.5 if _binary(head) else 1.0


def _encoded(targets: Targets, head: Head) -> Floats:
    if head.activation == "softmax":
        chosen = np.eye(head.outputs, dtype=np.float32)[targets]
        return np.asarray(chosen[:, 1:] if _binary(head) else chosen)
    if head.activation == "sigmoid":
        return np.asarray(targets, dtype=np.float32)
    return np.asarray((targets - head.offset) / head.scale, dtype=np.float32)


def _decoded(kernel: Array, bias: Array, head: Head) -> HeadWeights:
    if _binary(head):
        kernel = np.concatenate([-kernel, kernel], axis=1) / 2
        bias = np.concatenate([-bias, bias]) / 2
    return HeadWeights(kernel.astype(np.float32), bias.astype(np.float32), head)


def _logits(curve: Curve, head: Head) -> Floats:
    """Held-out values, one an output: of two classes the problem has one in all."""
    values: Array = curve.values
    if _binary(head):
        values = np.concatenate([-values, values], axis=1) / 2
    return values.astype(np.float32)


def _scores(logits: Floats, head: Head) -> Floats:
    # A head that passes its inputs on ends as the fitted one does.
    through = np.eye(head.outputs, dtype=np.float32)
    nothing = np.zeros(head.outputs, np.float32)
    return HeadWeights(through, nothing, head).scores(logits)
