"""The page prepares pixels as Visus does, and trusts no name."""

import json
import shutil
import subprocess
from importlib.resources import files
from itertools import product
from types import SimpleNamespace

import numpy as np
import pytest

from visus.core.errors import MachineError
from visus.core.progress import SilentProgress
from visus.data.decode import resampling
from visus.data.preprocess import PreprocessSpec, prepare_pixels
from visus.exporting import browser

FITS = (("crop", 1.0), ("crop", 0.875), ("pad", 1.0), ("squash", 1.0))
INTERPOLATIONS = ("area", "bilinear", "bicubic", "nearest")
SIZES = ((37, 53), (90, 41), (16, 20), (20, 16), (9, 12))
TARGET = (16, 20)


def run_script(name: str, ending: str, words: object, folder) -> object:
    if shutil.which("node") is None:
        pytest.skip("there is no node on this machine")
    source = files("visus.exporting").joinpath("page", name).read_text()
    (folder / "asked.json").write_text(json.dumps(words))
    read = 'JSON.parse(require("fs").readFileSync("asked.json"))'
    script = f"{source}\nconst asked = {read};\nconsole.log(JSON.stringify({ending}))"
    (folder / "script.cjs").write_text(script)
    done = subprocess.run(
        ["node", "script.cjs"], cwd=folder, capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout)


@pytest.mark.parametrize("quick", [False, True], ids=["pillow", "quick"])
def test_pixels_are_prepared_alike(quick, monkeypatch, tmp_path):
    """As Pillow does it to the bit; the quick resizer rounds otherwise by one level."""
    if not quick:
        monkeypatch.setattr(resampling, "_quick", lambda: None)
    draw = np.random.default_rng(0)
    asked, expected = [], []
    for (fit, share), interpolation, channels, size in product(
        FITS, INTERPOLATIONS, (1, 3), SIZES
    ):
        spec = PreprocessSpec(
            image_size=TARGET,
            channels=channels,
            fit=fit,
            interpolation=interpolation,
            crop_share=share,
        )
        pixels = draw.integers(0, 256, (*size, 3), dtype=np.uint8)
        expected.append(prepare_pixels(pixels, spec).ravel())
        full = np.dstack([pixels, np.full(size, 255, np.uint8)])
        picture = {"height": size[0], "width": size[1], "pixels": full.ravel().tolist()}
        asked.append({"picture": picture, "spec": spec.model_dump(mode="json")})
    ending = "asked.map((one) => Array.from(prepare(one.picture, one.spec)))"
    found = run_script("prepare.js", ending, asked, tmp_path)
    for one, other, words in zip(found, expected, asked, strict=True):
        apart = np.abs(np.subtract(one, other, dtype=np.int64)).max()
        assert apart <= (1 if quick else 0), words["spec"]


NAMES = ["a", "b", "c", "d", "e", "f", "g"]


@pytest.mark.parametrize(
    "task, scores, rows",
    [
        (
            {"name": "single-label"},
            [0.1, 0.5, 0.2, 0.05, 0.05, 0.06, 0.04],
            [("b", "50.0 %", True), ("c", "20.0 %", False), ("a", "10.0 %", False)],
        ),
        (
            {"name": "multi-label", "thresholds": [0.5, 0.5, 0.5, 0.9, 0.5, 0.5, 0.5]},
            [0.6, 0.7, 0.1, 0.8, 0.1, 0.1, 0.1],
            [("d", "80.0 %", False), ("b", "70.0 %", True), ("a", "60.0 %", True)],
        ),
        ({"name": "numeric"}, [12.3456789], [("a", "12.3457", True)]),
    ],
)
def test_answers_are_those_of_the_task(task, scores, rows, tmp_path):
    words = {"scores": scores, "facts": {"class_names": NAMES, "task": task}}
    found = run_script(
        "answer.js", "answerRows(asked.scores, asked.facts)", words, tmp_path
    )
    told = [(row["name"], row["text"], row["chosen"]) for row in found]
    assert told[:3] == rows
    assert len(told) <= 5


def test_names_cannot_end_the_script_that_holds_them(bundle):
    hostile = "</script><script>alert(1)</script>"
    named = SimpleNamespace(
        origin={"network": hostile},
        class_names=(hostile, "<!--"),
        task=bundle.task,
        spec=bundle.spec,
    )
    page = browser.page_of(named)
    assert hostile not in page and "<!--" not in page
    facts = page.split('id="facts">')[1].split("</script>")[0]
    assert json.loads(facts)["class_names"] == [hostile, "<!--"]
    assert "{{" not in page
    assert page.count("https://") == page.count("http://") == 0


def test_where_the_runtime_may_be_put_is_told(monkeypatch, own_home):
    monkeypatch.setattr(browser, "_node", lambda: "node")
    with pytest.raises(MachineError) as caught:
        browser.BrowserExporter.prepare(SilentProgress(), offline=True)
    assert str(own_home) in caught.value.expected
    assert "npm pack onnxruntime-web@" in caught.value.remedy
    place = browser.runtime_place()
    place.mkdir(parents=True)
    for name in (browser.GLUE, browser.BINARY):
        (place / name).write_bytes(b"x")
    browser.BrowserExporter.prepare(SilentProgress(), offline=True)


def test_what_npm_brings_is_kept(monkeypatch):
    def brought(package, names, progress):
        assert package == browser.PACKAGE
        return {name: path.encode() for path, name in names.items()}

    monkeypatch.setattr(browser, "npm_files", brought)
    browser.fetch_runtime(SilentProgress(), offline=False)
    place = browser.runtime_place()
    assert (
        place / browser.GLUE
    ).read_bytes() == f"package/dist/{browser.GLUE}".encode()
