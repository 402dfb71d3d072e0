"""What several tests share: the real data when it is there, and a home of their own."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings

from pictures import striped, write_stripes

# Machines are shared: how long an example takes proves nothing.
settings.register_profile("visus", deadline=None)
settings.load_profile("visus")

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


@pytest.fixture
def stripes() -> tuple[np.ndarray, np.ndarray]:
    """120 small gray pictures `(120, 16, 16)` and labels "across" and "upright"."""
    pictures = np.stack([striped(row % 2 == 0, row) for row in range(120)])
    return pictures, np.array(["upright", "across"] * 60)


@pytest.fixture
def stripes_folder(tmp_path: Path) -> Path:
    """The like as PNG files in two class folders, 30 each."""
    return write_stripes(tmp_path / "stripes")
