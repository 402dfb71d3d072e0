"""deploy/: a server has all that it needs of what the container installs."""

import json
import os
import re
import subprocess
import sys
import tomllib
import urllib.request
from importlib.metadata import PackageNotFoundError, packages_distributions, requires
from pathlib import Path

from packaging.requirements import Requirement

from served import drawn_pixels, write_bundle
from visus.data.encode import encode_png

ROOT = Path(__file__).parents[2]
PATIENCE = 120
# `visus serve` where nothing can be imported that the container has not got.
PROGRAM = """
import sys
from importlib.machinery import PathFinder

missing = set(sys.argv.pop(1).split(","))

class OnlyInstalled(PathFinder):
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        found = name.partition(".")[0] not in missing
        return super().find_spec(name, path, target) if found else None

sys.meta_path[:] = [OnlyInstalled if f is PathFinder else f for f in sys.meta_path]
from visus.cli.app import main
main()
"""


def installed() -> dict[str, Requirement]:
    """What deploy/requirements.txt asks for, by its normalised name."""
    lines = (ROOT / "deploy" / "requirements.txt").read_text().splitlines()
    asked = [Requirement(line) for line in lines if line and line[0] != "#"]
    return {plain(one.name): one for one in asked}


def plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def with_what_they_need(names: set[str]) -> set[str]:
    known, waiting = set(), list(names)
    while waiting:
        name = waiting.pop()
        if name in known:
            continue
        known.add(name)
        try:
            needed = map(Requirement, requires(name) or ())
        except PackageNotFoundError:
            continue
        for one in needed:
            if one.marker is None or one.marker.evaluate({"extra": ""}):
                waiting.append(plain(one.name))
    return known


def test_bounds_are_those_of_the_package():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    lines = [*project["dependencies"], *extras["serve"], *extras["fast"]]
    own = {plain(one.name): one for one in map(Requirement, lines)}
    asked = installed()
    assert asked.keys() <= own.keys()
    assert {k: v.specifier for k, v in asked.items()} == {
        name: own[name].specifier for name in asked
    }
    assert {plain(Requirement(line).name) for line in extras["serve"]} <= asked.keys()


def test_a_server_needs_no_more_than_the_container_installs(tmp_path):
    there = with_what_they_need({*installed()}) | {"visus"}
    missing = {
        package
        for package, owners in packages_distributions().items()
        if not there & set(map(plain, owners))
    }
    assert {"keras", "tensorflow", "onnx", "scipy"} <= missing
    bundle = tmp_path / "digits.visus"
    write_bundle(bundle, calibrated=True)
    picture = encode_png(drawn_pixels(1)[0])
    words = [",".join(sorted(missing)), "serve", bundle, "--http", 0, "--grpc", 0]
    server = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, *map(str, words)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src"), "NO_COLOR": "1"},
    )
    try:
        address = server.stdout.readline().split()[0]
        with urllib.request.urlopen(f"{address}/predict", picture, PATIENCE) as told:
            assert json.load(told)["predictions"][0]["kind"] in ("label", "unsure")
        with urllib.request.urlopen(f"{address}/explain", picture, PATIENCE) as panel:
            assert panel.read().startswith(b"\x89PNG")
        server.terminate()
        assert server.wait(PATIENCE) == 0
    finally:
        server.kill()
        server.communicate(timeout=PATIENCE)
