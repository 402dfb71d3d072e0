"""visus explain: a panel, a page of all methods, a glass network, and refusals."""

import json
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
from PIL import Image

from explained_networks import plain, randomised, write_bundle
from visus.explanation import EXPLAINERS

NAMES = ("ant", "bee", "cat")


@pytest.fixture(scope="module")
def convolves(tmp_path_factory):
    """A folder with a bundle of a network with convolutions, and a picture."""
    folder = tmp_path_factory.mktemp("convolves")
    write_bundle(folder / "model.visus", randomised(plain()), NAMES)
    pixels = np.random.default_rng(5).integers(0, 256, (12, 10), dtype=np.uint8)
    Image.fromarray(pixels).save(folder / "a picture.png")
    return folder


def test_a_panel_with_the_class_its_score_and_the_layer(cli, convolves, tmp_path):
    out = tmp_path / "panel.png"
    words = (convolves / "model.visus", convolves / "a picture.png")
    told = cli.json("explain", *words, "--method", "grad-cam", "--out", out)
    assert told["method"] == "grad-cam"
    assert told["layer"] == "last"
    assert told["class"] == told["answer"] in NAMES
    assert 1 / 3 < told["score"] <= 1
    with Image.open(out) as image:
        assert image.size[0] > 700
        gray = np.asarray(image.convert("L"))
    assert gray.std() > 20
    said = cli("explain", *words, "--out", tmp_path / "b.png").stdout
    assert f"{told['class']} {told['score']:.1%} (grad-cam, layer last)" in said


def test_places_are_chosen_and_nothing_is_overwritten(cli, convolves, tmp_path):
    words = (convolves / "model.visus", convolves / "a picture.png")
    quick = ("--method", "rise", "--set", "rise.masks=20")
    first, second = (cli.json("explain", *words, *quick)["out"] for _ in range(2))
    assert first == "explanations/a-picture-rise-001.png"
    assert second == "explanations/a-picture-rise-002.png"
    told = cli.json("explain", *words, *quick, "--out", first, code=2)
    assert "--force" in told["remedy"]
    assert cli.json("explain", *words, *quick, "--out", first, "--force")
    told = cli.json("explain", *words, *quick, "--out", "x.jpg", code=2)
    assert ".png" in told["expected"]


def test_python_tells_the_same_story(cli, convolves, tmp_path):
    import visus

    words = (convolves / "model.visus", convolves / "a picture.png")
    chosen = {"method": "rise", "class_name": "cat", "settings": {"rise.masks": 30}}
    explained = visus.explain(*words, **chosen, out=tmp_path / "python.png")
    options = ("--method", "rise", "--class", "cat", "--set", "rise.masks=30")
    told = cli.json("explain", *words, *options, "--out", tmp_path / "cli.png")
    assert told["class"] == "cat"
    same = (tmp_path / "python.png").read_bytes() == (tmp_path / "cli.png").read_bytes()
    assert same
    assert explained.to_json()["strongest"] == told["strongest"]


def test_the_help_names_every_method(cli):
    said = " ".join(cli("explain", "--help").stdout.split()).replace("- ", "-")
    assert all(name in said for name in EXPLAINERS.names())


def test_names_that_nobody_knows(cli, convolves):
    words = (convolves / "model.visus", convolves / "a picture.png")
    for options, near in (
        (("--method", "gradcam"), "grad-cam"),
        (("--class", "bea"), "bee"),
        (("--method", "layer-cam", "--layer", "frist"), "first"),
        (("--set", "rise.mask=3", "--method", "rise"), "rise.masks"),
        (("--set", "rice.masks=3"), "rise"),
    ):
        told = cli.json("explain", *words, *options, code=2)
        assert near in told["remedy"], told
    told = cli.json("explain", *words, "--all", "--glass", code=2)
    assert "one of them" in told["expected"]


def test_nothing_is_ignored_in_silence(cli, convolves):
    words = (convolves / "model.visus", convolves / "a picture.png")
    for options in (
        ("--method", "rise", "--layer", "last"),
        ("--method", "rise", "--data", "photos"),
        ("--method", "rise", "--set", "occlusion.steps=3"),
        ("--glass", "--layer", "last"),
    ):
        told = cli.json("explain", *words, *options, code=2)
        assert options[-2] in told["received"] or "occlusion" in told["received"]


def test_pictures_and_models_that_are_none(cli, convolves, tmp_path):
    (tmp_path / "no.png").write_bytes(b"no picture")
    model = convolves / "model.visus"
    assert cli.json("explain", model, tmp_path / "no.png", code=3)["received"]
    assert cli.json("explain", model, tmp_path / "nothing.png", code=3)["received"]
    assert cli.json("explain", tmp_path / "no.visus", "x.png", code=4)["received"]


def test_a_network_without_convolutions_says_what_does_not_apply(cli, trained):
    picture = sorted((trained / "stripes").rglob("*.png"))[0]
    words = (trained / "run/model.visus", picture)
    told = cli.json("explain", *words, "--method", "grad-cam", code=4)
    assert "no convolution" in told["received"]
    told = cli.json("explain", *words, "--set", "occlusion.steps=4")
    assert told["method"] == "occlusion"
    assert told["out"].endswith("-occlusion-001.png")
    page = Path(told["page"]).read_text()
    assert "Tests of the maps" in page
    assert "random-map" in page and "rise" not in page


