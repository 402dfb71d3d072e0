"""Written aside, proved in a fresh process, and only then there."""

import json

import numpy as np
import onnx
import pytest

from small_bundle import make_bundle
from visus.core.errors import ConfigError, MachineError, ModelError
from visus.exporting import apart, export
from visus.exporting.base import Runtime
from visus.exporting.export import export_bundle


def lying(to, place, pixels):
    assert place.exists()
    return np.full((len(pixels), 2), 0.5, np.float32), Runtime("A liar", "1.0")


def made(place):
    return sorted(str(path.relative_to(place)) for path in place.rglob("*"))


def test_a_file_says_what_it_means(bundle, tmp_path):
    done = export_bundle(bundle, "onnx", tmp_path / "m.onnx")
    assert done.proof.largest_difference == 0
    assert done.to_json()["bytes"] == (tmp_path / "m.onnx").stat().st_size
    model = onnx.load(tmp_path / "m.onnx")
    words = {entry.key: json.loads(entry.value) for entry in model.metadata_props}
    assert words["visus.class_names"] == ["across", "upright"]
    assert words["visus.spec"]["image_size"] == [16, 16]
    assert made(tmp_path) == ["m.onnx"]


@pytest.mark.parametrize("to", ["onnx", "openvino"])
def test_what_is_not_proved_is_not_there(to, bundle, tmp_path, monkeypatch):
    if to == "openvino":
        pytest.importorskip("openvino")
    monkeypatch.setattr(export, "answer_apart", lying)
    out = tmp_path / ("m.onnx" if to == "onnx" else "m")
    with pytest.raises(ModelError, match="A liar 1.0"):
        export_bundle(bundle, to, out)
    assert made(tmp_path) == []


def test_a_failed_export_leaves_what_was_there(bundle, tmp_path, monkeypatch):
    out = tmp_path / "m.onnx"
    out.write_bytes(b"mine")
    with pytest.raises(ConfigError, match="exists"):
        export_bundle(bundle, "onnx", out)
    monkeypatch.setattr(export, "answer_apart", lying)
    with pytest.raises(ModelError):
        export_bundle(bundle, "onnx", out, force=True)
    assert out.read_bytes() == b"mine"
    assert made(tmp_path) == ["m.onnx"]


def test_folders_of_others_are_never_replaced(bundle, tmp_path):
    out = tmp_path / "home"
    out.mkdir()
    (out / "letter.txt").write_text("dear")
    for to in ("savedmodel", "openvino", "browser"):
        with pytest.raises(ConfigError, match="nothing else"):
            export_bundle(bundle, to, out, force=True)
    (tmp_path / "a.onnx").mkdir()
    with pytest.raises(ConfigError, match="exists"):
        export_bundle(bundle, "onnx", tmp_path / "a.onnx", force=True)
    assert made(tmp_path) == ["a.onnx", "home", "home/letter.txt"]


def test_a_place_that_cannot_be_written_is_told_before_the_work(bundle, tmp_path):
    (tmp_path / "file").write_text("no folder")
    for to, name in (("onnx", "m.onnx"), ("savedmodel", "1")):
        with pytest.raises(MachineError, match="cannot be written"):
            export_bundle(bundle, to, tmp_path / "file" / name)


def test_the_ending_is_that_of_the_format(bundle, tmp_path):
    with pytest.raises(ConfigError, match=r"ends in \.onnx"):
        export_bundle(bundle, "onnx", tmp_path / "m.bin")


def test_a_bundle_without_its_keras_network_is_told_what_needs_none(tmp_path):
    bare = make_bundle(tmp_path / "model.visus", network=None)
    with pytest.raises(ModelError, match="openvino"):
        export_bundle(bare, "keras", tmp_path / "m.keras")
    assert made(tmp_path) == ["model.visus"]


def test_a_converter_that_crashes_does_not_take_us_along(bundle, tmp_path, monkeypatch):
    monkeypatch.setattr(apart, "_PROGRAM", "import os; os.abort()")
    with pytest.raises(ModelError, match="signal 6"):
        export_bundle(bundle, "onnx", tmp_path / "m.onnx")
    monkeypatch.setattr(apart, "_PROGRAM", "raise RuntimeError('no such operation')")
    with pytest.raises(ModelError, match="no such operation"):
        export_bundle(bundle, "onnx", tmp_path / "m.onnx")
    assert made(tmp_path) == []


def test_an_extra_that_is_missing_is_told_with_its_pip_line(
    bundle, tmp_path, monkeypatch
):
    monkeypatch.setattr("visus.data.extras.find_spec", lambda module: None)
    for to in ("litert", "openvino"):
        out = tmp_path / ("m.tflite" if to == "litert" else "m")
        with pytest.raises(MachineError) as caught:
            export_bundle(bundle, to, out)
        assert caught.value.remedy == f"pip install 'visus[{to}]'"
    assert made(tmp_path) == []
