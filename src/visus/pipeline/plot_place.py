"""Where a drawing goes that `--plot` asks for."""

from pathlib import Path

from visus.core.errors import ConfigError


def require_free_plot(path: Path, *, force: bool) -> None:
    """Refuse a place that is taken, before anything is read.

    Raises:
        ConfigError: something is there and `force` is false, or it is a folder, or
            its name is not that of a PNG file.
    """
    if path.suffix.lower() != ".png" or path.is_dir():
        raise ConfigError(
            received=f"{path} for the drawing.",
            expected="a file whose name ends in .png.",
            remedy="Try: --plot drawing.png",
        )
    if path.exists() and not force:
        raise ConfigError(
            received=f"{path} exists.",
            expected="a new place for the drawing.",
            remedy="Choose another with --plot, or replace it with --force.",
        )
