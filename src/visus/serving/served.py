"""Served: one version of a model that is loaded, warmed up, and answers."""

import threading
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from visus.bundles import Bundle, load_bundle
from visus.core.cores import available_cores
from visus.serving.batching import Batcher
from visus.serving.config import EngineConfig
from visus.serving.pixels import as_prepared_pixels
from visus.serving.refusals import readable
from visus.serving.statistics import Statistics
from visus.serving.work import Answers, Pixels

# The first runs of a shape take memory; from the second on they are as fast as ever.
WARM_UP_RUNS = 2


class Served:
    """A version of a model in use, and how many requests are using it.

    Args:
        name: of the model.
        version: of it.
        bundle: loaded and verified.
        config: how answers are made.
    """

    def __init__(
        self, name: str, version: int, bundle: Bundle, config: EngineConfig
    ) -> None:
        self.name = name
        self.version = version
        self.bundle = bundle
        self.spec = bundle.spec
        self.task = bundle.task
        # As answers and metadata write them; bundles may hold names that are no text.
        self.class_names = tuple(map(readable, bundle.class_names))
        self.statistics = Statistics()
        self._config = config
        self.batcher = Batcher(
            f"{name}-{version}",
            self._run,
            config.workers or available_cores(),
            config,
            self.statistics,
        )
        self._lock = threading.Condition()
        self._using = 0
        self._closed = False

    @classmethod
    def load(
        cls, name: str, version: int, path: Path, config: EngineConfig
    ) -> "Served":
        """Read a bundle, prove that it answers as it did, and warm it up.

        Raises:
            ModelError: it is damaged, or answers differently.
        """
        # Answering the golden pictures is the first run of all. What judges answers is
        # tried too: a request is late to learn that it does not fit its network.
        bundle = load_bundle(path, threads=config.threads)
        pixels = np.zeros((1, *bundle.spec.input_shape), np.uint8)
        for _ in range(WARM_UP_RUNS):
            bundle.answer(pixels)
        return cls(name, version, bundle, config)

    @property
    def outputs(self) -> int:
        """Scores of each picture."""
        return len(self.class_names)

    @property
    def input_range(self) -> str:
        """What the values of tensors mean: "pixels" 0 to 255, "unit" 0 to 1."""
        return self._config.input

    def pixels(self, images: NDArray[np.generic]) -> Pixels:
        """Check a batch of images that a client sent; see `as_prepared_pixels`."""
        return as_prepared_pixels(images, self.spec, self._config.input)

    def _run(self, pixels: Pixels, judging: bool) -> Answers:
        # Features are 4 bytes each, often a thousand a picture, beside its scores: they
        # leave the graph only in runs of which somebody asks what they tell.
        return (
            self.bundle.answer(pixels)
            if judging
            else (self.bundle.scores(pixels), None)
        )

    def enter(self) -> bool:
        """Begin to use it; `False` when it is closed and another must be found."""
        with self._lock:
            if not self._closed:
                self._using += 1
            return not self._closed

    def leave(self) -> None:
        """No longer use it."""
        with self._lock:
            self._using -= 1
            if not self._using:
                self._lock.notify_all()

    def close(self, patience_seconds: float) -> None:
        """Wait for those who use it, then end its threads."""
        with self._lock:
            self._lock.wait_for(lambda: not self._using, patience_seconds)
            self._closed = True
        self.batcher.close()
