"""What a small probe sees of a picture: which small patterns it shows, and where.

Coates, Lee and Ng, "An analysis of single-layer networks in unsupervised feature
learning" (AISTATS 2011): whitened patches, a dictionary by spherical k-means (Coates
and Ng, "Learning feature representations with k-means", 2012), soft thresholds of both
signs, means over the four quarters. Nothing is downloaded and no label is seen.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from visus.core.progress import Progress, SilentProgress
from visus.core.seeds import random_generator

Floats = NDArray[np.float32]

PATCH_SIDE = 6
PATTERNS = 128
SAMPLED_PATCHES = 20_000
ROUNDS = 10
THRESHOLD = 0.25
# Keeps nearly flat patches, and directions that hardly vary, from blowing up noise;
# for pixels of 0 to 1.
LEAST_VARIANCE = 0.01
LEAST_SPREAD = 0.1
# Pictures at a time: the responses of more would not stay in the processor's cache.
PIECE = 32


def describe_pictures(
    pixels: NDArray[np.uint8], *, seed: int = 0, progress: Progress | None = None
) -> Floats:
    """How strongly each quarter of each picture shows each pattern.

    Args:
        pixels: uint8 `(num_images, height, width, channels)`, at least 12 by 12.
        seed: of the patches that are sampled and the patterns that are learned.
        progress: who is told.

    Returns:
        float32 `(num_images, 4 * 2 * 128)`.
    """
    progress = progress or SilentProgress()
    patterns = _learn_patterns(pixels, seed)
    pieces = []
    with progress.stage("Looking for patterns", len(pixels)):
        for first in range(0, len(pixels), PIECE):
            piece = pixels[first : first + PIECE]
            pieces.append(patterns.found_in(piece))
            progress.advance(len(piece))
    return np.concatenate(pieces)


@dataclass(frozen=True)
class _Patterns:
    """Patch values times `weights` plus `offsets` are responses `(patches, 128)`."""

    weights: Floats
    offsets: Floats

    def found_in(self, pixels: NDArray[np.uint8]) -> Floats:
        """Square roots of mean responses by quarter, `(num_images, 1024)`."""
        window = np.lib.stride_tricks.sliding_window_view(
            pixels, (PATCH_SIDE, PATCH_SIDE), axis=(1, 2)
        )
        count, tall, wide = window.shape[:3]
        patches = window.reshape(count * tall * wide, -1)
        responses = _level(patches) @ self.weights + self.offsets
        responses = responses.reshape(count, tall, wide, -1)
        quarters = [
            self._thresholded(responses[:, rows, columns])
            for rows in _halves(tall)
            for columns in _halves(wide)
        ]
        return np.sqrt(np.concatenate(quarters, axis=1))

    def _thresholded(self, responses: Floats) -> Floats:
        shows = np.maximum(responses - THRESHOLD, 0).mean(axis=(1, 2))
        inverted = np.maximum(-responses - THRESHOLD, 0).mean(axis=(1, 2))
        return np.concatenate([shows, inverted], axis=1)


def _learn_patterns(pixels: NDArray[np.uint8], seed: int) -> _Patterns:
    generator = random_generator(seed, "patterns")
    patches = _level(_sample_patches(pixels, generator))
    mean = patches.mean(axis=0)
    spread, axes = np.linalg.eigh(np.cov(patches, rowvar=False))
    scales = 1 / np.sqrt(np.maximum(spread, 0) + LEAST_SPREAD)
    whitening = ((axes * scales) @ axes.T).astype(np.float32)
    dictionary = _dictionary((patches - mean) @ whitening, generator)
    weights = whitening @ dictionary
    return _Patterns(weights, -mean @ weights)


def _sample_patches(
    pixels: NDArray[np.uint8], generator: np.random.Generator
) -> NDArray[np.uint8]:
    count, height, width = pixels.shape[:3]
    rows = generator.integers(0, count, SAMPLED_PATCHES)
    tops = generator.integers(0, height - PATCH_SIDE + 1, SAMPLED_PATCHES)
    lefts = generator.integers(0, width - PATCH_SIDE + 1, SAMPLED_PATCHES)
    window = np.lib.stride_tricks.sliding_window_view(
        pixels, (PATCH_SIDE, PATCH_SIDE), axis=(1, 2)
    )
    return window[rows, tops, lefts].reshape(SAMPLED_PATCHES, -1)


def _level(patches: NDArray[np.uint8]) -> Floats:
    """Each patch with mean 0 and deviation 1, as far as it is not flat."""
    values = patches.astype(np.float32) * np.float32(1 / 255)
    values -= values.mean(axis=1, keepdims=True)
    energy = np.einsum("pv,pv->p", values, values) / values.shape[1]
    values /= np.sqrt(energy + np.float32(LEAST_VARIANCE))[:, None]
    return values


def _dictionary(patches: Floats, generator: np.random.Generator) -> Floats:
    """Spherical k-means: directions `(values, 128)` that patches lie along."""
    size = (patches.shape[1], PATTERNS)
    directions = _unit(generator.standard_normal(size, dtype=np.float32))
    everyone = np.arange(len(patches))
    for _ in range(ROUNDS):
        responses = patches @ directions
        nearest = np.abs(responses).argmax(axis=1)
        chosen = np.zeros_like(responses)
        chosen[everyone, nearest] = responses[everyone, nearest]
        # The old direction stays in, so that one that nobody chose is not lost.
        directions = _unit(directions + patches.T @ chosen)
    return directions


def _unit(columns: Floats) -> Floats:
    lengths = np.linalg.norm(columns, axis=0)
    scaled: Floats = columns / np.maximum(lengths, np.float32(1e-6))
    return scaled


def _halves(length: int) -> tuple[slice, slice]:
    return slice(0, length // 2), slice(length // 2, length)
