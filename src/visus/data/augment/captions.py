"""The changes drawn for one picture, in words."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

# One picture's part of what `draw_parts` gives.
Part = Mapping[str, NDArray[np.float64]]


def changes_in_words(part: Part) -> list[str]:
    """What was done to a picture, one phrase a change, in the order of doing.

    What rounds to nothing is left out, and so is mixing, which is told as labels.

    Args:
        part: the changes drawn for it.

    Example:
        >>> changes_in_words({"flip": np.array(-1.0), "rotate": np.array(12.4)})
        ['turned 12° left', 'mirrored']
    """
    words = [*_moves(part), *_turns(part), *_sizes(part)]
    for name, mirrored in (("flip", "mirrored"), ("upside_down", "upside down")):
        if part.get(name, 1) == -1:
            words.append(mirrored)
    for name in ("brightness", "contrast", "saturation"):
        if percent := round(100 * (float(part.get(name, 1)) - 1)):
            words.append(f"{name} {percent:+d}%")
    words += _noise(part)
    return [*words, "cut out"] if "cutout" in part else words


def _moves(part: Part) -> list[str]:
    # The output shows what lies so far to the right: the picture moves left.
    return _signed(part, "shift_right", "{} px left", "{} px right") + _signed(
        part, "shift_down", "{} px up", "{} px down"
    )


def _turns(part: Part) -> list[str]:
    quarters = int(part.get("quarter_turns", 0))
    return (
        ([f"turned {90 * quarters}° left"] if quarters else [])
        + _signed(part, "rotate", "turned {}° left", "turned {}° right")
        + _signed(part, "shear", "slanted {}° right", "slanted {}° left")
    )


def _sizes(part: Part) -> list[str]:
    # The output shows `zoom` times as much of the picture, which is smaller by that.
    size = 1 / float(part.get("zoom", 1))
    aspect = float(np.sqrt(part.get("stretch", 1)))
    wide, high = round(100 * size / aspect), round(100 * size * aspect)
    if wide == high:
        return [f"size {wide}%"] if wide != 100 else []
    return [f"width {wide}%", f"height {high}%"]


def _noise(part: Part) -> list[str]:
    spread, grain = part["noise"][:2] if "noise" in part else (0.0, 1.0)
    percent, side = round(100 * float(spread) / 255), round(float(grain))
    if percent == 0:
        return []
    return [f"noise {percent}%" + (f" of {side} px" if side > 1 else "")]


def _signed(part: Part, name: str, above: str, below: str) -> list[str]:
    amount = round(float(part.get(name, 0)))
    if amount == 0:
        return []
    return [(above if amount > 0 else below).format(abs(amount))]
