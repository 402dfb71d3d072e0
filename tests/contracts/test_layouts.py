"""What every layout must keep to."""

import pytest

from pictures import striped
from visus.data.encode import encode_png
from visus.data.sources import LAYOUTS, read_source
from visus.data.sources.base import Layout
from visus.data.sources.places import FolderPlace


@pytest.mark.parametrize("part", list(LAYOUTS), ids=lambda part: part.name)
def test_a_layout_is_a_layout(part, tmp_path):
    layout = part.load()()
    assert isinstance(layout, Layout)
    assert part.name == part.name.lower()
    assert 10 < len(part.summary) < 90


@pytest.mark.parametrize("part", list(LAYOUTS), ids=lambda part: part.name)
def test_only_class_folders_recognise_class_folders(part, tmp_path):
    for name in ("cat", "dog"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "1.png").write_bytes(encode_png(striped(True, 0)[..., None]))
    found = part.load()().recognises(FolderPlace(tmp_path))
    assert found == (part.name == "class-folders")
    assert len(read_source(tmp_path)[0]) == 2


@pytest.mark.parametrize("part", list(LAYOUTS), ids=lambda part: part.name)
def test_an_empty_place_is_recognised_by_none_but_the_last(part, tmp_path):
    found = part.load()().recognises(FolderPlace(tmp_path))
    assert found == (part.name == "class-folders")
