"""What every exporter must keep to: what it writes answers as the bundle does."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from small_bundle import make_bundle
from visus.bundles.calibration import Calibration
from visus.core.errors import MachineError
from visus.core.progress import SilentProgress
from visus.core.registry import Registry
from visus.exporting import EXPORTERS
from visus.exporting.base import Exporter
from visus.exporting.export import export_bundle
from visus.exporting.proof import compare, made_pictures, question

PARTS = list(EXPORTERS)
PAGE = Path(__file__).parents[2] / "docs" / "exporting.md"


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    """Calibrated: what is written must have that too."""
    calibration = Calibration((1.7,), "softmax", pictures=100, learned_from="made up")
    place = tmp_path_factory.mktemp("contract") / "model.visus"
    return make_bundle(place, calibration=calibration.to_json())


def marked(part):
    """The page needs a package from outside; its own parts are tested without."""
    slow = [pytest.mark.slow] if part.name == "browser" else []
    return pytest.param(part, id=part.name, marks=slow)


def ready(exporter: type[Exporter]) -> None:
    try:
        exporter.prepare(SilentProgress(), offline=False)
    except MachineError as error:
        pytest.skip(error.received)


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.name)
def test_an_exporter_is_an_exporter(part):
    exporter = part.load()
    assert issubclass(exporter, Exporter)
    assert exporter.ending in ("", f".{exporter.ending[1:].lower()}")
    assert 0 < exporter.tolerance <= 1e-3
    assert part.name == part.name.lower()
    assert 10 < len(part.summary) < 90
    assert f"\n### {part.name}\n" in PAGE.read_text(encoding="utf-8")


@pytest.mark.parametrize("part", [*map(marked, PARTS)])
def test_what_is_written_answers_as_the_bundle(part, bundle, tmp_path):
    exporter = part.load()
    ready(exporter)
    place = tmp_path / f"made{exporter.ending}"
    exporter().write(bundle, place)
    assert place.is_file() == bool(exporter.ending)
    asked = question(bundle)
    scores, runtime = exporter().answer(place, asked.pixels)
    proof = compare(bundle, asked, scores, runtime, exporter.tolerance)
    assert proof.holds, proof
    assert proof.pictures == 34
    assert runtime.version[0].isdigit()
    # A part of a piece, and one picture: the number is never built in.
    for count in (1, 3):
        few, _ = exporter().answer(place, asked.pixels[:count])
        np.testing.assert_allclose(few, asked.scores[:count], atol=exporter.tolerance)


@pytest.mark.slow
@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.name)
def test_an_export_is_proved_in_a_fresh_process(part, bundle, tmp_path):
    exporter = part.load()
    ready(exporter)
    out = tmp_path / f"made{exporter.ending}"
    done = export_bundle(bundle, part.name, out)
    assert done.proof.holds
    assert [path.name for path in tmp_path.iterdir()] == [out.name]
    again = export_bundle(bundle, part.name, out, force=True)
    assert again.proof == done.proof


def test_names_are_taken_once():
    registry = Registry("format", "exporters")
    registry.add("onnx", "a:b", "a summary")
    assert "onnx" in registry
    assert len({part.name for part in PARTS}) == len(PARTS) == 6


def test_made_pictures_are_always_the_same():
    golden = np.arange(2 * 6 * 5 * 3, dtype=np.uint8).reshape(2, 6, 5, 3)
    first, second = made_pictures(golden, 8), made_pictures(golden, 8)
    np.testing.assert_array_equal(first, second)
    assert first.shape == (8, 6, 5, 3)
    assert len(np.unique(first.reshape(8, -1), axis=0)) == 8
    assert made_pictures(golden[:0], 4).shape == (4, 6, 5, 3)


def test_node_is_there_or_is_asked_for(monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(MachineError, match="node"):
        EXPORTERS.load("browser").prepare(SilentProgress(), offline=True)
