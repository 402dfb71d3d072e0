"""Fine-tuning: frozen features, then the whole network, and the better one is kept."""

import json

import numpy as np
import pytest

import visus
from visus.core.errors import ConfigError, DataError

pytestmark = pytest.mark.usefixtures("tiny")

TINY = {"frozen.backbone": "tiny", "training.epochs": 2, "training.batch_size": 16}


def tune(source, out, **settings):
    chosen = {**TINY, **{name.replace("__", "."): v for name, v in settings.items()}}
    return visus.train(source, out=out, recipe="fine-tune", settings=chosen)


def test_a_network_that_became_better_is_kept(photos, tmp_path):
    # A head that may hardly use its features leaves something to learn.
    weak = {"frozen__strength": 1e4, "training__learning_rate": 0.02}
    run = tune(photos, tmp_path / "run", training__epochs=8, **weak)
    told = run.summary["fine_tuning"]
    assert told["pays"], told
    assert told["validation_loss_tuned"] < told["validation_loss_frozen"]
    assert told["validation_figure_tuned"] >= told["validation_figure_frozen"]
    assert run.accuracy > 0.9
    assert run.bundle.origin["backbone"]["name"] == "tiny"
    assert run.bundle.origin["kept_epoch"] >= 1
    report = run.report.report
    words = json.dumps(report.model_dump(mode="json"))
    assert "it pays and is kept" in words and "tiny, fine-tuned" in words
    curves = [figure for figure in report.figures if figure.kind == "chart"]
    assert len(curves[0].series[0].points) == told["epochs"]
    # The graph in the bundle gives the scores of the report.
    test = run.predictions
    again = run.bundle.predict([photos / name for name in test.ids])
    assert np.abs(again.scores - test.scores).max() < 1e-4


def test_never_worse_than_frozen_features(photos, tmp_path):
    frozen = visus.train(
        photos, out=tmp_path / "frozen", settings={"frozen.backbone": "tiny"}
    )
    ruined = tune(
        photos,
        tmp_path / "ruined",
        training__learning_rate=3.0,
        training__optimizer="sgd",
        training__preflight=False,
        training__epochs=1,
    )
    assert not ruined.summary["fine_tuning"]["pays"]
    assert "did not pay" in " ".join(ruined.summary["notes"])
    assert np.array_equal(ruined.predictions.scores, frozen.predictions.scores)
    assert ruined.bundle.contents.graph == frozen.bundle.contents.graph


def test_a_tuning_that_was_killed_ends_alike(photos, tmp_path, monkeypatch):
    whole = tune(photos, tmp_path / "whole")

    class Killed(BaseException):
        pass

    def kill(*_, **__):
        raise Killed

    for place in ("train.tune", "fine_tune.make_lesson", "train.pack_better"):
        with monkeypatch.context() as patch:
            patch.setattr(f"visus.pipeline.{place}", kill)
            with pytest.raises(Killed):
                tune(photos, tmp_path / place)
        resumed = visus.resume(tmp_path / place)
        bundles = [r.bundle.contents.graph for r in (whole, resumed)]
        assert bundles[0] == bundles[1]


def test_what_cannot_be_tuned_is_refused(photos, tmp_path):
    with pytest.raises(DataError, match="validation"):
        tune(photos, tmp_path / "run", data__validation_share=0.0)
    with pytest.raises(ConfigError, match="fine-tune"):
        visus.train(
            photos, out=tmp_path / "other", recipe="fine-tune", network="resnet"
        )


def test_a_dry_run_counts_the_epochs(photos, tmp_path):
    from visus.core.progress import SilentProgress
    from visus.pipeline.forecast import forecast
    from visus.pipeline.train import Request

    def asked(epochs):
        choices = {
            "recipe": "fine-tune",
            "frozen": {"backbone": "tiny"},
            "training": {"epochs": epochs},
        }
        return forecast(Request(photos, choices, tmp_path / "run"), SilentProgress())

    few, many = asked(1), asked(1_000_000)
    assert (few["epochs"], many["epochs"]) == (1, 1_000_000)
    assert many["seconds"] > 10 * few["seconds"]
    assert not (tmp_path / "run").exists()


def test_a_time_budget_does_what_fits(photos, tmp_path):
    settings = {**TINY, "minutes": 5.0}
    run = visus.train(photos, out=tmp_path / "run", settings=settings)
    assert run.summary["recipe"] == "fine-tune"
    assert run.summary["fine_tuning"]["epochs"] == 2
    told = json.dumps(run.report.report.model_dump(mode="json"))
    assert "2 of 2 epochs fit" in told


def test_a_budget_too_short_keeps_frozen_features(photos, tmp_path):
    settings = {**TINY, "minutes": 0.01}
    run = visus.train(photos, out=tmp_path / "run", settings=settings)
    assert "fine_tuning" not in run.summary
    assert "skipped: 0 of 2 epochs fit" in " ".join(run.summary["notes"])
    assert run.accuracy > 0.9


def test_a_budget_is_for_fine_tuning_only(photos, tmp_path):
    with pytest.raises(ConfigError, match="--minutes"):
        visus.train(
            photos, out=tmp_path / "run", network="dense", settings={"minutes": 5}
        )


def test_the_rate_of_a_fine_tuning_can_be_searched(photos, tmp_path):
    from visus.core.progress import SilentProgress
    from visus.pipeline.find_rate import find_rate
    from visus.pipeline.train import Request

    choices = {"recipe": "fine-tune", "frozen": {"backbone": "tiny"}}
    told = find_rate(Request(photos, choices), SilentProgress())
    assert (told["network"], told["recipe"]) == ("tiny", "fine-tune")
    # It begins with what frozen features have learned: ignorance would cost ln(2).
    assert told["losses"][0] < 0.5
    with pytest.raises(ConfigError, match="fine-tune"):
        find_rate(Request(photos, {**choices, "recipe": "frozen"}), SilentProgress())
