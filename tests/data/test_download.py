"""Downloads against a server of our own on this machine."""

import hashlib
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from visus.core.progress import SilentProgress
from visus.data.download import DownloadFailed, download, sha256_of

CONTENT = bytes(range(256)) * 4000


class Server(BaseHTTPRequestHandler):
    ranges: list = []
    cut_after: int | None = None

    def do_GET(self):
        wanted = self.headers.get("Range")
        self.ranges.append(wanted)
        start = int(wanted[6:-1]) if wanted else 0
        if start >= len(CONTENT):
            self.send_error(416)
            return
        self.send_response(206 if wanted else 200)
        self.send_header("Content-Length", str(len(CONTENT) - start))
        self.end_headers()
        self.wfile.write(CONTENT[start : self.cut_after])

    def log_message(self, *args):
        pass


@pytest.fixture
def server():
    Server.ranges, Server.cut_after = [], None
    running = HTTPServer(("127.0.0.1", 0), Server)
    thread = threading.Thread(target=running.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{running.server_port}/file"
    running.shutdown()
    thread.join()
    running.server_close()


DIGEST = f"sha256:{sha256_of(CONTENT)}"


def fetch(url, path, digest=DIGEST):
    download(url, path, digest=digest, progress=SilentProgress())


def test_a_file_arrives_whole(server, tmp_path):
    fetch(server, tmp_path / "a" / "file")
    assert (tmp_path / "a" / "file").read_bytes() == CONTENT
    assert [entry.name for entry in (tmp_path / "a").iterdir()] == ["file"]


def test_a_cut_download_is_resumed_where_it_was(server, tmp_path):
    Server.cut_after = 300_000
    with pytest.raises(DownloadFailed):
        fetch(server, tmp_path / "file")
    Server.cut_after = None
    fetch(server, tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == CONTENT
    assert Server.ranges == [None, "bytes=300000-"]


def test_other_bytes_are_refused_and_thrown_away(server, tmp_path):
    with pytest.raises(DownloadFailed, match="other bytes"):
        fetch(server, tmp_path / "file", "sha256:" + "0" * 64)
    assert list(tmp_path.iterdir()) == []


def test_the_digest_is_of_the_kind_that_is_published(server, tmp_path):
    md5 = hashlib.md5(CONTENT).hexdigest()
    fetch(server, tmp_path / "file", f"md5:{md5}")
    assert (tmp_path / "file").read_bytes() == CONTENT
    with pytest.raises(DownloadFailed, match="other bytes"):
        fetch(server, tmp_path / "other", f"md5:{'0' * 32}")
    fetch(server, tmp_path / "unknown", "")
    assert (tmp_path / "unknown").read_bytes() == CONTENT


def test_a_server_that_is_not_there(tmp_path):
    with pytest.raises(DownloadFailed, match="refused"):
        fetch("http://127.0.0.1:9/file", tmp_path / "file")
