"""The gallery: which mistakes, in which order, with which words and pixels."""

import base64
import io

import numpy as np
import pytest
from PIL import Image

from visus.evaluation.gallery import MOST_TILES, mistakes_gallery

NAMES = ("cat", "dog", "owl")


def test_only_mistakes_hang_there_the_surest_first(batch, answered):
    test = batch([0, 1, 2, 0])
    predictions = answered(test.ids, [0, 0, 1, 2], NAMES, sure=[0.99, 0.6, 0.95, 0.7])
    gallery = mistakes_gallery(predictions, test)
    assert [tile.image_id for tile in gallery.tiles] == [
        "picture-2",
        "picture-3",
        "picture-1",
    ]
    assert gallery.tiles[0].caption == "answered dog (95.0%), is owl"
    assert gallery.note.startswith("3 of 4 answers are wrong")


def test_pictures_and_answers_are_matched_by_id(batch, answered):
    test = batch([0, 1, 2])
    predictions = answered(test.ids[::-1], [2, 0, 0], NAMES)
    (tile,) = mistakes_gallery(predictions, test).tiles
    assert tile.image_id == "picture-1"
    assert tile.caption == "answered cat (90.0%), is dog"


@pytest.mark.parametrize("channels", [1, 3])
def test_a_tile_shows_the_pixels_that_the_network_saw(batch, answered, channels):
    shape = (1, 12, 9, channels)
    pixels = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    test = batch([0], pixels)
    (tile,) = mistakes_gallery(answered(test.ids, [1], NAMES), test).tiles
    shown = Image.open(io.BytesIO(base64.b64decode(tile.png_base64)))
    np.testing.assert_array_equal(np.asarray(shown).reshape(12, 9, channels), pixels[0])


def test_a_gallery_is_small_and_says_how_many_there_are(batch, answered):
    test = batch([0] * 30)
    gallery = mistakes_gallery(answered(test.ids, [1] * 30, NAMES), test)
    assert len(gallery.tiles) == MOST_TILES == 24
    assert gallery.note.startswith("30 of 30")


def test_without_mistakes_there_is_no_gallery(batch, answered):
    test = batch([0, 1])
    assert mistakes_gallery(answered(test.ids, [0, 1], NAMES), test) is None
