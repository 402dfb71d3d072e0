"""Looks: what one pass notes of each picture beside its pixels, for twins and audit."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from visus.data.decode import Picture, as_picture

# Side of the gray thumbnails, in pixels.
THUMBNAIL_SIDE = 32
# Sharpness of pictures of any size is told at this one: the longest side, in pixels.
SHARPNESS_SIDE = 256
# Rows, and columns, whose spectrum tells the detail; more would only take longer.
DETAIL_LINES = 24
# Rows, and columns, whose pixels tell the colorfulness.
COLOR_LINES = 32
# Lines shorter than this have too few frequencies to tell anything.
SHORTEST_LINE = 16
# Honest photographs have nine tenths of their edges' power below about nine tenths of
# the highest frequency; pictures enlarged f times, below about 0.9 / f.
EDGE_POWER = 0.9

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Look:
    """What is noted of one picture; `Looks` says what each field means."""

    height: int
    width: int
    file_bytes: int
    format: str
    thumbnail: NDArray[np.uint8]
    brightness: float
    contrast: float
    sharpness: float
    detail: float
    entropy: float
    colorfulness: float
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Looks:
    """One row a picture, in the order of the records of the scan.

    Args:
        heights: int32 `(num_images,)`, upright, of the picture in its file.
        widths: int32 `(num_images,)`.
        file_bytes: int64 `(num_images,)`; 0 for pictures in memory.
        formats: as the content says, such as "JPEG"; "" for pictures in memory.
        thumbnails: uint8 `(num_images, 32, 32)`, luma, squashed.
        brightness: float32 `(num_images,)`, mean luma, 0 to 1. NaN, as all below, where
            the pass did not measure.
        contrast: float32 `(num_images,)`, standard deviation of luma, 0 to 0.5.
        sharpness: float32 `(num_images,)`, variance of the Laplacian of the luma, after
            bringing the longer side to at most 256 pixels.
        detail: float32 `(num_images,)`, the share of the picture's side up to which it
            holds detail: 1 for a picture at its own size, 1/4 for one that was
            enlarged four times.
        entropy: float32 `(num_images,)`, bits of the luma's histogram, 0 to 8.
        colorfulness: float32 `(num_images,)`, mean distance of the channels from
            their mean, 0 to 1; 0 for gray.
        notes: what was changed to read each, as `Decoded.notes`.
    """

    heights: NDArray[np.int32]
    widths: NDArray[np.int32]
    file_bytes: NDArray[np.int64]
    formats: tuple[str, ...]
    thumbnails: NDArray[np.uint8]
    brightness: Floats
    contrast: Floats
    sharpness: Floats
    detail: Floats
    entropy: Floats
    colorfulness: Floats
    notes: tuple[tuple[str, ...], ...]

    def __len__(self) -> int:
        return len(self.formats)

    def take(self, rows: Sequence[int] | NDArray[np.intp]) -> "Looks":
        """The pictures at these positions, in this order."""
        chosen = np.asarray(rows, dtype=np.intp)
        arrays = {name: array[chosen] for name, array in self.to_arrays().items()}
        return Looks.from_arrays(arrays)

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """The fields by name, as `np.savez` takes them."""
        columns = {field.name: getattr(self, field.name) for field in fields(self)}
        notes = ["\n".join(words) for words in self.notes]
        return {
            **columns,
            "formats": np.array(self.formats, dtype="U16"),
            "notes": np.array(notes, dtype=np.str_),
        }

    def by_note(self, ids: Sequence[str]) -> dict[str, tuple[str, ...]]:
        """The ids of the pictures that each note is about, by note."""
        found: dict[str, list[str]] = {}
        for image_id, words in zip(ids, self.notes, strict=True):
            for note in words:
                found.setdefault(note, []).append(image_id)
        return {note: tuple(found[note]) for note in sorted(found)}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> "Looks":
        """What `to_arrays` gave.

        Raises:
            KeyError: a field is missing.
            ValueError: the fields have not one row a picture.
        """
        columns = {field.name: arrays[field.name] for field in fields(cls)}
        if len({len(column) for column in columns.values()}) != 1:
            raise ValueError("the fields of Looks have unequal lengths")
        formats = tuple(str(name) for name in columns.pop("formats"))
        notes = tuple(
            tuple(str(words).split("\n")) if words else ()
            for words in columns.pop("notes")
        )
        return cls(**columns, formats=formats, notes=notes)


def join_looks(rows: Sequence[Look]) -> Looks:
    """One `Looks` of many pictures, in this order."""

    def column(name: str, dtype: type[np.generic]) -> NDArray[Any]:
        return np.array([getattr(row, name) for row in rows], dtype=dtype)

    side = THUMBNAIL_SIDE
    return Looks(
        heights=column("height", np.int32),
        widths=column("width", np.int32),
        file_bytes=column("file_bytes", np.int64),
        formats=tuple(row.format for row in rows),
        thumbnails=column("thumbnail", np.uint8).reshape(len(rows), side, side),
        brightness=column("brightness", np.float32),
        contrast=column("contrast", np.float32),
        sharpness=column("sharpness", np.float32),
        detail=column("detail", np.float32),
        entropy=column("entropy", np.float32),
        colorfulness=column("colorfulness", np.float32),
        notes=tuple(row.notes for row in rows),
    )


def join_parts(parts: Sequence[Looks]) -> Looks:
    """The rows of several, one after the other."""
    arrays = [part.to_arrays() for part in parts]
    return Looks.from_arrays(
        {name: np.concatenate([part[name] for part in arrays]) for name in arrays[0]}
    )


def look_at(
    pixels: NDArray[np.uint8] | Picture,
    *,
    size: tuple[int, int] | None = None,
    file_bytes: int = 0,
    image_format: str = "",
    notes: tuple[str, ...] = (),
    measured: bool = True,
) -> Look:
    """Note what one decoded picture looks like.

    Of a picture whose longer side is above 256 pixels all but `detail` and the
    thumbnail is told of a copy brought to that. Detail is told by 24 to 47 rows and
    columns, colorfulness by the pixels of 32 to 63, evenly spread. Where a JPEG was
    decoded at a part of its size, `detail` is that of what was decoded. Pixels that
    were merely repeated, with no smoothing, count as detail.

    Args:
        pixels: uint8 `(height, width, 1 or 3)`, upright, as decoded; or the picture.
        size: `(height, width)` in the file; that of `pixels` by default.
        file_bytes: 0 for a picture in memory.
        image_format: as the content says; "" for a picture in memory.
        notes: what was changed to read it, as `Decoded.notes`.
        measured: whether to note what only an audit asks for, brightness and all that
            follows it in `Looks`; NaN otherwise. It takes most of the time.

    Example:
        >>> gray = np.full((40, 60, 1), 51, np.uint8)
        >>> look = look_at(gray)
        >>> look.height, look.width, round(look.brightness, 3), look.contrast
        (40, 60, 0.2, 0.0)
    """
    picture = as_picture(pixels)
    height, width = size or picture.shape[:2]
    thumbnail = picture.thumbnail(THUMBNAIL_SIDE)
    measures = _measure(picture) if measured else _NOT_MEASURED
    return Look(height, width, file_bytes, image_format, thumbnail, *measures, notes)


Measures = tuple[float, float, float, float, float, float]
_NOT_MEASURED: Measures = (math.nan,) * 6


def _measure(picture: Picture) -> Measures:
    """Brightness, contrast, sharpness, detail, entropy and colorfulness."""
    small = _at_most(picture, SHARPNESS_SIDE)
    brightness, contrast, entropy = _of_histogram(small.levels())
    sharpness = _laplacian_variance(small.gray.pixels[..., 0])
    detail = _detail(picture.gray.pixels[..., 0])
    colorfulness = _colorfulness(small.pixels)
    return brightness, contrast, sharpness, detail, entropy, colorfulness


def _at_most(picture: Picture, side: int) -> Picture:
    height, width = picture.shape[:2]
    scale = side / max(height, width)
    if scale >= 1:
        return picture
    size = max(1, round(height * scale)), max(1, round(width * scale))
    return Picture(picture.resized(size, "area"))


def _laplacian_variance(luma: NDArray[np.uint8]) -> float:
    # Up + down + left + right - 4 middle (Pech-Pacheco et al., "Diatom autofocusing in
    # brightfield microscopy", 2000), inside the picture only. One flat array is twice
    # as fast as rows; the first and last column then are nonsense and are left out.
    height, width = luma.shape
    if min(height, width) < 3:
        return 0.0
    flat = luma.astype(np.int16).ravel()
    middle = flat[width:-width]
    edges = flat[: -2 * width] + flat[2 * width :] - 4 * middle
    edges[1:] += middle[:-1]
    edges[:-1] += middle[1:]
    inside = edges.reshape(height - 2, width)[:, 1:-1].astype(np.float32).ravel()
    mean = float(inside.mean())
    return max(0.0, float(inside @ inside) / inside.size - mean**2)


def _of_histogram(counts: NDArray[np.int64]) -> tuple[float, float, float]:
    """Brightness, contrast and entropy, from how often each luma occurs."""
    levels = np.flatnonzero(counts)
    shares = counts[levels] / counts.sum()
    mean = float(shares @ levels)
    variance = float(shares @ (levels - mean) ** 2)
    bits = -float(shares @ np.log2(shares))
    return mean / 255, math.sqrt(variance) / 255, max(0.0, bits)


def _colorfulness(pixels: NDArray[np.uint8]) -> float:
    if pixels.shape[2] == 1:
        return 0.0
    down, right = _strides(pixels, COLOR_LINES)
    picked = pixels[::down, ::right].astype(np.int16)
    red, green, blue = np.ascontiguousarray(picked.transpose(2, 0, 1))
    # Three times each distance, in whole numbers; a float mean takes ten times as long.
    total = red + green + blue
    distances: int = 0
    for channel in (red, green, blue):
        distances += int(np.abs(3 * channel - total).sum(dtype=np.int64))
    return float(distances / (9 * 255 * total.size))


def _detail(luma: NDArray[np.uint8]) -> float:
    """The larger share of the two sides; 1 where the picture is too small to tell."""
    down, right = _strides(luma, DETAIL_LINES)
    rows, columns = luma[::down], luma[:, ::right]
    return min(1.0, max(_edge_rolloff(rows), _edge_rolloff(columns.T)) / EDGE_POWER)


def _strides(pixels: NDArray[np.uint8], lines: int) -> tuple[int, int]:
    """Steps down and right that pick at least that many lines, when there are."""
    return max(1, pixels.shape[0] // lines), max(1, pixels.shape[1] // lines)


def _edge_rolloff(lines: NDArray[np.uint8]) -> float:
    """The share of frequencies below which nine tenths of the edges' power lies.

    Photographs have power 1 / f^2 (Field, 1987), so differences of neighbours have the
    same power at every frequency, up to where an enlarged picture has none.
    """
    length = _quick_length(lines.shape[1])
    if length < SHORTEST_LINE:
        return 1.0
    first = (lines.shape[1] - length) // 2
    window, response = _window(length)
    middle = lines[:, first : first + length].astype(np.float32, order="C")
    middle -= middle.mean(axis=1, keepdims=True)
    middle *= window
    waves = np.fft.rfft(middle).view(np.float32)
    squares = np.einsum("lf,lf->f", waves, waves)
    power = squares.reshape(-1, 2).sum(axis=1) * response
    reached = np.cumsum(power)
    if reached[-1] <= 0:
        return 1.0
    share = np.searchsorted(reached, EDGE_POWER * reached[-1]) / (len(power) - 1)
    return float(share)


def _quick_length(length: int) -> int:
    # Transforms of a prime length take seven times as long.
    power: int = 1 << max(0, length.bit_length() - 1)
    return power * 3 // 2 if power * 3 // 2 <= length else power


@cache
def _window(length: int) -> tuple[Floats, Floats]:
    """Hann's window, and what differencing does to the power of each frequency."""
    frequencies = np.fft.rfftfreq(length)
    response = 4 * np.sin(np.pi * frequencies) ** 2
    return np.hanning(length).astype(np.float32), response.astype(np.float32)
