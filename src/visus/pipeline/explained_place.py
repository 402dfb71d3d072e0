"""Where explanations go: nothing is replaced that nobody said may be."""

from pathlib import Path

from visus.core.errors import ConfigError

FOLDER = Path("explanations")


def require_free(path: Path, ending: str, *, force: bool) -> None:
    """Refuse a place that is taken, before anything is read.

    Raises:
        ConfigError: something is there and `force` is false, it is a folder, or its
            name has another ending.
    """
    if path.suffix.lower() != ending or path.is_dir():
        raise ConfigError(
            received=f"--out {path}.",
            expected=f"a file whose name ends in {ending}.",
            remedy=f"Try: --out {path.stem or 'explanation'}{ending}",
        )
    if path.exists() and not force:
        raise ConfigError(
            received=f"{path} exists.",
            expected="a new place for the explanation.",
            remedy="Choose another with --out, or replace it with --force.",
        )


def free_place(picture: Path, method: str, ending: str) -> Path:
    """The first free `explanations/<picture>-<method>-<number>` of that ending."""
    stem = "".join(letter if letter.isalnum() else "-" for letter in picture.stem)
    stem, number = stem.strip("-")[:40] or "picture", 1
    while (place := FOLDER / f"{stem}-{method}-{number:03d}{ending}").exists():
        number += 1
    return place