def test_all_methods_on_one_page_each_with_its_tests(cli, convolves, tmp_path):
    quick = ("rise.masks=40", "occlusion.steps=4", "smooth-grad.copies=2")
    quick += ("activation-maximization.steps=2", "activation-maximization.filters=1")
    settings = [word for entry in quick for word in ("--set", entry)]
    out = tmp_path / "page.html"
    words = (convolves / "model.visus", convolves / "a picture.png")
    told = cli.json("explain", *words, "--all", *settings, "--out", out)
    methods = {one["method"]: one for one in told["methods"]}
    assert methods["grad-cam"]["random_maps"] == 19
    assert "trusted" not in methods["random-map"]
    assert "--data" in methods["nearest"]["does_not_apply"]
    assert "no layer of attention" in methods["attention-maps"]["does_not_apply"]
    page = out.read_text()
    for name, one in methods.items():
        assert name in page
        if one.get("trusted") is False:
            assert f"{name} is untrustworthy on this picture" in page
    assert "http://" not in page.replace("http://www.w3.org/2000/svg", "")
    assert "https://" not in page


def test_what_several_methods_lack_is_said_once(cli, tmp_path):
    images = keras.Input((8, 8, 1))
    scores = keras.layers.Dense(2, activation="softmax")(keras.layers.Flatten()(images))
    model = randomised(keras.Model(images, scores, name="flat"))
    write_bundle(tmp_path / "model.visus", model, ("a", "b"))
    picture = tmp_path / "a.png"
    Image.fromarray(np.zeros((8, 8), np.uint8)).save(picture)
    quick = ("rise.masks=20", "occlusion.steps=2", "smooth-grad.copies=2")
    settings = [word for entry in quick for word in ("--set", entry)]
    out = tmp_path / "page.html"
    cli.json(
        "explain", tmp_path / "model.visus", picture, "--all", *settings, "--out", out
    )
    page = out.read_text()
    assert page.count("has no convolution that keeps places apart") == 1
    assert "grad-cam, grad-cam++, layer-cam, feature-maps" in page


def test_a_layer_that_nobody_knows_is_refused_before_any_work(
    cli, convolves, tmp_path, monkeypatch
):
    def work(opened):
        raise AssertionError("it began to explain")

    monkeypatch.setattr("visus.pipeline.explained_page.Judge", work)
    words = (convolves / "model.visus", convolves / "a picture.png")
    out = tmp_path / "page.html"
    told = cli.json(
        "explain", *words, "--all", "--layer", "frist", "--out", out, code=2
    )
    assert "frist" in told["received"] and "first" in told["remedy"]
    assert not out.exists()


def test_a_glass_page_holds_the_whole_network(cli, convolves, tmp_path):
    out = tmp_path / "glass.html"
    words = (convolves / "model.visus", convolves / "a picture.png")
    told = cli.json("explain", *words, "--glass", "--out", out)
    assert told["bytes"] == out.stat().st_size
    # Pixels, scaling, two convolutions with ReLU, pooling, flatten, dense, softmax.
    assert told["steps"] == 10
    assert not told["notes"]
    assert cli.json("explain", *words, "--glass", "--out", out, code=2)["remedy"]


def test_a_glass_page_says_that_its_heading_is_calibrated(cli, convolves, tmp_path):
    model = randomised(plain())
    write_bundle(tmp_path / "model.visus", model, NAMES, temperature=4.0)
    words = (tmp_path / "model.visus", convolves / "a picture.png")
    out = tmp_path / "glass.html"
    told = cli.json("explain", *words, "--glass", "--out", out)
    (note,) = told["notes"]
    assert f"which makes {told['score']:.1%} of it" in note
    assert note in out.read_text()


def test_the_nearest_pictures_are_those_that_were_learned(cli, trained, tmp_path):
    picture = sorted((trained / "stripes").rglob("*.png"))[0]
    told = cli.json(
        "explain",
        trained / "run/model.visus",
        picture,
        "--method",
        "nearest",
        "--data",
        trained / "stripes",
        "--out",
        tmp_path / "near.png",
    )
    count = json.loads((trained / "run/data.json").read_text())["pictures"]
    learned = count["train"] + count.get("validation", 0)
    assert f"Among {learned} pictures" in told["notes"][0]


def test_methods_of_the_graph_never_import_keras(convolves, tmp_path):
    program = (
        "import sys\n"
        "from visus.pipeline.explain import explain_picture\n"
        "from visus.pipeline.question import Question\n"
        "from pathlib import Path\n"
        "model, picture, out = map(Path, sys.argv[1:])\n"
        "settings = {'rise': {'masks': 10}}\n"
        "question = Question(model, picture, settings=settings)\n"
        "explain_picture(question, method='rise', out=out)\n"
        "assert not {'keras', 'tensorflow'} & set(sys.modules)\n"
    )
    words = (convolves / "model.visus", convolves / "a picture.png", tmp_path / "a.png")
    command = [sys.executable, "-c", program, *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
