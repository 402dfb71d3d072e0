"""Many linear problems on the same features, solved together.

A cross-validation is folds x strengths problems that differ in the weights of their
rows and in their penalty. They are descended in step, so that a pass through the
features, which is what costs time, serves all of them: L-BFGS (Liu and Nocedal, "On the
limited memory BFGS method", 1989), each problem with its own history and step, all
with one preconditioner, the inverse of the middle problem's curvature at the start.
"""

from collections import deque
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from visus.tasks.base import Activation

Array = NDArray[np.floating]

# Steps that L-BFGS remembers.
MEMORY = 8
MOST_STEPS = 300
MOST_HALVINGS = 12
# Armijo's: the share of the promised descent that a step must bring.
LEAST_DESCENT = 1e-4
# Matrices of so many rows are left to LAPACK.
FEW_ROWS = 160
# The largest second derivative of each loss by its score.
CURVATURE: dict[Activation, float] = {"softmax": 0.25, "sigmoid": 0.25, "linear": 1.0}


@dataclass(frozen=True)
class Problems:
    """Minimise, for each problem p, sum_i weights[i, p] loss_i + strengths[p]/2 |W|^2.

    The bias is not penalised. Losses are cross-entropy of softmax, binary cross-entropy
    of sigmoid, summed over labels, and half the squared error.

    Args:
        features: `(rows, num_features)`, of mean 0 and spread 1; float32 or float64,
            which all arithmetic follows.
        targets: `(rows, outputs)`: 0 and 1, or numbers.
        weights: `(rows, problems)`; 0 leaves a row out; each column adds up to 1.
        strengths: `(problems,)`, above 0.
        activation: how scores come from values.
    """

    features: Array
    targets: Array
    weights: Array
    strengths: Array
    activation: Activation

    @property
    def shape(self) -> tuple[int, int, int]:
        """Of the parameters: features and one for the bias, problems, outputs."""
        return (
            self.features.shape[1] + 1,
            len(self.strengths),
            self.targets.shape[1],
        )

    def only(self, chosen: NDArray[np.bool_]) -> "Problems":
        """Some of the problems."""
        return replace(
            self,
            weights=self.weights[:, chosen],
            strengths=self.strengths[chosen],
        )

    def in_doubles(self) -> "Problems":
        """The same in float64."""
        return replace(
            self,
            features=self.features.astype(np.float64),
            targets=self.targets.astype(np.float64),
            weights=self.weights.astype(np.float64),
            strengths=self.strengths.astype(np.float64),
        )

    def values(self, parameters: Array) -> Array:
        """What the activation is applied to, `(rows, problems, outputs)`."""
        inputs, problems, outputs = parameters.shape
        flat = parameters[:-1].reshape(inputs - 1, problems * outputs)
        values = (self.features @ flat).reshape(-1, problems, outputs)
        values += parameters[-1]
        return values

    def losses_and_slopes(self, parameters: Array) -> tuple[Array, Array]:
        """The objective `(problems,)` and its gradient, shaped as the parameters."""
        losses, residuals = losses_and_residuals(
            self.values(parameters), self.targets, self.activation
        )
        residuals *= self.weights[:, :, None]
        inner = parameters[:-1]
        total = np.einsum("ip,ip->p", self.weights, losses)
        total += 0.5 * self.strengths * np.einsum("dpo,dpo->p", inner, inner)
        slopes = np.empty_like(parameters)
        flat = residuals.reshape(len(residuals), -1)
        slopes[:-1] = (self.features.T @ flat).reshape(inner.shape)
        slopes[:-1] += self.strengths[:, None] * inner
        slopes[-1] = residuals.sum(axis=0)
        return total, slopes


@dataclass(frozen=True)
class Preconditioner:
    """The inverse curvature, at zeros, of a problem of one strength with all rows.

    Args:
        inverse: `(num_features + 1, num_features + 1)`.
        strength: of that problem.
    """

    inverse: Array
    strength: float

    @classmethod
    def of(
        cls, features: Array, activation: Activation, strength: float
    ) -> "Preconditioner":
        """For these features; others that are much like them may use it too."""
        count, width = features.shape
        curvature = CURVATURE[activation]
        matrix = features.T @ features
        matrix *= curvature / count
        matrix[np.diag_indices(width)] += strength
        inverse = np.zeros((width + 1, width + 1), dtype=features.dtype)
        inverse[:-1, :-1] = inverted(matrix)
        inverse[-1, -1] = 1 / curvature
        return cls(inverse, strength)


def inverted(matrix: Array) -> Array:
    """The inverse of a symmetric, positive definite matrix.

    From its Cholesky factor, which is inverted by halves: nearly all of that is
    products, which run several times as fast as LAPACK's general inverse.
    """
    inner = _inverted_lower(np.linalg.cholesky(matrix))
    return np.asarray(inner.T @ inner)


def _inverted_lower(factor: Array) -> Array:
    """The inverse of a lower triangular matrix."""
    if len(factor) <= FEW_ROWS:
        return np.asarray(np.linalg.inv(factor))
    half = len(factor) // 2
    first = _inverted_lower(factor[:half, :half])
    last = _inverted_lower(factor[half:, half:])
    inverse = np.zeros_like(factor)
    inverse[:half, :half], inverse[half:, half:] = first, last
    inverse[half:, :half] = -last @ (factor[half:, :half] @ first)
    return inverse


