"""A run that is killed at any moment ends, resumed, as if it never had been."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

SETTINGS = [
    "training.epochs=6",
    "training.batch_size=8",
    "training.checkpoint_seconds=0",
    "training.ema_decay=0.9",
    "training.preflight=false",
    "training.augment.shift=0.1",
]


def command(folder: Path, out: Path) -> list[str]:
    words = [sys.executable, "-m", "visus.cli.app", "train", str(folder)]
    words += ["--network", "convnet-dropout", "--out", str(out), "--seed", "2"]
    return words + [word for setting in SETTINGS for word in ("--set", setting)]


def weights(run: Path) -> list[np.ndarray]:
    from visus.bundles import load_bundle
    from visus.models.backend import select_backend

    select_backend()
    from visus.models.storage import load_network

    network = load_network(load_bundle(run / "model.visus").contents.network)
    return network.get_weights()


def start_and_stop(folder: Path, run: Path, number: int, after: float) -> int:
    process = subprocess.Popen(command(folder, run), stderr=subprocess.DEVNULL)
    waited = time.monotonic()
    while not list(run.glob("checkpoints/step-*")) and process.poll() is None:
        assert time.monotonic() - waited < 120
        time.sleep(0.02)
    time.sleep(after)
    process.send_signal(number)
    return process.wait(60)


def resume(run: Path) -> None:
    words = [sys.executable, "-m", "visus.cli.app", "train", "--resume", str(run)]
    subprocess.run(words, check=True, capture_output=True)


def check(folder: Path, tmp_path: Path, number: int, moments: list[float], code: int):
    whole = tmp_path / "whole"
    subprocess.run(command(folder, whole), check=True, capture_output=True)
    for moment in moments:
        run = tmp_path / f"stopped-{number}-{moment}"
        stopped = start_and_stop(folder, run, number, moment)
        assert stopped in (code, 0)
        resume(run)
        pairs = zip(weights(whole), weights(run), strict=True)
        assert all(np.array_equal(a, b) for a, b in pairs)


def test_sigkill_and_resume(stripes_folder, tmp_path):
    check(stripes_folder, tmp_path, signal.SIGKILL, [0.05], -signal.SIGKILL)


@pytest.mark.slow
def test_sigkill_at_many_moments(stripes_folder, tmp_path):
    moments = [0.0, 0.02, 0.1, 0.2, 0.3, 0.5]
    check(stripes_folder, tmp_path, signal.SIGKILL, moments, -signal.SIGKILL)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)]
)
def test_a_stop_that_is_asked_for(stripes_folder, tmp_path, number, code):
    check(stripes_folder, tmp_path, number, [0.05], code)
