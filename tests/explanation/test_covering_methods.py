"""Occlusion and RISE find the part that a made-up score hangs on; chance finds none."""

import numpy as np
import pytest

from visus.data.preprocess import PreprocessSpec
from visus.data.records import Box, Mask
from visus.explanation.base import HeatMap, Subject
from visus.explanation.faithfulness import (
    Faith,
    curves_of,
    pixel_order,
    random_curves,
)
from visus.explanation.marked import mask_of
from visus.explanation.occlusion import Occlusion, OcclusionSettings
from visus.explanation.pointing_game import hits, pointing_game
from visus.explanation.random_map import RandomMap, RandomMapSettings
from visus.explanation.resize import blurred, enlarged
from visus.explanation.rise import Rise, RiseSettings
from visus.explanation.sanity import rank_correlation, sanity_of

# Where the only thing of the picture stands.
ROWS, COLUMNS = slice(4, 10), slice(15, 21)


def bright_square() -> Subject:
    """A score that is the mean brightness of one square, and 1 less it."""
    pixels = np.full((24, 28, 1), 20, dtype=np.uint8)
    pixels[ROWS, COLUMNS] = 250

    def scores(pixels):
        share = pixels[:, ROWS, COLUMNS].mean(axis=(1, 2, 3)) / 255
        return np.stack([share, 1 - share], axis=1).astype(np.float32)

    return Subject(pixels, 0, scores)


def inside(values: np.ndarray) -> float:
    """How much larger the map is on the square than elsewhere, in spreads."""
    mask = np.zeros(values.shape, dtype=bool)
    mask[ROWS, COLUMNS] = True
    return float((values[mask].mean() - values[~mask].mean()) / (values.std() + 1e-9))


METHODS = {
    "occlusion": Occlusion(OcclusionSettings()),
    "rise": Rise(RiseSettings(masks=400)),
}


@pytest.mark.parametrize("name", METHODS)
def test_the_part_that_counts_is_found(name):
    subject = bright_square()
    values = METHODS[name].explain(subject).values
    assert values.shape == subject.size
    assert values.dtype == np.float32
    assert inside(values) > 1.5
    mask = np.zeros(values.shape, dtype=bool)
    mask[ROWS, COLUMNS] = True
    assert hits(values, mask)


@pytest.mark.parametrize("name", METHODS)
def test_it_beats_every_random_map_and_chance_does_not(name):
    subject = bright_square()
    random = random_curves(subject)
    values = METHODS[name].explain(subject).values
    assert Faith(curves_of(subject, values), random).beats_random
    chance = RandomMap(RandomMapSettings()).explain(subject).values
    assert not Faith(curves_of(subject, -values), random).beats_random
    assert abs(inside(chance)) < 1.5


def test_one_square_of_occlusion_by_hand():
    subject = bright_square()
    whole = Occlusion(OcclusionSettings(size=1, steps=1, fill="black"))
    values = whole.explain(subject).values
    # All covered: the score falls from 250/255 to 0, wherever one looks.
    np.testing.assert_allclose(values, 250 / 255, atol=1e-6)


def test_curves_begin_and_end_where_they_must():
    subject = bright_square()
    curves = curves_of(subject, np.zeros(subject.size, np.float32))
    score = float(subject.score(subject.pixels[None])[0])
    assert curves.deletion[0] == pytest.approx(score)
    assert curves.insertion[-1] == pytest.approx(score)
    mean = round(float(subject.pixels.mean()))
    assert curves.deletion[-1] == pytest.approx(mean / 255, abs=1e-6)
    assert curves.insertion[0] < score


def test_pixels_go_from_the_largest_on_and_ties_by_chance():
    order = pixel_order(np.array([[0.0, 3.0], [1.0, 2.0]], np.float32))
    assert order.tolist() == [1, 3, 2, 0]
    ties = pixel_order(np.zeros((8, 8), np.float32))
    assert sorted(ties.tolist()) == list(range(64))
    assert ties.tolist() != list(range(64))


def test_rank_correlation_is_that_of_scipy():
    stats = pytest.importorskip("scipy.stats")
    draws = np.random.default_rng(0)
    one = draws.integers(0, 5, (9, 9)).astype(np.float32)
    other = one + draws.normal(0, 2, (9, 9)).astype(np.float32)
    expected = stats.spearmanr(one.ravel(), other.ravel()).statistic
    assert rank_correlation(one, other) == pytest.approx(expected, abs=1e-6)
    assert rank_correlation(one, np.ones_like(one)) == 0


def test_a_map_that_does_not_look_at_the_network_is_found_out():
    subject = bright_square()

    def edges(asked):
        gray = asked.pixels[..., 0].astype(np.float32)
        return HeatMap(np.abs(gray - gray.mean()), "contrast")

    assert not sanity_of(edges(subject).values, edges, [subject] * 3).changes


def test_the_pointing_game_counts_hits_and_leaves_out_empty_masks():
    values = np.zeros((20, 20), np.float32)
    values[3, 3] = 1
    there, away = np.zeros((2, 20, 20), dtype=bool)
    there[2:5, 2:5] = True
    away[12:, 12:] = True
    empty = np.zeros_like(there)
    assert pointing_game([(values, m) for m in (there, away, empty)]) == (1, 2)


def test_a_mask_is_filled_and_goes_the_way_of_the_picture():
    spec = PreprocessSpec(image_size=(10, 10), channels=3, interpolation="nearest")
    box = Box("a", 20, 10, 60, 30)
    mask = mask_of([box], (40, 80), spec)
    assert mask.sum() == 5 * 5
    assert mask[3:7, 3:7].all()
    triangle = Mask(polygons=((0.0, 0.0, 80.0, 0.0, 0.0, 40.0),))
    half = mask_of([Box("a", 0, 0, 80, 40, triangle)], (40, 80), spec)
    assert 40 <= half.sum() <= 60
    assert half[0, 0] and not half[9, 9]


def test_enlarging_and_blurring_keep_what_is_constant():
    flat = np.full((3, 5), 7, np.float32)
    np.testing.assert_allclose(enlarged(flat, (11, 6)), 7)
    pixels = np.full((9, 12, 3), 77, np.uint8)
    assert (blurred(pixels, 0.2) == 77).all()


def test_enlarging_is_that_of_tensorflow():
    tensorflow = pytest.importorskip("tensorflow")
    values = np.random.default_rng(0).random((4, 7)).astype(np.float32)
    expected = tensorflow.image.resize(values[None, ..., None], (13, 20))
    np.testing.assert_allclose(
        enlarged(values, (13, 20)), np.asarray(expected)[0, ..., 0], atol=1e-5
    )