def losses_and_residuals(
    values: Array, targets: Array, activation: Activation
) -> tuple[Array, Array]:
    """Loss `(rows, problems)` and its derivative by the values.

    Args:
        values: `(rows, problems, outputs)`.
        targets: `(rows, outputs)`.
        activation: see `Problems`.
    """
    truth = targets[:, None, :]
    if activation == "softmax":
        shifted = values - values.max(axis=2, keepdims=True)
        powers = np.exp(shifted)
        sums = powers.sum(axis=2, keepdims=True)
        losses = np.log(sums[..., 0]) - (shifted * truth).sum(axis=2)
        powers /= sums
        powers -= truth
        return losses, powers
    if activation == "sigmoid":
        small = np.exp(-np.abs(values))
        losses = (np.maximum(values, 0) - values * truth + np.log1p(small)).sum(axis=2)
        scores = np.where(values >= 0, 1, small) / (1 + small)
        return losses, np.asarray(scores - truth, dtype=values.dtype)
    errors = values - truth
    return 0.5 * (errors**2).sum(axis=2), errors


def solve(
    problems: Problems,
    *,
    start: Array | None = None,
    preconditioner: Preconditioner | None = None,
    tolerance: float = 1e-2,
    most_steps: int = MOST_STEPS,
) -> Array:
    """The parameters `(num_features + 1, problems, outputs)`, the bias last.

    Args:
        problems: what is to be minimised.
        start: where to begin; zeros by default.
        preconditioner: `None`: that of these problems' middle strength.
        tolerance: of the gradient's length, as a share of what it is at zeros.
        most_steps: at which it stops in any case.
    """
    dtype = problems.features.dtype
    zeros = np.zeros(problems.shape, dtype)
    losses, slopes = problems.losses_and_slopes(zeros)
    enough = tolerance * np.maximum(_lengths(slopes), np.finfo(dtype).tiny)
    if preconditioner is None:
        middle = float(np.exp(np.log(problems.strengths).mean()))
        preconditioner = Preconditioner.of(
            problems.features, problems.activation, middle
        )
    point = zeros
    if start is not None:
        point = start.astype(dtype)
        losses, slopes = problems.losses_and_slopes(point)
    history = _History(preconditioner, problems)
    for _ in range(most_steps):
        moving = _lengths(slopes) > enough
        if not moving.any():
            break
        direction = history.direction(slopes) * moving[:, None]
        found = _step(problems, point, direction, losses, slopes)
        if found is None:
            break
        next_point, losses, next_slopes = found
        history.add(next_point - point, next_slopes - slopes)
        point, slopes = next_point, next_slopes
    return point


def _step(
    problems: Problems, point: Array, direction: Array, losses: Array, slopes: Array
) -> tuple[Array, Array, Array] | None:
    """One step of every problem that can still descend; `None` when none can."""
    promised = _dots(direction, slopes)
    # What the sum of a loss over all rows can tell in this kind of numbers.
    blur = 4 * np.finfo(point.dtype).eps * np.abs(losses)
    reached = point.copy(), losses.copy(), slopes.copy()
    waiting = promised < 0
    length = 1.0
    for _ in range(MOST_HALVINGS):
        if not waiting.any():
            break
        moved = point[:, waiting] + length * direction[:, waiting]
        tried = problems.only(waiting).losses_and_slopes(moved)
        most = losses + LEAST_DESCENT * length * promised + blur
        low = tried[0] <= most[waiting]
        done = np.flatnonzero(waiting)[low]
        reached[0][:, done] = moved[:, low]
        reached[1][done] = tried[0][low]
        reached[2][:, done] = tried[1][:, low]
        waiting[done] = False
        length /= 2
    # Those that wait still are as low as their numbers can tell.
    return reached if (waiting != (promised < 0)).any() else None


class _History:
    """The last steps of every problem, and what L-BFGS makes of them."""

    def __init__(self, preconditioner: Preconditioner, problems: Problems) -> None:
        self._inverse = preconditioner.inverse
        # Until the first step has told: a stronger penalty bends more.
        self._scales = np.minimum(1, preconditioner.strength / problems.strengths)
        self._steps: deque[tuple[Array, Array, Array]] = deque(maxlen=MEMORY)

    def add(self, step: Array, change: Array) -> None:
        """Remember a step and how it changed the gradient."""
        products = _dots(step, change)
        # Problems that did not move have nothing to say.
        inverse = np.divide(
            1, products, out=np.zeros_like(products), where=products > 0
        )
        self._steps.append((step, change, inverse))
        told = _dots(change, self._applied(change))
        known = (products > 0) & (told > 0)
        self._scales[known] = products[known] / told[known]

    def direction(self, slopes: Array) -> Array:
        """Downhill, by the two loops of L-BFGS."""
        direction: Array = -slopes
        shares = []
        for step, change, inverse in reversed(self._steps):
            share = inverse * _dots(step, direction)
            direction -= share[:, None] * change
            shares.append(share)
        direction = self._scales[:, None] * self._applied(direction)
        for (step, change, inverse), share in zip(
            self._steps, reversed(shares), strict=True
        ):
            direction += (share - inverse * _dots(change, direction))[:, None] * step
        return direction

    def _applied(self, slopes: Array) -> Array:
        # In its own kind of numbers: a few digits say which way is down.
        flat = slopes.reshape(len(slopes), -1).astype(self._inverse.dtype)
        return (self._inverse @ flat).reshape(slopes.shape).astype(slopes.dtype)


def _dots(first: Array, second: Array) -> Array:
    """Products of the parameters of each problem `(problems,)`."""
    return np.asarray(np.einsum("dpo,dpo->p", first, second))


def _lengths(parameters: Array) -> Array:
    return np.asarray(np.sqrt(_dots(parameters, parameters)))
