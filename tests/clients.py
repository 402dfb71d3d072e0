"""Real clients in virtual environments of their own, and scripts that use them.

Their packages demand versions that do not go together, and their messages collide with
each other in one process.
"""

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest
from benchmarks.environments import NotInstalled, environment_python

SCRIPTS = Path(__file__).parent / "serving" / "clients"
RUN_SECONDS = 300


def client_python(name: str, *requirements: str) -> Path:
    """The interpreter of an environment; skips where it cannot be made."""
    try:
        return environment_python(f"client-{name}", requirements)
    except NotInstalled as reason:
        pytest.skip(str(reason))


def run_client(python: Path, script: str, *arguments: object) -> str:
    """What a script of `tests/serving/clients` says; fails with its last lines."""
    return run([python, SCRIPTS / script, *arguments])


def run(command: Sequence[object], seconds: float = RUN_SECONDS) -> str:
    """What a command says; fails with its last lines."""
    # Not the folder of the tests nor what Python was told about Visus.
    clean = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        [str(word) for word in command],
        capture_output=True,
        text=True,
        timeout=seconds,
        env=clean,
    )
    if done.returncode:
        said = "\n".join((done.stdout + done.stderr).strip().splitlines()[-40:])
        pytest.fail(f"{command[1]} ended with code {done.returncode}:\n{said}")
    return done.stdout
