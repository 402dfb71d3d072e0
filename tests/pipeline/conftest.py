"""A backbone that costs nothing, and pictures that count as photographs."""

from pathlib import Path

import pytest

import tiny_backbone
from pictures import write_stripes
from visus.data.home import visus_home


@pytest.fixture
def tiny(monkeypatch):
    """`tiny` is a backbone, and its weights are here."""
    tiny_backbone.register(monkeypatch)
    tiny_backbone.write_weights(visus_home() / "weights" / "tiny.npz")


@pytest.fixture
def photos(tiny, tmp_path) -> Path:
    """60 gray stripes of 80 by 80 pixels: larger than what counts as small."""
    return write_stripes(tmp_path / "photos", side=80)
