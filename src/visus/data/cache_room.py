"""How much room the cache takes: a budget, what goes first, and what never goes.

A process that writes or maps a file of pixels holds a lock on it, which ends with the
map or with the process, however it dies. Whatever nobody holds may be removed: first
what was not used for longest, and what dead processes left half written.
"""

import fcntl
import math
import os
import shutil
import time
from pathlib import Path
from typing import IO

from visus.core.errors import ConfigError
from visus.data.home import keys_folder, visus_home

BUDGET_VARIABLE = "VISUS_CACHE_GIGABYTES"
# The default: this much, and of a small disk no more than a tenth.
MOST_GIGABYTES = 20.0
SHARE_OF_DISK = 0.1
# How the names of files end that are being written, see core/files.py.
ASIDE = ".tmp"
# A file that was created a moment ago is not held yet.
SECONDS_TO_HOLD = 60.0
# Room on the disk that a cache does not take.
LEFT_FREE_BYTES = 2**29


def pixels_folder() -> Path:
    """Where prepared pictures are kept."""
    return visus_home() / "pixels"


def features_folder() -> Path:
    """Where the features of pictures are kept; they share the budget."""
    return visus_home() / "features"


def cache_budget() -> int:
    """The most bytes that prepared pictures and features may take, all together.

    The environment variable `VISUS_CACHE_GIGABYTES` wins; else 20 GB or a tenth of the
    disk, whichever is less.

    Raises:
        ConfigError: the variable is no number.
    """
    chosen = os.environ.get(BUDGET_VARIABLE)
    if not chosen:
        disk = shutil.disk_usage(_nearest_folder(visus_home())).total
        return int(min(MOST_GIGABYTES * 1e9, SHARE_OF_DISK * disk))
    try:
        gigabytes = float(chosen)
    except ValueError:
        gigabytes = math.nan
    if not 0 <= gigabytes < math.inf:
        raise ConfigError(
            received=f"The environment variable {BUDGET_VARIABLE} is {chosen!r}.",
            expected="a number of gigabytes, 0 or more.",
            remedy=f"Write, for example, {BUDGET_VARIABLE}=20.",
        )
    return int(gigabytes * 1e9)


def hold(file: IO[bytes]) -> bool:
    """Keep the file from being removed; false when that is happening just now.

    The lock lasts as long as any descriptor that was duplicated from this one, such as
    that of a memory map.
    """
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # A file system without locks.
        return True
    return True


def note_use(path: Path) -> None:
    """Remember that it was used now."""
    try:
        os.utime(path)
    except OSError:  # Removed meanwhile, or another user's.
        return


def make_room(wanted: int) -> bool:
    """Remove what is least needed until so many bytes more are within the budget.

    Returns:
        whether the disk has that room.
    """
    sweep()
    entries = sorted(_files(), key=lambda entry: entry[1].st_mtime)
    total = sum(status.st_size for _, status in entries)
    most = cache_budget() - wanted
    for path, status in entries:
        if total <= most:
            break
        if not path.name.endswith(ASIDE) and remove_unheld(path):
            total -= status.st_size
    free = shutil.disk_usage(_nearest_folder(pixels_folder())).free
    return wanted + LEFT_FREE_BYTES <= free


def sweep() -> None:
    """Remove what processes that are dead were writing."""
    latest = time.time() - SECONDS_TO_HOLD
    for path, status in _files():
        if path.name.endswith(ASIDE) and status.st_mtime < latest:
            remove_unheld(path)


def cache_sizes() -> dict[str, int]:
    """Bytes in each folder of the cache, by name."""
    places = (entry for entry in _entries(visus_home()) if entry.is_dir())
    # A key cannot be made again: what it signed would be a stranger's.
    folders = [place for place in places if place != keys_folder()]
    return {folder.name: _bytes_below(folder) for folder in folders}


def clear_cache(name: str) -> int:
    """Remove one folder of the cache; returns the bytes it had."""
    folder = visus_home() / name
    size = _bytes_below(folder)
    shutil.rmtree(folder, ignore_errors=True)
    return size


def remove_unheld(path: Path) -> bool:
    """Remove a file that no process uses; false where one does."""
    try:
        with path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            path.unlink()
    except OSError:  # Held, or gone already.
        return False
    return True


def _files() -> list[tuple[Path, os.stat_result]]:
    found = []
    for path in (*_entries(pixels_folder()), *_entries(features_folder())):
        try:
            found.append((path, path.stat()))
        except OSError:  # Removed by another process.
            continue
    return found


def _nearest_folder(folder: Path) -> Path:
    return next(place for place in (folder, *folder.parents) if place.is_dir())


def _entries(folder: Path) -> list[Path]:
    return sorted(folder.iterdir()) if folder.is_dir() else []


def _bytes_below(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
