"""Training by epochs with --unlabelled: small pictures, a network from scratch."""

import json
import shutil

import pytest
from PIL import Image

import visus
from pictures import striped, write_stripes
from visus.core.errors import ConfigError, DataError

SETTINGS = {"recipe": "quick", "training.epochs": 2}


@pytest.fixture
def small(tmp_path):
    """60 labelled pictures of 28 by 28 pixels."""
    return write_stripes(tmp_path / "small", side=28)


@pytest.fixture
def loose(tmp_path):
    """40 more without a class folder, one of them labelled already, one twice."""
    folder = tmp_path / "loose"
    folder.mkdir()
    for row in range(40):
        picture = Image.fromarray(striped(row % 2 == 0, 900 + row, 28))
        picture.save(folder / f"{row:02d}.png")
    shutil.copy(tmp_path / "small" / "across" / "01.png", folder / "a.png")
    shutil.copy(folder / "00.png", folder / "b.png")
    return folder


def train(source, out, **settings):
    return visus.train(source, out=out, settings={**SETTINGS, **settings})


def test_a_network_learns_from_pictures_without_a_label(small, loose, tmp_path):
    run = train(small, tmp_path / "run", **{"data.unlabelled": str(loose)})
    told = run.summary["unlabelled"]
    assert (told["pictures"], told["left_out"], told["quarantined"]) == (40, 2, 0)
    assert 0 <= told["taken_share"] <= 1
    log = (run.folder / "log.jsonl").read_text().splitlines()
    assert json.loads(log[-1])["taken"] == told["taken_share"]
    words = json.dumps(run.report.report.to_json())
    assert "40 learned from by FixMatch" in words
    config = run.bundle.origin["config"]
    assert config["data"]["unlabelled"] == str(loose)
    # The recipe knows what kind of picture it is for.
    assert config["training"]["unlabelled"]["kind"] == "characters"
    # Whoever labels them now has no test of this model: it has learned from them.
    for row in range(44):
        path = tmp_path / "now" / ("across", "upright")[row % 2 == 0] / f"{row}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(striped(row % 2 == 0, 900 + row, 28)).save(path)
    found = visus.evaluate(run.bundle.path, tmp_path / "now", out=tmp_path / "p.html")
    assert "40 pictures are left out" in json.dumps(found.report.to_json())


def test_a_run_goes_on_only_with_the_same_pictures(small, loose, tmp_path, monkeypatch):
    class Killed(BaseException):
        pass

    def kill(*_):
        raise Killed

    out, settings = tmp_path / "run", {"data.unlabelled": str(loose)}
    with monkeypatch.context() as patch:
        patch.setattr("visus.pipeline.train.report_run", kill)
        with pytest.raises(Killed):
            train(small, out, **settings)
    (loose / "00.png").rename(loose / "kept.png")
    with pytest.raises(DataError, match="loose have changed"):
        visus.resume(out)
    (loose / "kept.png").rename(loose / "00.png")
    assert visus.resume(out).summary["unlabelled"]["pictures"] == 40


def test_what_makes_no_sense_is_refused_before_there_is_a_run(small, loose, tmp_path):
    rows = [f"{p.relative_to(small)},{n}.5" for n, p in enumerate(small.rglob("*.png"))]
    (small / "table.csv").write_text("file_name,value\n" + "\n".join(rows) + "\n")
    numbers, out = small / "table.csv", tmp_path / "run"
    with pytest.raises(ConfigError, match="numeric"):
        train(numbers, out, **{"data.unlabelled": str(loose)})
    with pytest.raises(ConfigError, match="no such pictures"):
        train(small, out, **{"training.unlabelled.floor": 0.9})
    with pytest.raises(ConfigError, match="frozen"):
        train(small, out, **{"frozen.floor": 0.9, "data.unlabelled": str(loose)})
    assert not out.exists()
