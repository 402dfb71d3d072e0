"""Warps: one thumbnail laid over another, and how alike they are then.

A crop moves and stretches a picture: four numbers, where its left, right, top and
bottom edge lie in the whole one. They are found by Gauss-Newton steps on the difference
of the pictures (Lucas and Kanade, "An iterative image registration technique", 1981).
"""

import numpy as np
from numpy.typing import NDArray

# Steps towards the best fit; crops of a few percent need three or four.
STEPS = 5
# Of a side: two crops of one picture reach past each other by as much as 5 %; a window
# found farther outside, or of less than the part, shows another picture.
OUTSIDE = 0.06
SMALLEST_PART = 0.85
# Pictures laid over each other at once: what stays in the processor's cache.
PIECE = 256

# Fine structure of less than half a level of gray is rounding.
LEAST_STRUCTURE = 0.5
# Levels of gray by which a blank pixel differs from the mean of those around it.
BLANK = 1.0

# Top and bottom, left and right edge of a part, as shares of the sides.
Window = tuple[tuple[float, float], tuple[float, float]]
WHOLE: Window = ((0.0, 1.0), (0.0, 1.0))

Floats = NDArray[np.float32]
Pixels = NDArray[np.uint8] | Floats


def window_matrix(side: int, edges: tuple[float, float]) -> Floats:
    """What brings a part of a line of pixels to the whole line's length.

    Args:
        side: pixels of the line, before and after.
        edges: start and end of the part, as shares of the line.

    Returns:
        `(side, side)`: the line times this is the part, linearly interpolated.
    """
    matrices, _ = _windows(side, np.array([edges], dtype=np.float32))
    return np.asarray(matrices[0])


def likeness(first: Pixels, second: Pixels) -> Floats:
    """How alike the fine structure of pictures is, -1 to 1, `(num_pairs,)`.

    The correlation of what is left after subtracting the mean of each pixel's 3 by 3
    neighbours. Photographs that only share a composition are alike by less than 0.5;
    brightness and contrast play no part. 0 for pictures without structure.

    Args:
        first: `(num_pairs, side, side)`.
        second: the like.
    """
    ours, theirs = _fine(first), _fine(second)
    return np.asarray(np.einsum("pf,pf->p", ours, theirs))


def blank_share(thumbnails: NDArray[np.uint8]) -> Floats:
    """The share of pixels that are as those around them, `(num_images,)`.

    Below a half for photographs, above it for letters and line drawings.

    Args:
        thumbnails: `(num_images, side, side)`.
    """
    pieces = range(0, len(thumbnails), PIECE)
    found = [
        (np.abs(_without_mean(thumbnails[p : p + PIECE])) <= BLANK).mean(axis=(1, 2))
        for p in pieces
    ]
    return np.concatenate([*found, np.empty(0)]).astype(np.float32)


def aligned_likeness(whole: Pixels, part: Pixels, window: Window) -> Floats:
    """How alike pictures are when the one is cropped to fit the other best.

    Args:
        whole: `(num_pairs, side, side)`, what is cropped.
        part: `(num_pairs, side, side)`.
        window: of the whole, where the search begins.

    Returns:
        `likeness` of the cropped whole and the part, `(num_pairs,)`; 0 where the best
        window is no crop of a few percent.
    """
    pieces = range(0, len(whole), PIECE)
    found = [_align(whole[p : p + PIECE], part[p : p + PIECE], window) for p in pieces]
    return np.concatenate([*found, np.empty(0, np.float32)])


def _align(whole: Pixels, part: Pixels, window: Window) -> Floats:
    side = whole.shape[1]
    theirs = _standard(part)
    edges = np.repeat(np.array(window, np.float32)[:, None], len(whole), axis=1)
    pictures = whole.astype(np.float32)
    for _ in range(STEPS):
        down, down_slope = _windows(side, edges[0])
        right, right_slope = _windows(side, edges[1])
        slopes_y = _cropped(pictures, down_slope, right)
        slopes_x = _cropped(pictures, down, right_slope)
        edges += _step(_cropped(pictures, down, right), slopes_y, slopes_x, theirs)
    down, _ = _windows(side, edges[0])
    right, _ = _windows(side, edges[1])
    alike = likeness(_cropped(pictures, down, right), part)
    return np.where(_is_crop(edges), alike, np.float32(0))


