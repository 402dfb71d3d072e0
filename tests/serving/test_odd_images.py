"""2,035 odd files posted to a server, as form and as b64: answers and refusals only."""

import base64
import zipfile
from concurrent.futures import ThreadPoolExecutor

import pytest

from served import drawn_pixels, write_bundle
from serving.conftest import running
from visus.serving.sources import NamedFiles

CLIENTS = 4
# The whole archive takes minutes of processor.
EVERY = 40


def odd_files(folder):
    path = folder / "odd_images.zip"
    if not path.is_file():
        pytest.skip("the odd pictures of ../shared/data are not on this machine")
    with zipfile.ZipFile(path) as archive:
        names = [n for n in sorted(archive.namelist()) if not n.endswith((".csv", "/"))]
        return [(name, archive.read(name)) for name in names]


def post_all(server, files):
    def post(file):
        name, content = file
        form = (
            b'--b\r\nContent-Disposition: form-data; name="f"; filename="f"\r\n\r\n'
            + content
            + b"\r\n--b--\r\n"
        )
        kind = "multipart/form-data; boundary=b"
        rows = {"instances": [{"b64": base64.b64encode(content).decode()}]}
        return name, {
            server.post("/predict", form, Content_Type=kind).status,
            server.post("/v1/models/rgb:predict", rows).status,
        }

    with ThreadPoolExecutor(CLIENTS) as clients:
        return dict(clients.map(post, files))


@pytest.fixture
def server(tmp_path):
    write_bundle(tmp_path / "rgb.visus", shape=(16, 16, 3))
    with running(NamedFiles([("rgb", tmp_path / "rgb.visus")])) as started:
        yield started


def check(server, files):
    statuses = post_all(server, files)
    odd = {name: found for name, found in statuses.items() if len(found) != 1}
    assert not odd, "a form and b64 of one file must get the same answer"
    kinds = set().union(*statuses.values())
    assert kinds <= {200, 400, 413}, kinds
    assert sum(200 in found for found in statuses.values()) > len(files) // 10
    assert not [line for line in server.lines() if line["event"] == "defect"]
    image = {"instances": drawn_pixels(1, (16, 16, 3)).tolist()}
    assert server.post("/v1/models/rgb:predict", image).status == 200


def test_some_odd_files(server, shared_data):
    check(server, odd_files(shared_data)[::EVERY])


@pytest.mark.slow
def test_all_odd_files(server, shared_data):
    check(server, odd_files(shared_data))
