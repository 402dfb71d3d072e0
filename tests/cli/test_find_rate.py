"""visus train --find-lr, as a person types it."""

import numpy as np
from PIL import Image

SMALL = ("--network", "dense", "--set", "training.batch_size=16")


def test_a_rate_is_suggested_and_drawn(cli, stripes_folder, tmp_path):
    words = ("train", stripes_folder, *SMALL, "--find-lr", "--plot", "lr.png")
    told = cli.json(*words)
    assert told["suggested_rate"] > 0
    assert told["steps"] == len(told["rates"]) == len(told["losses"]) > 20
    assert np.asarray(Image.open(tmp_path / "lr.png")).min() < 40
    # Nothing was trained, and nothing is overwritten.
    assert not (tmp_path / "runs").exists()
    assert "lr.png exists" in cli(*words, code=2).stderr
    advice = cli(*words, "--force").stdout
    assert f"try --recipe {told['recipe']} --set training.learning_rate=" in advice


def test_a_plot_needs_a_search_and_is_a_png(cli, stripes_folder):
    words = ("train", stripes_folder, *SMALL, "--plot")
    assert "--find-lr" in cli(*words, "lr.png", code=2).stderr
    assert ".png" in cli(*words, "lr.pdf", "--find-lr", code=2).stderr
