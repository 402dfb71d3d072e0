"""A folder written aside and renamed, so that it is there whole or not at all."""

import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from visus.core.errors import ConfigError
from visus.core.files import cannot_write

# Only what bears this mark is ever replaced: `--out ~ --force` must not empty a home.
MARK = ".visus-convert"


def mark_of(verb: str) -> str:
    """The file by which a folder says which verb wrote it."""
    return f".visus-{verb}"


def require_place(out: Path, *, force: bool, verb: str = "convert") -> None:
    """Refuse a place that holds something which is not ours to replace.

    Raises:
        ConfigError: it exists, and `force` is false or `visus VERB` did not make it.
    """
    if not out.exists() and not out.is_symlink():
        return
    if out.is_dir() and not out.is_symlink():
        if not any(out.iterdir()) or (force and (out / mark_of(verb)).is_file()):
            return
    elif out.is_file() and force and out.suffix.lower() == ".csv":
        return
    raise ConfigError(
        received=f"{out} exists.",
        expected="a new place, or an empty folder.",
        remedy=f"Choose another with --out. --force replaces what `visus {verb}` wrote "
        "there, and nothing else.",
    )


@contextmanager
def folder_aside(out: Path, verb: str = "convert") -> Iterator[Path]:
    """Give a new folder beside `out`; on leaving, it takes the place of `out`.

    An exception inside removes it and leaves `out` as it was.

    Raises:
        MachineError: the place cannot be written, or the disk is full.
    """
    aside = out.with_name(f".{out.name}.{secrets.token_hex(4)}.tmp")
    try:
        aside.mkdir(parents=True)
        mark = aside / mark_of(verb)
        mark.write_text(f"Written by visus {verb}.\n", encoding="utf-8")
        yield aside
        # One call for all files: syncing a hundred thousand in turn takes minutes.
        os.sync()
        _swap(aside, out)
    except OSError as error:
        raise cannot_write(out, error) from error
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _swap(aside: Path, out: Path) -> None:
    old = aside.with_suffix(".old")
    if out.exists():
        os.replace(out, old)
    os.replace(aside, out)
    shutil.rmtree(old, ignore_errors=True)
