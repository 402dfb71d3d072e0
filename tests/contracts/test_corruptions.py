"""What every corruption must keep to: sizes, determinism, severities that get worse."""

import numpy as np
import pytest

from visus.core.errors import ConfigError
from visus.data.corruptions import CORRUPTIONS, SEVERITIES, corrupted

NAMES = CORRUPTIONS.names()
# By how much a picture may differ less than at the severity before: they are draws, and
# ImageNet-C's own steps of glass, snow, elastic and fog change more than one number.
SLACK = {
    "elastic": 1e9,
    "glass-blur": 0.4,
    "snow": 0.4,
    "fog": 0.3,
    "frost": 0.3,
    "pixelate": 0.3,
    "shear": 0.3,
}


def scene(side: int, channels: int = 3) -> np.ndarray:
    """Bars, a disc and a slope: something for every corruption to spoil."""
    down, right = np.mgrid[:side, :side] / side
    bars = (np.sin(right * 40) > 0) * 0.4
    disc = ((down - 0.5) ** 2 + (right - 0.4) ** 2 < 0.05) * 0.4
    gray = 0.1 + 0.3 * down + bars * (down > 0.6) + disc
    picture = np.stack([gray, gray * 0.8, 0.9 - gray], axis=-1)[..., :channels]
    return np.round(np.clip(picture, 0, 1) * 255).astype(np.uint8)


def difference(name: str, severity: int, picture: np.ndarray) -> float:
    changed = corrupted(picture[None], name, severity)[0]
    return float(np.abs(changed.astype(float) - picture).mean())


def test_the_fifteen_of_imagenet_c_are_there():
    common = [p.name for p in CORRUPTIONS if p.facts["common"]]
    assert len(common) == 15
    with pytest.raises(ConfigError, match="fog"):
        corrupted(scene(32)[None], "fogg", 1)
    with pytest.raises(ValueError, match="severity"):
        corrupted(scene(32)[None], "fog", 6)


@pytest.mark.parametrize("name", NAMES)
def test_a_picture_is_changed_alike_always_and_ever_more(name):
    picture = scene(64)
    changed = corrupted(np.stack([picture, picture]), name, 3)
    assert changed.shape == (2, 64, 64, 3) and changed.dtype == np.uint8
    np.testing.assert_array_equal(changed[0], changed[1])
    found = [difference(name, severity, picture) for severity in SEVERITIES]
    assert found[0] > 0.3 and found[-1] > found[0] * (0 if name == "elastic" else 1)
    slack = SLACK.get(name, 0.05)
    for before, after in zip(found, found[1:], strict=False):
        assert after >= before * (1 - slack), found


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("shape", [(28, 28, 1), (12, 20, 3), (9, 8, 1)])
def test_small_and_gray_pictures_keep_their_shape(name, shape):
    pixels = np.random.default_rng(0).integers(0, 256, (1, *shape), dtype=np.uint8)
    for severity in (1, 5):
        changed = corrupted(pixels, name, severity)
        assert changed.shape == pixels.shape


@pytest.mark.parametrize("name", NAMES)
def test_black_white_and_no_pictures_are_no_obstacle(name):
    for value in (0, 255):
        pixels = np.full((1, 16, 16, 3), value, dtype=np.uint8)
        assert corrupted(pixels, name, 5).shape == pixels.shape
    assert corrupted(np.empty((0, 16, 16, 3), np.uint8), name, 1).shape[0] == 0
