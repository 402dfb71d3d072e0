"""What several tests share: the real data when it is there, and a home of their own."""

from pathlib import Path

import pytest

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
