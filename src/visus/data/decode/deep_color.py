"""16-bit color, which Pillow reads by the upper byte alone: both bytes, put together.

Pillow's unpackers for the two byte orders each keep one byte of the two. So the file is
decoded a second time with the other order, which gives the lower byte; no codec of our
own touches the bytes. 16-bit inks (CMYK), premultiplied TIFF, compressed separate
planes and plain PPM keep their upper byte.
"""

import sys
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from visus.data.decode.depth import scaled_to_bytes

_COLORS = ("RGB", "RGBA", "RGBX")
_OTHER_ORDER = {"B": "L", "L": "B", "N": "B" if sys.byteorder == "little" else "L"}
# Gray and alpha, each of two bytes, are four bytes a pixel, as RGBA is.
_GRAY_ALPHA = "LA;16B"
# TIFF tags: how the colors lie, and bits of each.
_PLANES = 284
_BITS = 258

Values = NDArray[np.uint16]


def read_deep_color(
    image: Any, content: bytes, again: Callable[[], Any]
) -> Values | None:
    """All bits of a picture of 16-bit color; `image` is loaded by the way.

    Args:
        image: opened and not loaded.
        content: the whole file.
        again: opens the file once more.

    Returns:
        uint16 `(height, width, 3)`, or 4 with alpha; `None` where this is no such
        picture. Values are of the range that the file has.
    """
    if image.format == "PPM":
        return _raw_ppm(image, content)
    tiles = getattr(image, "tile", None) or []
    lower = [_lower(image, _raw_mode(tile)) for tile in tiles]
    if not lower or None in lower:
        return None
    gray = _raw_mode(tiles[0]) == _GRAY_ALPHA
    image.tile = [_with_mode(tile, _upper(image, _raw_mode(tile))) for tile in tiles]
    image.load()
    values = np.asarray(image).astype(np.uint16)
    values <<= 8
    with again() as other:
        other.tile = list(map(_with_mode, other.tile, lower))
        other.load()
        low = np.asarray(other)
        values |= low[..., [1, 1, 1, 3]] if gray else low
    return values


def deep_color_levels(image: Any, values: Values) -> tuple[NDArray[np.uint8], bool]:
    """8 bits, all three colors on one scale so that hues stay; clear parts are white.

    Args:
        image: loaded; a color may be marked as transparent.
        values: uint16 `(height, width, 3 or 4)`.

    Returns:
        uint8 `(height, width, 3)`, and whether anything was transparent.
    """
    colors = values[..., :3]
    key = image.info.get("transparency")
    if values.shape[2] == 4:
        alpha = values[..., 3]
    elif isinstance(key, tuple) and len(key) == 3:
        alpha = np.where((colors == key).all(axis=2), 0, 65535).astype(np.uint16)
    else:
        return scaled_to_bytes(colors), False
    hidden = np.broadcast_to((alpha == 0)[..., None], colors.shape)
    levels = scaled_to_bytes(colors, hidden)
    if alpha.min() == 65535:
        return levels, False
    share = (alpha / np.float32(65535))[..., None]
    white = np.rint(255 + share * (levels.astype(np.float32) - 255))
    return white.astype(np.uint8), True


def _raw_mode(tile: Any) -> str:
    return str(tile.args[0] if isinstance(tile.args, tuple) else tile.args)


def _with_mode(tile: Any, raw: str | None) -> Any:
    args = (raw, *tile.args[1:]) if isinstance(tile.args, tuple) else raw
    return tile._replace(args=args)


def _upper(image: Any, raw: str) -> str:
    """How Pillow's decoder is told to give the upper bytes of a tile."""
    # Of a plane that is not compressed Pillow forgets that it has 16 bits.
    return f"{raw};16{_order(image)}" if _is_plane(image, raw) else raw


def _lower(image: Any, raw: str) -> str | None:
    """How it is told to give the lower bytes; `None` where it cannot be."""
    if raw == _GRAY_ALPHA:
        return "RGBA"
    if _is_plane(image, raw):
        return f"{raw};16{_OTHER_ORDER[_order(image)]}"
    colors, _, order = raw.partition(";16")
    if colors not in _COLORS or order not in _OTHER_ORDER or _in_planes(image):
        return None
    return f"{colors};16{_OTHER_ORDER[order]}"


def _in_planes(image: Any) -> bool:
    return bool(getattr(image, "tag_v2", {}).get(_PLANES) == 2)


def _is_plane(image: Any, raw: str) -> bool:
    bits = getattr(image, "tag_v2", {}).get(_BITS, ())
    return _in_planes(image) and raw in "RGBA" and set(bits) == {16}


def _order(image: Any) -> str:
    return "L" if image.tag_v2.prefix == b"II" else "B"


def _raw_ppm(image: Any, content: bytes) -> Values | None:
    """Source: netpbm's ppm(5): above a greatest value of 255, two bytes, high first."""
    tile = image.tile[0] if image.tile else None
    if tile is None or tile.codec_name != "ppm" or tile.args[0] != "RGB":
        return None
    if tile.args[1] <= 255:
        return None
    shape = (image.height, image.width, 3)
    values = np.frombuffer(content, ">u2", int(np.prod(shape)), tile.offset)
    return values.reshape(shape).astype(np.uint16)
