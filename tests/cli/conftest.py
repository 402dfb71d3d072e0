"""The command line in this very process, and one small trained run for all tests."""

import json
import os
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pictures import write_stripes


class Cli:
    """Calls `visus` in a folder and remembers nothing."""

    def __init__(self) -> None:
        self.runner = CliRunner()

    def __call__(self, *words: object, code: int = 0):
        from visus.cli.app import app

        result = self.runner.invoke(app, [str(word) for word in words])
        assert result.exit_code == code, result.output + result.stderr
        return result

    def json(self, *words: object, code: int = 0):
        """The one JSON object on standard output."""
        return json.loads(self(*words, "--json", code=code).stdout)


@pytest.fixture(scope="session")
def cli_anywhere() -> Cli:
    """For what several tests share; it stays in the folder where it is."""
    return Cli()


@pytest.fixture
def cli(tmp_path, monkeypatch) -> Cli:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NO_COLOR", "1")
    return Cli()


@pytest.fixture(scope="session")
def trained(tmp_path_factory) -> Path:
    """A folder with `stripes/` and a finished run of it in `run/`."""
    place = tmp_path_factory.mktemp("trained")
    write_stripes(place / "stripes")
    return _trained(place, {"epochs": 8, "batch_size": 16}, {})


@pytest.fixture(scope="session")
def calibrated(tmp_path_factory) -> Path:
    """The like, of hard pictures, with enough held out to know its own sureness."""
    place = tmp_path_factory.mktemp("calibrated")
    write_stripes(place / "stripes", 400, noise=230)
    shares = {"validation_share": 0.4, "test_share": 0.25}
    return _trained(place, {"epochs": 4, "batch_size": 32}, shares)


def _trained(place: Path, training: dict, data: dict) -> Path:
    from visus.pipeline.train import Request, train_run

    before = os.environ.get("VISUS_HOME")
    os.environ["VISUS_HOME"] = str(place / "home")
    choices = {
        "network": {"name": "dense"},
        "training": {**training, "preflight": False},
        "data": data,
    }
    train_run(Request(place / "stripes", choices, place / "run"))
    os.environ.pop("VISUS_HOME")
    if before is not None:
        os.environ["VISUS_HOME"] = before
    return place
