"""visus export, as a person and as a script see it; and every way to ask wrongly."""

import json
import shutil
from itertools import count
from pathlib import Path

import numpy as np
import onnxruntime
import pytest

from pictures import write_stripes
from small_bundle import make_bundle
from visus.bundles import load_bundle
from visus.bundles.bundle import short_hashes
from visus.core.errors import ModelError
from visus.data.scan import scan_pictures
from visus.data.sources import read_source
from visus.exporting.export import Exported
from visus.pipeline import export as pipeline


def refused(cli, *words, code: int, mentions: str) -> None:
    plain = cli("export", *words, code=code)
    assert mentions in plain.stderr
    assert plain.stderr.splitlines()[-1].startswith("  to mend it: ")
    assert "Traceback" not in plain.stderr + plain.stdout
    told = json.loads(cli("export", *words, "--json", code=code).stdout)
    assert told["exit_code"] == code


@pytest.fixture(scope="module")
def learned(tmp_path_factory):
    """A convolutional bundle that remembers stripes by their content."""
    place = tmp_path_factory.mktemp("learned")
    photos = write_stripes(place / "photos", count=40)
    bare = make_bundle(place / "bare.visus")
    dataset, ledger = read_source(photos)
    scan = scan_pictures(dataset, ledger, bare.spec, use_cache=False)
    hashes = short_hashes(record.content_hash for record in scan.dataset.records)
    splits = {"train": hashes[::2], "validation": hashes[1::2]}
    make_bundle(place / "model.visus", splits)
    return place


def test_the_command_and_python_tell_the_same(cli, trained, tmp_path):
    import visus

    model = trained / "run" / "model.visus"
    told = cli.json("export", model, "--to", "onnx", "--out", "m.onnx")
    assert told["proof"]["same_answers"] == 1
    assert told["proof"]["largest_difference"] <= told["proof"]["tolerance"]
    done = visus.export(model, "onnx", tmp_path / "p.onnx")
    assert done.to_json() == told | {"out": str(tmp_path / "p.onnx")}
    picture = trained / "stripes" / "across" / "01.png"
    answers = cli.json("predict", model, picture)["predictions"][0]["scores"]
    dataset, ledger = read_source(trained / "stripes")
    one = dataset.select(lambda record: record.id.endswith("across/01.png"))
    pixels = scan_pictures(one, ledger, load_bundle(model).spec).pictures.pixels
    session = onnxruntime.InferenceSession("m.onnx")
    (scores,) = session.run(["scores"], {"pixels": np.asarray(pixels[:])})
    np.testing.assert_allclose(scores[0], list(answers.values()), atol=1e-6)


def test_the_proof_is_told_and_takes_pictures(cli, trained):
    model = trained / "run" / "model.visus"
    words = ["export", model, "--to", "onnx", "--data", trained / "stripes"]
    text = cli(*words, "--out", "m.onnx").stdout
    assert max(map(len, text.splitlines())) <= 80
    told = " ".join(text.split())
    assert "32 given" in told and "100% of the answers are the same" in told
    refused(cli, *words[1:], "--out", "m.onnx", code=2, mentions="exists")
    told = cli.json(*words, "--out", "m.onnx", "--force")
    assert told["proof"]["pictures"] == 34


