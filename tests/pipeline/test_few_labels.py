"""Training with --curve and --unlabelled, with a tiny backbone."""

import hashlib
import json
import shutil

import numpy as np
import pytest
from PIL import Image

import tiny_backbone
import visus
from pictures import striped, write_stripes
from visus.core.errors import ConfigError, DataError
from visus.data.home import visus_home

TINY = {"frozen.backbone": "tiny", "data.test_share": 0.4}


@pytest.fixture(autouse=True)
def tiny(monkeypatch):
    """`tiny` is a backbone, and its weights are here."""
    tiny_backbone.register(monkeypatch)
    tiny_backbone.write_weights(visus_home() / "weights" / "tiny.npz")


@pytest.fixture
def photos(tmp_path):
    """120 gray stripes of 80 by 80 pixels."""
    return write_stripes(tmp_path / "photos", 120, side=80)


@pytest.fixture
def loose(tmp_path):
    """40 more without a class folder."""
    folder = tmp_path / "loose"
    folder.mkdir()
    for row in range(40):
        picture = Image.fromarray(striped(row % 2 == 0, 900 + row, 80))
        picture.save(folder / f"{row:02d}.png")
    return folder


def train(source, out, **settings):
    return visus.train(source, out=out, settings={**TINY, **settings})


def seen(run, path, **chosen):
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return bool(run.bundle.trained_on([digest], **chosen).all())


def test_a_run_says_what_twice_as_many_would_bring(photos, tmp_path):
    run = train(photos, tmp_path / "run", **{"frozen.curve": True})
    report = run.report.report
    told = run.summary["growth"]
    assert told["sentence"] in [finding.message for finding in report.findings]
    sizes = [int(count) for count in told["accuracy_by_pictures"]]
    assert sizes == sorted(sizes)
    assert sizes[-1] == run.summary["counts"]["train"]
    # All pictures teach what the run itself was taught.
    assert told["accuracy_by_pictures"][str(sizes[-1])] == pytest.approx(run.accuracy)
    (table,) = [t for t in report.tables if t.title == "A few pictures a class"]
    assert [row[0] for row in table.rows] == [1, 5, 10, 20]
    assert report.figures[0].title == "Accuracy by training pictures"
    assert "growth" not in json.dumps(run.bundle.origin)


def test_pictures_without_a_label_are_learned_from(photos, loose, tmp_path):
    # Two that are labelled already, and one twice.
    for name, copied in (("a.png", "across/01.png"), ("b.png", "upright/00.png")):
        shutil.copy(photos / copied, loose / name)
    shutil.copy(loose / "00.png", loose / "c.png")
    (loose / "notes.txt").write_text("not a picture")
    plain = train(photos, tmp_path / "plain")
    run = train(photos, tmp_path / "run", **{"data.unlabelled": str(loose)})
    told = run.summary["unlabelled"]
    assert (told["pictures"], told["left_out"], told["quarantined"]) == (40, 3, 1)
    assert 0 < sum(told["taken"].values()) <= 40
    assert told["kept"]
    assert told["validation_after"] >= told["validation_before"]
    words = json.dumps(run.report.report.to_json())
    assert "of 40 got a label of the head's own" in words
    answers = run.bundle.predict([photos / name for name in run.predictions.ids])
    assert np.abs(answers.scores - run.predictions.scores).max() < 1e-5
    assert not np.array_equal(run.predictions.scores, plain.predictions.scores)
    # Whoever labels one later has no test of this model, but something to label.
    assert seen(run, loose / "00.png") and not seen(plain, loose / "00.png")
    assert not seen(run, loose / "00.png", labelled=True)


def test_what_does_not_help_is_not_kept(photos, loose, tmp_path, monkeypatch):
    from visus.models.joined import HeadWeights
    from visus.pipeline import unlabelled

    def wrong(*arguments, **named):
        found = fit(*arguments, **named)
        weights = found.weights
        turned = HeadWeights(-weights.kernel, -weights.bias, weights.head)
        return type(found)(turned, found.taken, found.unlabelled, found.rounds)

    fit = unlabelled.fit_with_unlabelled
    monkeypatch.setattr(unlabelled, "fit_with_unlabelled", wrong)
    plain = train(photos, tmp_path / "plain")
    run = train(photos, tmp_path / "run", **{"data.unlabelled": str(loose)})
    assert not run.summary["unlabelled"]["kept"]
    assert run.accuracy == plain.accuracy
    assert any("did not help" in note for note in run.summary["notes"])
    assert not seen(run, loose / "00.png")


def test_a_folder_of_nothing_new_is_refused(photos, tmp_path):
    with pytest.raises(DataError, match="are among the labelled ones"):
        train(photos, tmp_path / "run", **{"data.unlabelled": str(photos)})


@pytest.mark.parametrize("name", ["frozen.curve", "data.unlabelled"])
def test_what_has_no_accuracy_has_no_curve_and_no_guesses(photos, tmp_path, name):
    rows = [
        f"{path.relative_to(photos)},{n}.5"
        for n, path in enumerate(sorted(photos.rglob("*.png")))
    ]
    (photos / "table.csv").write_text("file_name,value\n" + "\n".join(rows) + "\n")
    value = True if name == "frozen.curve" else str(photos)
    with pytest.raises(ConfigError, match="numeric"):
        train(photos / "table.csv", tmp_path / "run", **{name: value})
    assert not (tmp_path / "run").exists()


def test_what_would_be_ignored_is_refused(photos, tmp_path):
    with pytest.raises(ConfigError, match="without unlabelled pictures"):
        train(photos, tmp_path / "run", **{"frozen.floor": 0.9})
    with pytest.raises(ConfigError, match="training.unlabelled.floor"):
        train(photos, tmp_path / "run", **{"training.unlabelled.floor": 0.9})


def test_what_to_label_first_is_typical(photos, loose, tmp_path):
    from visus.pipeline.label_first import choose_first

    shutil.copy(loose / "03.png", loose / "again.png")
    sheet = tmp_path / "first.png"
    chosen = choose_first(loose, count=6, backbone="tiny", plot=sheet)
    told = chosen.to_json()
    assert (told["considered"], told["copies"], told["labelled"]) == (40, 1, 0)
    assert told["told_apart_by"] == "backbone"
    assert len({entry["id"] for entry in told["next"]}) == 6
    # Names tell the direction: even numbers are upright.
    assert len({int(entry["id"][:2]) % 2 for entry in told["next"]}) == 2
    assert np.asarray(Image.open(sheet)).ndim == 3
    with pytest.raises(DataError, match="has a label"):
        choose_first(photos, count=2, backbone="tiny")
