"""Panels: what is strong is light, in gray too; what speaks against is hatched."""

import numpy as np
import pytest

from visus.reporting.heat import heat_over, heat_picture, scale_bar, shares, shown_large
from visus.reporting.panel import heat_panel


def lightness(pixels: np.ndarray) -> np.ndarray:
    return pixels.astype(float) @ [0.2126, 0.7152, 0.0722]


def test_stronger_is_lighter_for_and_against():
    steps = np.linspace(0, 1, 12, dtype=np.float32)[None]
    for_it = lightness(heat_picture(steps, (1, 12)))[0]
    assert (np.diff(for_it) > 0).all()
    assert for_it[-1] - for_it[0] > 200
    column = np.repeat(-steps, 40, axis=0)
    against = lightness(heat_picture(column, (40, 12))).max(axis=0)
    assert (np.diff(against) > 0).all()


def test_what_speaks_against_is_hatched_and_what_speaks_for_is_not():
    flat = np.full((30, 30), 0.8, np.float32)
    assert np.ptp(lightness(heat_picture(flat, (30, 30)))) == 0
    assert lightness(heat_picture(-flat, (30, 30))).std() > 20


def test_the_strongest_half_is_outlined():
    values = np.zeros((40, 40), np.float32)
    values[10:20, 10:20] = 1
    gray = np.zeros((200, 200, 3), np.uint8)
    drawn = heat_over(gray, values)
    assert (drawn == 255).all(axis=2).sum() > 100
    assert not (heat_over(gray, values * 0) == 255).all(axis=2).any()


def test_shares_of_a_flat_and_of_a_spiked_map():
    scaled, strongest = shares(np.zeros((5, 5), np.float32))
    assert strongest == 0 and not scaled.any()
    spiked = np.ones((50, 50), np.float32)
    spiked[0, 0] = 1000
    scaled, strongest = shares(spiked)
    assert strongest == 1 and scaled.max() == 1


@pytest.mark.parametrize("shape", [(28, 28, 1), (30, 90, 3), (300, 200, 3)], ids=str)
def test_a_panel_of_any_picture(shape):
    draws = np.random.default_rng(0)
    pixels = draws.integers(0, 256, shape, dtype=np.uint8)
    values = draws.normal(0, 1, shape[:2]).astype(np.float32)
    words = {"title": "cat 93.0%: rise", "lines": ["a.jpg " * 60], "unit": "score"}
    drawn = heat_panel(pixels, values, signed=True, **words)
    assert drawn.dtype == np.uint8 and drawn.shape[2] == 3
    assert (drawn[0] == 255).all() and (drawn[:, -1] == 255).all()
    large = shown_large(pixels, 340)
    assert max(large.shape) == pytest.approx(340, abs=30)
    assert scale_bar((50, 8), signed=False).shape == (50, 8, 3)
