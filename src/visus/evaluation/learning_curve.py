"""How accuracy grows with the number of training pictures, and what twice as many buy.

The error of a learner falls about as an inverse power of its examples: Cortes et al.,
"Learning curves: asymptotic values and rate of convergence" (NIPS 1993); fitted with
more weight on larger sets by Figueroa et al., "Predicting sample size required for
classification performance" (BMC Medical Informatics and Decision Making, 2012).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from visus.core.report import Interval
from visus.core.seeds import random_generator

Values = NDArray[np.float64]

# Three numbers are fitted; fewer sizes than this would fit anything.
FEWEST_SIZES = 4
# Exponents that are tried; errors of image models fall with 0.1 to 1.
EXPONENTS: Values = np.geomspace(0.05, 3, 60)
DRAWS = 1_000
CONFIDENCE = 0.95


@dataclass(frozen=True)
class Measured:
    """What some training sets of one size reached on the same test pictures.

    Args:
        pictures: in each training set.
        right: bool `(num_draws, num_tests)`: who answered what right.
    """

    pictures: int
    right: NDArray[np.bool_]

    @property
    def accuracy(self) -> float:
        """The mean over sets and pictures, a share."""
        return float(self.right.mean())


@dataclass(frozen=True)
class PowerLaw:
    """error(n) = scale * n ** -exponent + floor, a share of the test pictures."""

    scale: float
    exponent: float
    floor: float

    def accuracy(self, pictures: float) -> float:
        """What so many training pictures are expected to reach, a share."""
        return float(1 - self.scale * pictures**-self.exponent - self.floor)


@dataclass(frozen=True)
class Growth:
    """A learning curve and where it leads.

    Args:
        measured: by number of pictures, rising.
        law: fitted to them; `None`: it would say nothing.
        gain: of twice as many pictures as the largest set, in accuracy.
        why_not: why there is no law, in words; "" where there is one.
    """

    measured: tuple[Measured, ...]
    law: PowerLaw | None
    gain: Interval | None
    why_not: str = ""

    @property
    def sentence(self) -> str:
        """What a person should make of it."""
        most = self.measured[-1].pictures
        if self.gain is None:
            return f"What {2 * most:,} pictures would reach cannot be told: " + (
                self.why_not
            )
        points, low, high = (
            100 * share for share in (self.gain.value, self.gain.low, self.gain.high)
        )
        return (
            f"Twice as many training pictures, {2 * most:,}, would bring about "
            f"{points:.1f} points of accuracy more ({low:.1f} to {high:.1f}, "
            f"{self.gain.confidence:.0%}), if it goes on as it went so far."
        )


def fit_growth(
    measured: Sequence[Measured], units: NDArray[np.intp], *, seed: int = 0
) -> Growth:
    """Fit the power law, and say what twice as many pictures would bring.

    The interval draws test pictures (units whole) and training sets again. Sets of more
    than half of the pictures overlap, so it is rather too narrow than too wide.

    Args:
        measured: rising in pictures; all on the same test pictures.
        units: `(num_tests,)`; equal numbers are twins, or of one group.
        seed: of the draws.
    """
    measured = tuple(measured)
    if len(measured) < FEWEST_SIZES:
        return Growth(
            measured,
            None,
            None,
            f"there are {len(measured)} sizes of training sets where {FEWEST_SIZES} "
            "are needed; there are too few pictures.",
        )
    sizes = np.array([one.pictures for one in measured], dtype=np.float64)
    draws = np.array([len(one.right) for one in measured])
    # Errors of larger sets vary less, and so do means over more draws.
    weights = sizes * draws
    errors = np.array([1 - one.accuracy for one in measured])
    law = fit_power_law(sizes, errors, weights)
    drawn = _drawn_errors(measured, units, seed)
    rises = float((drawn[:, 0] > drawn[:, -1]).mean())
    if rises < CONFIDENCE:
        return Growth(measured, None, None, "accuracy does not grow beyond chance yet.")
    gains = _gains(sizes, drawn, weights)
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(gains, [tail, 1 - tail])
    gain = law.accuracy(2 * sizes[-1]) - law.accuracy(sizes[-1])
    if high - low > errors[-1]:
        return Growth(
            measured,
            None,
            None,
            f"anything from {100 * low:.1f} to {100 * high:.1f} points more would fit "
            "what was measured.",
        )
    interval = Interval(
        value=gain,
        low=min(float(low), gain),
        high=max(float(high), gain),
        confidence=CONFIDENCE,
    )
    return Growth(measured, law, interval)


def fit_power_law(sizes: Values, errors: Values, weights: Values) -> PowerLaw:
    """Weighted least squares; neither scale nor floor are below 0.

    Args:
        sizes: numbers of training pictures `(num_sizes,)`.
        errors: shares `(num_sizes,)`.
        weights: of the squares `(num_sizes,)`.
    """
    scale, exponent, floor = _fit_all(sizes, errors[None], weights)[0]
    return PowerLaw(float(scale), float(exponent), float(floor))


def _fit_all(sizes: Values, errors: Values, weights: Values) -> Values:
    """Scale, exponent and floor `(num_fits, 3)` for errors `(num_fits, num_sizes)`."""
    best = np.full(len(errors), np.inf)
    found = np.zeros((len(errors), 3))
    for exponent in EXPONENTS:
        powers = sizes**-exponent
        scale, floor = _fit_two(powers, errors, weights)
        misses = errors - scale[:, None] * powers - floor[:, None]
        squares = misses**2 @ weights
        better = squares < best
        best[better] = squares[better]
        found[better] = np.stack([scale, np.full_like(scale, exponent), floor], axis=1)[
            better
        ]
    return found


def _fit_two(powers: Values, errors: Values, weights: Values) -> tuple[Values, Values]:
    """Scale and floor `(num_fits,)`, both at least 0, for one exponent."""
    shares = weights / weights.sum()
    mean_power, mean_error = shares @ powers, errors @ shares
    spread = shares @ (powers - mean_power) ** 2
    scale = (errors - mean_error[:, None]) @ (shares * (powers - mean_power)) / spread
    scale = np.maximum(scale, 0)
    floor = mean_error - scale * mean_power
    alone = errors @ (shares * powers) / (shares @ powers**2)
    scale = np.where(floor < 0, alone, scale)
    return scale, np.maximum(floor, 0)


def _gains(sizes: Values, errors: Values, weights: Values) -> Values:
    """What twice as many pictures bring by the law of each row `(num_fits,)`."""
    scale, exponent, _ = _fit_all(sizes, errors, weights).T
    return np.asarray(scale * sizes[-1] ** -exponent * (1 - 2.0**-exponent))


def _drawn_errors(
    measured: Sequence[Measured], units: NDArray[np.intp], seed: int
) -> Values:
    """Errors `(DRAWS, num_sizes)` of training sets and test units drawn again."""
    generator = random_generator(seed, "learning curve")
    _, unit_of = np.unique(units, return_inverse=True)
    count = int(unit_of.max()) + 1
    drawn = generator.integers(0, count, (DRAWS, count))
    times = np.stack([np.bincount(row, minlength=count) for row in drawn])[:, unit_of]
    totals = times.sum(axis=1)
    columns = []
    for one in measured:
        # Each draw's errors on each drawn test; then the draws themselves again.
        shares = times @ (~one.right).T.astype(np.float64) / totals[:, None]
        chosen = generator.integers(0, len(one.right), shares.shape)
        columns.append(np.take_along_axis(shares, chosen, axis=1).mean(axis=1))
    return np.stack(columns, axis=1)