def test_bad_input_is_one_message(cli, trained, tmp_path):
    model = trained / "run" / "model.visus"
    content = model.read_bytes()
    Path("half.visus").write_bytes(content[: len(content) // 2])
    Path("file").write_text("no folder")
    onnx = ["--to", "onnx"]
    refused(cli, "nothing.visus", *onnx, code=4, mentions="does not exist")
    refused(cli, "half.visus", *onnx, code=4, mentions="damaged")
    refused(cli, model, "--to", "onxn", code=2, mentions="openvino, savedmodel")
    refused(cli, model, code=2, mentions="--to with one of onnx")
    refused(cli, *onnx, code=2, mentions="No model")
    out = ["--out", "file/m.onnx"]
    refused(cli, model, *onnx, *out, code=5, mentions="cannot be written")
    refused(cli, model, *onnx, "--out", "m.bin", code=2, mentions=".onnx")
    words = [*onnx, "--data", "nowhere"]
    refused(cli, model, *words, code=3, mentions="does not exist")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "half.visus"]


def test_eight_bits_are_asked_for_with_sense(cli, trained, learned, tmp_path):
    model, photos = learned / "model.visus", learned / "photos"
    int8 = [model, "--to", "onnx", "--int8"]
    refused(cli, *int8, code=2, mentions="--data")
    refused(cli, model, "--to", "onnx", "--budget", 1, code=2, mentions="--int8")
    words = [model, "--to", "keras", "--int8", "--data", photos]
    refused(cli, *words, code=2, mentions="--to onnx")
    words = ["--data", photos, "--budget", -1]
    refused(cli, *int8, *words, code=2, mentions="0 to 100")
    dense = [trained / "run" / "model.visus", "--to", "onnx", "--int8"]
    words = ["--data", trained / "stripes"]
    refused(cli, *dense, *words, code=2, mentions="no convolution")
    half = shutil.copytree(photos, tmp_path / "half")
    for path in half.rglob("*.png"):
        if int(path.stem) % 4 > 1:
            path.unlink()
    strangers = make_bundle(tmp_path / "strangers.visus")
    words = [strangers.path, "--to", "onnx", "--int8", "--data", half]
    refused(cli, *words, code=3, mentions="no validation pictures")
    assert not [*tmp_path.glob("*.onnx")]


def test_eight_bits_beside_float(cli, learned):
    words = ["export", learned / "model.visus", "--to", "onnx", "--int8"]
    words += ["--data", learned / "photos", "--budget", 100, "--out"]
    told = cli.json(*words, "m.onnx")["int8"]
    assert (told["convolutions"], told["convolutions_in_float"]) == (4, 0)
    assert told["calibration_pictures"] == told["validation_pictures"] == 20
    assert told["same_answers"] > 0.7
    for side in ("float", "int8"):
        assert told[side]["bytes"] > 0 and told[side]["images_per_second"] > 0
    lost = 100 * (told["float"]["accuracy"] - told["int8"]["accuracy"])
    assert told["points_lost"] == pytest.approx(lost)
    text = cli(*words, "n.onnx").stdout
    assert max(map(len, text.splitlines()[:12])) <= 80
    assert "4 of 4 convolutions" in text
    assert Path("m.onnx").read_bytes() == Path("n.onnx").read_bytes()


def test_the_list_tries_and_says_why_not(cli, trained, monkeypatch):
    numbers = count()

    def tried(bundle, to, out, **more):
        if to == "openvino":
            raise ModelError("Its processor is too old.", "a newer one.", "Buy one.")
        number = next(numbers)
        from visus.exporting.base import Runtime
        from visus.exporting.proof import Proof

        proof = Proof(Runtime("R", "1.2"), 34, "made", number * 1e-6, 1e-4, 1.0)
        return Exported(to, out, 10, proof)

    monkeypatch.setattr(pipeline, "export_bundle", tried)
    words = ["export", trained / "run" / "model.visus", "--list"]
    told = {entry["name"]: entry for entry in cli.json(*words)["formats"]}
    assert [name for name, entry in told.items() if not entry["works"]] == ["openvino"]
    assert told["openvino"]["reason"] == "Its processor is too old."
    assert told["onnx"]["runtime"] == "R 1.2"
    text = cli(*words).stdout
    assert "does not work here" in text and "why: Its processor is too old." in text
    assert max(map(len, text.splitlines())) <= 80


def test_help_fits_eighty_columns(cli):
    text = cli("export", "--help").stdout
    assert max(map(len, text.splitlines())) <= 80


@pytest.mark.slow
def test_the_list_without_a_model_makes_its_own(cli):
    told = {entry["name"]: entry for entry in cli.json("export", "--list")["formats"]}
    assert told["onnx"]["works"] and told["keras"]["works"]
    assert told["savedmodel"]["works"]
    assert all(entry["works"] or entry["remedy"] for entry in told.values())
