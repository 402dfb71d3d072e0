"""A training that streams its pictures from disk is the training that holds them."""

import numpy as np

from visus.bundles import load_bundle
from visus.pipeline.train import Request, train_run


def test_streamed_pictures_train_the_same_network(stripes_folder, tmp_path):
    scores, logs = [], []
    for memory in (2.0, 0.0):
        choices = {
            "network": {"name": "convnet-dropout"},
            "data": {"memory_gigabytes": memory},
            "training": {"epochs": 2, "batch_size": 8, "augment": {"shift": 0.1}},
        }
        trained = train_run(Request(stripes_folder, choices, tmp_path / f"{memory}"))
        bundle = load_bundle(trained.run.bundle_path)
        blank = np.random.default_rng(0).integers(0, 256, (4, *bundle.spec.input_shape))
        scores.append(bundle.scores(blank.astype(np.uint8)))
        logs.append([entry["loss"] for entry in trained.run.log_entries()])
    assert np.array_equal(*scores)
    assert logs[0] == logs[1]
