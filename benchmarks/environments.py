"""Virtual environments for packages that do not go together with ours, made once."""

import hashlib
import os
import shutil
import subprocess
import sys
import venv
from collections.abc import Sequence
from pathlib import Path

INSTALL_SECONDS = 1200


class NotInstalled(RuntimeError):
    """The packages cannot be had here; pip's last line is the message."""


def environment_python(name: str, requirements: Sequence[str]) -> Path:
    """The interpreter of an environment with these packages.

    It lies outside the repository, in `VISUS_TEST_HOME` or in the caches of whoever
    asks, and is used again until a requirement or this Python changes.

    Args:
        name: of the environment.
        requirements: as pip takes them.

    Raises:
        NotInstalled: pip cannot install them.
    """
    from filelock import FileLock

    folder = _home() / f"{name}-{_digest(requirements)}"
    python = folder / "bin" / "python"
    folder.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{folder}.lock"):
        if not (folder / "complete").is_file():
            shutil.rmtree(folder, ignore_errors=True)
            venv.create(folder, with_pip=True)
            _install(python, requirements)
            (folder / "complete").touch()
    return python


def versions_in(python: Path, packages: Sequence[str]) -> dict[str, str]:
    """The versions of packages in an environment."""
    code = "import sys; from importlib.metadata import version\n"
    code += "print('\\n'.join(map(version, sys.argv[1:])))"
    command = [str(python), "-c", code, *packages]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return dict(zip(packages, done.stdout.split(), strict=True))


def _home() -> Path:
    from platformdirs import user_cache_path

    told = os.environ.get("VISUS_TEST_HOME")
    return Path(told) if told else user_cache_path("visus-tests")


def _digest(requirements: Sequence[str]) -> str:
    told = "\n".join([sys.version, *requirements])
    return hashlib.sha256(told.encode()).hexdigest()[:12]


def _install(python: Path, requirements: Sequence[str]) -> None:
    command = [str(python), "-m", "pip", "install", "--quiet", *requirements]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=INSTALL_SECONDS
        )
    except subprocess.TimeoutExpired as error:
        raise NotInstalled(f"{requirements} were not installed in time") from error
    if done.returncode:
        said = " ".join(done.stderr.strip().splitlines()[-1:])
        raise NotInstalled(f"{', '.join(requirements)} cannot be installed: {said}")
