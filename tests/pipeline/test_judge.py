"""The tests of explanations, asked of one picture of a small network."""

import json
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from explained_networks import plain, randomised, write_bundle
from visus.core.errors import DataError
from visus.explanation import EXPLAINERS
from visus.pipeline.judge import Judge
from visus.pipeline.question import Question, open_question

QUICK = {"rise": {"masks": 60}, "occlusion": {"steps": 4}}


@pytest.fixture(scope="module")
def labelled(tmp_path_factory):
    """A bundle, and a folder of one picture with a box on it, as COCO has it."""
    folder = tmp_path_factory.mktemp("labelled")
    write_bundle(folder / "model.visus", randomised(plain()), ("ant", "bee", "cat"))
    pixels = np.random.default_rng(5).integers(0, 256, (24, 20), dtype=np.uint8)
    (folder / "data").mkdir()
    Image.fromarray(pixels).save(folder / "data/a.png")
    box = {"image_id": 1, "category_id": 7, "bbox": [0, 0, 10, 12]}
    told = {
        "images": [{"id": 1, "file_name": "a.png"}],
        "annotations": [box],
        "categories": [{"id": 7, "name": "bee"}],
    }
    (folder / "data/coco.json").write_text(json.dumps(told))
    return folder


def judge_of(labelled, **choices) -> Judge:
    question = Question(
        labelled / "model.visus",
        labelled / "data/a.png",
        settings=QUICK,
        **choices,
    )
    return Judge(open_question(question))


def test_a_thing_that_the_source_knows_is_pointed_at_or_missed(labelled):
    judge = judge_of(labelled, data=str(labelled / "data"), class_name="bee")
    # Half as tall and half as wide a picture: the box is its upper left quarter.
    expected = np.zeros((12, 10), dtype=bool)
    expected[:6, :5] = True
    np.testing.assert_array_equal(judge.mask, expected)
    judged = judge.one(EXPLAINERS.part("rise"))
    # Of so small a picture, 3 % of a side is less than a pixel.
    assert judged.hit == expected.flat[judged.found.values.argmax()]
    assert judged.to_json()["points_at_it"] == judged.hit


def test_a_thing_of_another_class_is_nothing_to_point_at(labelled):
    judge = judge_of(labelled, data=str(labelled / "data"), class_name="cat")
    assert judge.mask is None


def test_a_source_that_is_not_there_is_an_error_of_the_question(labelled):
    with pytest.raises(DataError, match="nowhere"):
        judge_of(labelled, data=str(labelled / "nowhere")).one(EXPLAINERS.part("rise"))


def test_without_a_source_nothing_is_said_of_pointing(labelled):
    judged = judge_of(labelled).one(EXPLAINERS.part("occlusion"))
    assert judged.hit is None
    assert "points_at_it" not in judged.to_json()
    assert len(judged.sanity.correlations) == 3
    assert len(judged.faith.random) == 19


def test_a_source_that_it_has_not_learned_from_is_told(labelled):
    judge = judge_of(labelled, data=str(labelled / "data"))
    judged = judge.one(EXPLAINERS.part("nearest"))
    assert judged.found is None
    assert "learned from no picture" in judged.reason


def test_faults_are_named_with_their_figures(labelled):
    judged = judge_of(labelled).one(EXPLAINERS.part("grad-cam"))
    beaten, alike = judged.faith.beaten, judged.sanity.likeness
    assert (beaten == 19) == judged.faith.beats_random
    assert bool(judged.faults) == (beaten < 19 or alike > 0.5)
    if beaten < 19:
        assert f"{beaten} of 19" in judged.faults[0]


def test_another_picture_is_judged_by_the_networks_that_are_open(labelled):
    judge = judge_of(labelled)
    judge.one(EXPLAINERS.part("grad-cam"))
    pixels = np.random.default_rng(6).integers(0, 256, (12, 10, 1), dtype=np.uint8)
    beside = judge.beside(pixels)
    assert beside.subject.network() is judge.subject.network()
    ours, theirs = beside.shuffled, judge.shuffled
    assert all(a.opened is b.opened for a, b in zip(ours, theirs, strict=True))
    # The same as of a picture that is opened by itself.
    alone = Judge(replace(judge.opened, pixels=pixels))
    for name in ("grad-cam", "occlusion"):
        one, other = (j.one(EXPLAINERS.part(name)) for j in (beside, alone))
        np.testing.assert_allclose(one.found.values, other.found.values, atol=1e-6)
        assert one.faith.curves.gain == pytest.approx(other.faith.curves.gain)
        assert one.faith.beaten == other.faith.beaten
        assert one.sanity.likeness == pytest.approx(other.sanity.likeness)


def test_the_baseline_has_no_duty_to_beat_itself(labelled):
    judged = judge_of(labelled).one(EXPLAINERS.part("random-map"))
    assert judged.faults == ()
    # It never looks at the network.
    assert judged.sanity.likeness == pytest.approx(1)
