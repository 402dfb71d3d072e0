"""Downloads that can be killed and resumed, verified before anybody sees them."""

import hashlib
import os
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from visus.core.files import cannot_write, digest_of_file
from visus.core.progress import Progress

TIMEOUT_SECONDS = 20.0
PIECE_BYTES = 2**18


class DownloadFailed(Exception):
    """One place could not give the file; the caller tries the next, or words it."""


def download(url: str, path: Path, *, digest: str, progress: Progress) -> None:
    """Fetch `url` into `path`; what an earlier, killed call has fetched is kept.

    Args:
        url: http or https.
        path: where the file appears, whole and verified, or not at all.
        digest: "sha256:" or "md5:" and the hexadecimal digits of the whole file; ""
            where its publisher gives none, and the caller checks the content itself.
        progress: who is told.

    Raises:
        DownloadFailed: the place cannot be reached, or sent something else.
        MachineError: the file cannot be written.
    """
    kind, _, expected = digest.partition(":")
    partial = path.with_name(f"{path.name}.{expected[:8] or 'any'}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _fetch(url, partial, progress)
        found = digest_of_file(partial, kind) if expected else ""
        if found != expected:
            partial.unlink()
            raise DownloadFailed(f"{url} sent other bytes ({kind} {found[:12]}...)")
        os.replace(partial, path)
    except (urllib.error.URLError, TimeoutError, ConnectionError) as error:
        raise DownloadFailed(f"{url}: {_reason(error)}") from error
    except OSError as error:
        raise cannot_write(path, error) from error


def sha256_of(content: bytes) -> str:
    """The SHA-256 of bytes, in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def _fetch(url: str, partial: Path, progress: Progress) -> None:
    have = partial.stat().st_size if partial.exists() else 0
    request = urllib.request.Request(url, headers={"User-Agent": "visus"})
    if have:
        request.add_header("Range", f"bytes={have}-")
    try:
        response = urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS)
    except urllib.error.HTTPError as error:
        if error.code == 416:  # Nothing is left to send: the part is the whole.
            return
        raise
    with response:
        resumed = response.status == 206
        left = int(response.headers.get("Content-Length") or 0)
        whole = left + have * resumed
        with progress.stage(f"Downloading {url.rpartition('/')[2]}", whole or None):
            progress.advance(have * resumed)
            with partial.open("ab" if resumed else "wb") as file:
                for piece in _pieces(response):
                    file.write(piece)
                    progress.advance(len(piece))
                file.flush()
                os.fsync(file.fileno())
    if partial.stat().st_size < whole:
        # http.client ends quietly when a connection does; the part is kept.
        raise DownloadFailed(f"{url}: the connection ended too soon")


def _pieces(response: "urllib.request._UrlopenRet") -> Iterator[bytes]:
    while piece := response.read(PIECE_BYTES):
        yield piece


def _reason(error: Exception) -> str:
    return str(getattr(error, "reason", "") or error or type(error).__name__)
