"""Real clients in virtual environments of their own, made once and kept.

Their packages demand versions that do not go together, and their messages collide with
each other in one process. The environments lie outside the repository: in
`VISUS_TEST_HOME`, or in the caches of whoever runs the tests.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import venv
from collections.abc import Sequence
from pathlib import Path

import pytest
from filelock import FileLock
from platformdirs import user_cache_path

SCRIPTS = Path(__file__).parent / "serving" / "clients"
INSTALL_SECONDS = 1200
RUN_SECONDS = 300


def client_python(name: str, requirements: Sequence[str]) -> Path:
    """The interpreter of an environment with these packages; skips where there is none.

    Args:
        name: of the environment.
        requirements: as pip takes them.
    """
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


def run_client(python: Path, script: str, *arguments: object) -> str:
    """What a script of `tests/serving/clients` says; fails with its last lines."""
    command = [str(python), str(SCRIPTS / script), *map(str, arguments)]
    # Not the folder of the tests nor what Python was told about Visus.
    clean = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=RUN_SECONDS, env=clean
    )
    if done.returncode:
        said = "\n".join((done.stdout + done.stderr).strip().splitlines()[-25:])
        pytest.fail(f"{script} ended with code {done.returncode}:\n{said}")
    return done.stdout


def _home() -> Path:
    told = os.environ.get("VISUS_TEST_HOME")
    return Path(told) if told else user_cache_path("visus-tests") / "clients"


def _digest(requirements: Sequence[str]) -> str:
    told = "\n".join([sys.version, *requirements])
    return hashlib.sha256(told.encode()).hexdigest()[:12]


def _install(python: Path, requirements: Sequence[str]) -> None:
    command = [str(python), "-m", "pip", "install", "--quiet", *requirements]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=INSTALL_SECONDS
        )
    except subprocess.TimeoutExpired:
        pytest.skip(f"{', '.join(requirements)}: not installed in time")
    if done.returncode:
        why = done.stderr.strip().splitlines()[-1:]
        pytest.skip(f"{', '.join(requirements)} cannot be installed: {why}")
