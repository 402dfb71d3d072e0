import numpy as np
import pytest

from visus.data.augment.apply import apply_draw
from visus.data.augment.captions import changes_in_words
from visus.data.augment.draw import draw_changes, draw_parts
from visus.data.augment.numbers import picture_keys
from visus.data.config import AugmentConfig

SIDE = 41
KEYS = picture_keys([str(number) for number in range(40)])[None]


def spots(config):
    """The words, and where spots to the right of and above the middle go."""
    pixels = np.zeros((1, 40, SIDE, SIDE, 1), dtype=np.uint8)
    shape = pixels.shape[2:]
    drawn = draw_changes(config, shape, KEYS, seed=0, epoch=0)
    parts = draw_parts(config, shape, KEYS, seed=0, epoch=0)
    words = [
        changes_in_words({name: values[0, row] for name, values in parts.items()})
        for row in range(40)
    ]
    found = []
    for row, column in ((20, 28), (12, 20)):
        spot = pixels.copy()
        spot[:, :, row - 1 : row + 2, column - 1 : column + 2] = 255
        changed = apply_draw(spot, drawn)[0, ..., 0]
        weight = changed.sum(axis=(1, 2))
        grid = np.mgrid[:SIDE, :SIDE] - 20
        found.append((changed[:, None] * grid).sum(axis=(2, 3)) / weight[:, None])
    return words, *found


def test_a_turn_is_named_by_its_side():
    words, right_of_middle, _ = spots(AugmentConfig(rotate=60))
    for said, (down, right) in zip(words, right_of_middle, strict=True):
        degrees = np.degrees(np.arctan2(-down, right))
        _, turn, side = said[0].split() if said else ("turned", "0°", "left")
        signed = int(turn.removesuffix("°")) * (1 if side == "left" else -1)
        assert degrees == pytest.approx(signed, abs=2)


def test_a_slant_is_named_by_where_the_top_goes():
    words, _, above_middle = spots(AugmentConfig(shear=30))
    for said, (_, right) in zip(words, above_middle, strict=True):
        side = "right" if right > 0.2 else "left" if right < -0.2 else ""
        assert not side or said[0].endswith(side)


def test_moves_and_sizes_are_named_by_what_is_seen():
    words, spot, _ = spots(AugmentConfig(shift=0.2))
    for said, (down, right) in zip(words, spot, strict=True):
        moved = {"left": 0, "right": 0, "up": 0, "down": 0}
        for phrase in said:
            amount, _, side = phrase.split()
            moved[side] = int(amount)
        assert right - 8 == pytest.approx(moved["right"] - moved["left"], abs=0.01)
        assert down == pytest.approx(moved["down"] - moved["up"], abs=0.01)
    words, spot, _ = spots(AugmentConfig(zoom=0.5))
    for said, (_, right) in zip(words, spot, strict=True):
        size = int(said[0].split()[1].removesuffix("%")) if said else 100
        assert 100 * right / 8 == pytest.approx(size, abs=2)


def test_poses_and_colors_are_named():
    part = {"flip": np.array(-1.0), "quarter_turns": np.array(1.0)}
    assert changes_in_words(part) == ["turned 90° left", "mirrored"]
    part = {"brightness": np.array(1.2), "contrast": np.array(1.001)}
    assert changes_in_words(part) == ["brightness +20%"]


def test_noise_is_named_by_its_spread_and_its_grain():
    noise = [[51.0, 1.0, 3.0, 0.0], [25.5, 12.4, 3.0, 1.0], [1.0, 12.4, 3.0, 1.0]]
    words = [changes_in_words({"noise": np.array(row)}) for row in noise]
    assert words == [["noise 20%"], ["noise 10% of 12 px"], []]
