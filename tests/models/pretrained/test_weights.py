"""Where weights are looked for, and what is said when they are nowhere."""

import hashlib
import sys
import threading
from dataclasses import replace
from functools import partial
from http.server import HTTPServer, SimpleHTTPRequestHandler

import pytest

from visus.core.errors import MachineError, ModelError
from visus.data.sources.base import Access
from visus.models.pretrained import BACKBONES
from visus.models.pretrained.card import Published
from visus.models.pretrained.weights import (
    find_weights,
    is_as_published,
    weights_folder,
    weights_here,
)

CONTENT = b"weights" * 1000
CARD = replace(
    BACKBONES.part("efficientnet-lite0").facts["card"],
    name="small",
    published=Published("small_v1.h5", f"md5:{hashlib.md5(CONTENT).hexdigest()}"),
)


@pytest.fixture
def server(tmp_path):
    """A server of a folder on this machine, and that folder."""
    folder = tmp_path / "served"
    folder.mkdir()
    handler = partial(SimpleHTTPRequestHandler, directory=str(folder))
    handler.func.log_message = lambda *arguments: None
    running = HTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=running.serve_forever, daemon=True)
    thread.start()
    yield folder, f"http://127.0.0.1:{running.server_port}/small_v1.h5"
    running.shutdown()
    thread.join()
    running.server_close()


def published_at(address: str):
    return replace(CARD, published=replace(CARD.published, address=address))


def test_a_given_file_wins(tmp_path):
    (tmp_path / "mine.h5").write_bytes(CONTENT)
    assert find_weights(CARD, tmp_path / "mine.h5") == tmp_path / "mine.h5"


@pytest.mark.parametrize("name", ["small_v1.h5", "small.weights.h5", "small.npz"])
def test_a_given_folder_is_searched_by_name(name, tmp_path):
    (tmp_path / name).write_bytes(CONTENT)
    (tmp_path / "other.h5").write_bytes(CONTENT)
    assert find_weights(CARD, tmp_path) == tmp_path / name


@pytest.mark.parametrize("given", ["none.h5", "."])
def test_a_given_place_without_weights_is_refused(given, tmp_path):
    with pytest.raises(ModelError, match="small"):
        find_weights(CARD, tmp_path / given)


def test_the_folder_of_weights_is_searched():
    assert weights_here(CARD) is None
    weights_folder().mkdir(parents=True)
    (weights_folder() / "small.keras").write_bytes(CONTENT)
    assert find_weights(CARD) == weights_folder() / "small.keras"


def test_a_package_is_searched_without_importing_it(tmp_path, monkeypatch):
    package = tmp_path / "small_package" / "models"
    package.mkdir(parents=True)
    (package.parent / "__init__.py").write_text("raise RuntimeError('imported')")
    (package / "small_v1.h5").write_bytes(CONTENT)
    monkeypatch.syspath_prepend(str(tmp_path))
    card = replace(CARD, published=replace(CARD.published, package="small_package"))
    assert find_weights(card) == package / "small_v1.h5"
    assert "small_package" not in sys.modules


def test_weights_are_downloaded_once_and_checked(server):
    folder, address = server
    (folder / "small_v1.h5").write_bytes(CONTENT)
    path = find_weights(published_at(address))
    assert path == weights_folder() / "small_v1.h5"
    assert path.read_bytes() == CONTENT
    assert is_as_published(CARD, path)
    (folder / "small_v1.h5").unlink()
    assert find_weights(published_at(address)) == path


def test_other_bytes_than_published_are_refused(server):
    folder, address = server
    (folder / "small_v1.h5").write_bytes(b"something else")
    with pytest.raises(MachineError, match="other bytes"):
        find_weights(published_at(address))
    assert weights_here(CARD) is None


@pytest.mark.parametrize("offline", [True, False])
def test_without_weights_and_network_three_ways_are_named(offline):
    card = published_at("http://127.0.0.1:9/small_v1.h5")
    with pytest.raises(MachineError) as caught:
        find_weights(card, access=Access(offline=offline))
    remedy = caught.value.remedy
    assert all(f"({number})" in remedy for number in (1, 2, 3))
    assert "--weights FILE" in remedy
    assert str(weights_folder()) in remedy


def test_nobody_can_say_of_files_without_a_published_digest(tmp_path):
    (tmp_path / "a").write_bytes(CONTENT)
    assert not is_as_published(replace(CARD, published=Published("a")), tmp_path / "a")
