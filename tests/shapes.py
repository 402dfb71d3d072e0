"""Made color pictures of discs and squares, with nothing wrong about them."""

import numpy as np


def drawn_shapes(
    count: int, seed: int = 0, side: int = 48
) -> tuple[list[np.ndarray], list[str]]:
    """Discs and squares in turn, anywhere, in any color, on noisy ground.

    Both have the same area and the same colors, so that only the shape tells the class.
    """
    generator = np.random.default_rng(seed)
    pictures = [_drawn(row % 2 == 0, generator, side) for row in range(count)]
    return pictures, ["disc" if row % 2 == 0 else "square" for row in range(count)]


def _drawn(disc: bool, generator: np.random.Generator, side: int) -> np.ndarray:
    # Neither dark nor bright all over; in its ground's color a shape would not be seen.
    ground, color = np.zeros((2, 3))
    while np.abs(color - ground).max() < 80:
        ground, color = generator.uniform(40, 170, 3), generator.uniform(90, 225, 3)
    radius = generator.uniform(0.25, 0.33) * side
    middle = generator.uniform(radius, side - radius, 2)
    down, right = np.abs(np.mgrid[:side, :side] - middle[:, None, None])
    inside = (
        down**2 + right**2 < radius**2
        if disc
        else np.maximum(down, right) < radius * np.sqrt(np.pi) / 2
    )
    picture = np.where(inside[..., None], color, ground)
    picture = picture + generator.normal(0, 12, picture.shape)
    return np.clip(picture, 0, 255).astype(np.uint8)