def _is_crop(edges: Floats) -> NDArray[np.bool_]:
    """Whether these parts lie in the whole and are most of it, `(num_pairs,)`."""
    inside = (edges[..., 0] > -OUTSIDE) & (edges[..., 1] < 1 + OUTSIDE)
    most = edges[..., 1] - edges[..., 0] > SMALLEST_PART
    return np.asarray((inside & most).all(axis=0))


def _cropped(pictures: Floats, down: Floats, right: Floats) -> Floats:
    cropped: Floats = np.matmul(np.matmul(down, pictures), right.transpose(0, 2, 1))
    return cropped


def _step(
    cropped: Floats, slopes_y: Floats, slopes_x: Floats, wanted: Floats
) -> Floats:
    """How far to move top and bottom, left and right, `(2, num_pairs, 2)`."""
    num_pairs, side = cropped.shape[:2]
    ours = cropped.reshape(num_pairs, -1)
    scale = np.maximum(ours.std(axis=1), 1e-3)[:, None]
    missing = wanted - (ours - ours.mean(axis=1, keepdims=True)) / scale
    # A pixel in the middle moves by half of what either edge moves.
    share = ((np.arange(side, dtype=np.float32) + 0.5) / side)[:, None]
    columns = [
        (slopes_y * (1 - share)).reshape(num_pairs, -1),
        (slopes_y * share).reshape(num_pairs, -1),
        (slopes_x * (1 - share.T)).reshape(num_pairs, -1),
        (slopes_x * share.T).reshape(num_pairs, -1),
    ]
    slopes = np.stack(columns, axis=2) / scale[..., None]
    normal = slopes.transpose(0, 2, 1) @ slopes + 1e-3 * np.eye(4, dtype=np.float32)
    moves = np.linalg.solve(normal, slopes.transpose(0, 2, 1) @ missing[..., None])
    # A step past a tenth of the side is no crop of a few percent, but a wrong turn.
    steps: Floats = np.clip(moves[..., 0], -0.1, 0.1)
    return steps.reshape(num_pairs, 2, 2).transpose(1, 0, 2)


def _windows(side: int, edges: Floats) -> tuple[Floats, Floats]:
    """Matrices `(num, side, side)` that take a part of a line, and their slopes.

    Args:
        side: pixels of a line.
        edges: `(num, 2)`, start and end of the part, as shares of the line.
    """
    share = (np.arange(side, dtype=np.float32) + 0.5) / side
    places = edges[:, :1] + (edges[:, 1:] - edges[:, :1]) * share
    # Past an edge, the edge itself.
    places = np.clip(places * side - 0.5, 0, side - 1)
    apart = places[..., None] - np.arange(side, dtype=np.float32)
    near = np.abs(apart) < 1
    weights = np.where(near, 1 - np.abs(apart), 0)
    slopes = np.where(near, -np.sign(apart) * np.float32(side), 0)
    return weights.astype(np.float32), slopes.astype(np.float32)


def _standard(pictures: Pixels) -> Floats:
    """Mean 0 and deviation 1, `(num_pairs, side * side)`."""
    flat = pictures.astype(np.float32).reshape(len(pictures), -1)
    flat -= flat.mean(axis=1, keepdims=True)
    flat /= np.maximum(flat.std(axis=1, keepdims=True), np.float32(1e-3))
    return flat


def _fine(pictures: Pixels) -> Floats:
    side = pictures.shape[1]
    fine = _without_mean(pictures).reshape(len(pictures), side * side)
    fine -= fine.mean(axis=1, keepdims=True)
    lengths = np.linalg.norm(fine, axis=1, keepdims=True)
    fine[lengths[:, 0] <= side * LEAST_STRUCTURE] = 0
    standard: Floats = fine / np.maximum(lengths, 1)
    return standard


def _without_mean(pictures: Pixels) -> Floats:
    """Each pixel less the mean of its 3 by 3 neighbours; edges are repeated."""
    padded = np.pad(pictures.astype(np.float32), ((0, 0), (1, 1), (1, 1)), mode="edge")
    rows = padded[:, :-2] + padded[:, 1:-1] + padded[:, 2:]
    sums = rows[:, :, :-2] + rows[:, :, 1:-1] + rows[:, :, 2:]
    fine: Floats = padded[:, 1:-1, 1:-1] - sums / np.float32(9)
    return fine
