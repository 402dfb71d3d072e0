"""Power laws against SciPy, and sentences that a person can rely on."""

import numpy as np
import pytest
from scipy.optimize import least_squares

from visus.evaluation.learning_curve import (
    Measured,
    fit_growth,
    fit_power_law,
)

SIZES = np.array([50.0, 100, 200, 400, 800])
UNITS = np.arange(2_000)


def measured(errors: np.ndarray, seed: int = 0, draws: int = 6) -> list[Measured]:
    """Test pictures that are wrong with these shares; hard ones are hard for all."""
    generator = np.random.default_rng(seed)
    hard = generator.permutation(len(UNITS)) / len(UNITS)
    blur = [generator.normal(0, 0.03, (draws, len(UNITS))) for _ in errors]
    return [
        Measured(int(size), hard + noise >= error)
        for size, error, noise in zip(SIZES, errors, blur, strict=True)
    ]


@pytest.mark.parametrize(
    ("scale", "exponent", "floor"), [(2.0, 0.5, 0.05), (1.0, 0.3, 0.0), (3.0, 1.0, 0.1)]
)
def test_a_power_law_is_found_again(scale, exponent, floor):
    errors = scale * SIZES**-exponent + floor
    law = fit_power_law(SIZES, errors, SIZES)
    assert law.accuracy(1_600) == pytest.approx(
        1 - scale * 1_600**-exponent - floor, abs=2e-3
    )


def test_noisy_errors_are_fitted_as_scipy_fits_them():
    generator = np.random.default_rng(3)
    errors = 1.5 * SIZES**-0.5 + 0.05 + generator.normal(0, 0.005, 5)

    def misses(parameters: np.ndarray) -> np.ndarray:
        scale, exponent, floor = parameters
        return np.sqrt(SIZES) * (scale * SIZES**-exponent + floor - errors)

    bounds = ([0, 0.05, 0], [np.inf, 3, np.inf])
    peer = least_squares(misses, [1, 0.5, 0.01], bounds=bounds)
    law = fit_power_law(SIZES, errors, SIZES)
    ours = misses(np.array([law.scale, law.exponent, law.floor]))
    # The exponent is one of a grid, so the squares may be a little larger.
    assert (ours**2).sum() <= 2 * peer.cost * 1.02
    scale, exponent, floor = peer.x
    expected = 1 - scale * 1_600**-exponent - floor
    assert law.accuracy(1_600) == pytest.approx(expected, abs=2e-3)


def test_errors_that_rise_are_fitted_by_a_constant():
    law = fit_power_law(SIZES, np.array([0.1, 0.2, 0.2, 0.3, 0.3]), SIZES)
    assert law.scale == 0
    assert law.accuracy(1_600) == pytest.approx(law.accuracy(50))


def test_twice_as_many_pictures_bring_what_the_law_says():
    growth = fit_growth(measured(1.5 * SIZES**-0.5), UNITS)
    truth = 1.5 * (800**-0.5 - 1_600**-0.5)
    assert growth.gain is not None
    assert growth.gain.low < truth < growth.gain.high
    assert growth.gain.high - growth.gain.low < 0.02
    assert growth.sentence.startswith(
        "Twice as many training pictures, 1,600, would bring about 1.5"
    )
    assert growth.sentence == fit_growth(growth.measured, UNITS).sentence


def test_no_growth_is_said():
    growth = fit_growth(measured(np.full(5, 0.3)), UNITS)
    assert growth.law is None
    assert growth.sentence == (
        "What 1,600 pictures would reach cannot be told: accuracy does not grow beyond "
        "chance yet."
    )


def test_too_few_sizes_are_said():
    growth = fit_growth(measured(1.5 * SIZES**-0.5)[:3], UNITS)
    assert "3 sizes of training sets where 4 are needed" in growth.sentence


def test_few_test_pictures_leave_anything_possible():
    few = [Measured(m.pictures, m.right[:1, :20]) for m in measured(SIZES**-0.3)]
    growth = fit_growth(few, np.arange(20))
    assert growth.gain is None
    assert "cannot be told" in growth.sentence


def test_test_pictures_of_one_unit_are_no_independent_witnesses():
    errors = 1.5 * SIZES**-0.5
    alone = fit_growth(measured(errors), UNITS)
    together = fit_growth(measured(errors), UNITS // 40)
    widths = [one.gain.high - one.gain.low for one in (alone, together) if one.gain]
    assert len(widths) == 2
    assert widths[1] != widths[0]
