"""The card: front matter that a reader of YAML understands, words that stay words."""

import yaml

from visus.certifying.model_card import model_card
from visus.certifying.signed import seal


def test_the_front_matter_is_what_a_hub_reads(make, key):
    text = model_card(seal(make(), key))
    _, front, body = text.split("\n---\n", 1)[0], *text[4:].split("\n---\n", 1)
    told = yaml.safe_load(front)
    assert told["pipeline_tag"] == "image-classification"
    assert told["tags"] == ["visus", "onnx", "keras", "single-label"]
    (index,) = told["model-index"]
    (result,) = index["results"]
    assert result["task"] == {"type": "image-classification"}
    # A name with line breaks does not end the front matter, and sets no licence.
    assert result["dataset"]["name"] == "other\n---\nlicense: mit"
    assert "license" not in told
    (metric,) = result["metrics"]
    assert metric == {"type": "accuracy", "value": 0.95, "name": "Accuracy"}
    assert body.startswith("# convnet on other --- license: mit\n")


def test_outside_words_do_not_become_markup(make, key):
    body = model_card(seal(make(), key))
    assert r"\| \<b\>\*bad\*\</b\>" in body
    assert "Look at \\`this\\`." in body
    assert "Not measured. Nobody attacked it." in body
    assert "| accuracy | passed |" in body


def test_what_was_not_measured_has_no_figure(make, key):
    certificate = make()
    less = certificate.model_copy(update={"sections": certificate.sections[1:]})
    text = model_card(seal(less, key))
    assert "model-index" not in text and "metrics" not in text
