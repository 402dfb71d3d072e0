"""visus models --pretrained: what backbones there are, and how quick they are here."""

import json
import time
from pathlib import Path
from typing import Any

from visus.core.errors import VisusError
from visus.core.files import write_json
from visus.core.progress import Progress, SilentProgress
from visus.data.home import visus_home
from visus.data.sources.base import Access
from visus.models.pretrained import BACKBONES
from visus.models.pretrained.card import Card
from visus.models.pretrained.weights import weights_here
from visus.pipeline.environment import describe_environment
from visus.pipeline.pretrained import (
    bundle_place,
    pretrained_bundle,
    wave_pictures,
)

BATCH = 8
LONGEST_SECONDS = 2.0
MOST_BATCHES = 12


def list_backbones(
    progress: Progress | None = None, *, again: bool = False
) -> list[dict[str, Any]]:
    """Every backbone with its size, accuracy, and where its weights are.

    Speeds are measured for those whose weights are here, once on each machine: what was
    measured is kept under `VISUS_HOME`.

    Args:
        progress: who is told.
        again: measure what has been measured before, such as on a busy machine.

    Returns:
        one mapping a backbone. `images_per_second` is `None` where there are no
        weights, or where `problem` says why it could not be measured.
    """
    progress = progress or SilentProgress()
    speeds = _Speeds({} if again else None)
    return [_entry(part.name, part.summary, speeds, progress) for part in BACKBONES]


def _entry(
    name: str, summary: str, speeds: "_Speeds", progress: Progress
) -> dict[str, Any]:
    card: Card = BACKBONES.part(name).facts["card"]
    weights = weights_here(card)
    speed, problem = None, None
    if weights is not None:
        try:
            speed = speeds.of(card, weights, progress)
        except VisusError as error:
            problem = error.received
    return {
        "name": name,
        "summary": summary,
        "parameters": card.parameters,
        "megabytes": round(card.megabytes, 1),
        "image_size": list(card.spec.image_size),
        "features": card.feature_count,
        "accuracy": card.accuracy,
        "accuracy_on_200_samples": card.accuracy_here,
        "images_per_second": speed,
        "weights_here": weights is not None,
        "weights": None if weights is None else str(weights),
        "problem": problem,
        "licence": card.licence,
        "source": card.source,
        "digest": card.published.digest or None,
    }


class _Speeds:
    """Images a second by file of weights and machine, kept in one small file."""

    def __init__(self, known: dict[str, float] | None) -> None:
        self._path = visus_home() / "pretrained" / "speeds.json"
        self._known = self._read() if known is None else known
        machine = describe_environment()
        runtime = machine["packages"].get("onnxruntime")
        self._machine = f"{machine['processor']}, {machine['cores']} cores, {runtime}"

    def of(self, card: Card, weights: Path, progress: Progress) -> float:
        """As measured now or before."""
        key = f"{bundle_place(card, weights).stem} on {self._machine}"
        if key not in self._known:
            self._known[key] = measured_speed(card, progress)
            write_json(self._path, self._known)
        return self._known[key]

    def _read(self) -> dict[str, float]:
        try:
            found = json.loads(self._path.read_text(encoding="utf-8"))
            return {str(key): float(speed) for key, speed in found.items()}
        # Missing, torn or edited: it can be measured again.
        except (OSError, ValueError, TypeError, AttributeError):
            return {}


def measured_speed(card: Card, progress: Progress) -> float:
    """Images a second through ONNX Runtime, in the best of some batches of eight."""
    bundle = pretrained_bundle(card.name, access=Access(True, progress))
    pixels = wave_pictures(card.spec.image_size, BATCH)
    best, begun = float("inf"), time.perf_counter()
    with progress.stage(f"Measuring {card.name}"):
        bundle.scores(pixels)
        for _ in range(MOST_BATCHES):
            start = time.perf_counter()
            bundle.scores(pixels)
            best = min(best, time.perf_counter() - start)
            if time.perf_counter() - begun > LONGEST_SECONDS:
                break
    return round(BATCH / best, 1)
