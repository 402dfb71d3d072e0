"""What several tests share: the real data when it is there, and a home of their own."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

SHARED_DATA = Path(__file__).parents[2] / "shared" / "data"


@pytest.fixture
def shared_data() -> Path:
    """The folder of real pictures; tests that need it skip where it is absent."""
    if not (SHARED_DATA / "README.md").is_file():
        pytest.skip("the real data of ../shared/data is not on this machine")
    return SHARED_DATA


@pytest.fixture(autouse=True)
def own_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch):
    """No test reads or writes the caches of the person who runs it."""
    home = tmp_path_factory.mktemp("visus-home")
    monkeypatch.setenv("VISUS_HOME", str(home))
    return home


def striped(upright: bool, seed: int, side: int = 16) -> np.ndarray:
    """A noisy picture of stripes, `(side, side)`; the direction is its class."""
    stripes = np.sin(np.arange(side) * 1.6 + seed) > 0
    picture = np.tile(stripes * 200.0, (side, 1))
    picture = picture if upright else picture.T
    noise = np.random.default_rng(seed).normal(20, 15, picture.shape)
    return np.clip(picture + noise, 0, 255).astype(np.uint8)


@pytest.fixture
def stripes() -> tuple[np.ndarray, np.ndarray]:
    """120 small gray pictures `(120, 16, 16)` and labels "across" and "upright"."""
    pictures = np.stack([striped(row % 2 == 0, row) for row in range(120)])
    return pictures, np.array(["upright", "across"] * 60)


@pytest.fixture
def stripes_folder(tmp_path: Path) -> Path:
    """The like as PNG files in two class folders, 30 each."""
    folder = tmp_path / "stripes"
    for row in range(60):
        name = "upright" if row % 2 == 0 else "across"
        (folder / name).mkdir(parents=True, exist_ok=True)
        Image.fromarray(striped(row % 2 == 0, row)).save(folder / name / f"{row}.png")
    return folder
