"""Bundle: the trained thing, verified when it is loaded, never changed afterwards."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from visus.bundles.calibration import Calibration
from visus.bundles.format import Contents, read_contents, write_contents
from visus.bundles.judged import Judged
from visus.bundles.predictions import Predictions
from visus.bundles.runtime import Outputs, Session
from visus.core.errors import ConfigError, DataError, ModelError
from visus.core.settings import read_settings
from visus.data.batches import Pixels
from visus.data.decode import READ_NAMES, DecodeFailure
from visus.data.opening import open_picture
from visus.data.preprocess import PreprocessSpec, prepare_pixels
from visus.data.sources.memory import as_pixels
from visus.data.views import views_of
from visus.tasks.base import Task
from visus.tasks.choose import read_task

# Other processors add in another order; a wrong graph is wrong by far more. Of numbers,
# it counts spreads of the training targets.
GOLDEN_TOLERANCE = 1e-3
# Pictures of which several views are held at once.
PIECE = 256
# Why a bundle is not calibrated, by the key of its origin.
UNCALIBRATED = "uncalibrated"
# Pictures that it learned from without being told what they show.
WITHOUT_LABEL = "unlabelled"
SEEN = ("train", "validation")


@dataclass(frozen=True)
class Bundle:
    """A trained network with everything that is needed to use it.

    Args:
        contents: what the file holds.
        path: where it lies.
        running: the session of this graph, where there is one already.
        threads: that share one call of the graph; `None`: one a core.
        views: of each picture whose answers are averaged, see `views_of`.

    Example:
        >>> bundle = load_bundle("runs/a/model.visus")      # doctest: +SKIP
        >>> bundle.predict(["a.jpg"]).answers               # doctest: +SKIP
        ('cat',)
    """

    contents: Contents
    path: Path
    running: Session | None = field(default=None, repr=False, compare=False)
    threads: int | None = None
    views: str = "none"

    @property
    def class_names(self) -> tuple[str, ...]:
        """In the order of the scores."""
        return self.contents.class_names

    @property
    def origin(self) -> dict[str, Any]:
        """Network, parameters, config, data fingerprint and versions."""
        return dict(self.contents.origin)

    @cached_property
    def task(self) -> Task:
        """What the scores mean."""
        return read_task(self.class_names, dict(self.contents.task))

    @cached_property
    def spec(self) -> PreprocessSpec:
        """How pictures are prepared."""
        return read_settings(PreprocessSpec, self.contents.spec, "spec")

    @cached_property
    def calibration(self) -> Calibration | None:
        """What makes probabilities of its scores; `None`: they are as they come."""
        if self.contents.calibration is None:
            return None
        return Calibration.of(
            self.contents.calibration, self.contents.calibration_arrays
        )

    @property
    def uncalibrated(self) -> str:
        """Why there is no calibration, in words; "" where there is one."""
        if self.contents.calibration is not None:
            return ""
        older = "the model was made by a Visus that did not calibrate"
        return str(self.origin.get(UNCALIBRATED, older))

    @property
    def sureness(self) -> dict[str, Any]:
        """Whether scores are calibrated, and what prediction sets promise."""
        if self.calibration is None:
            return {"calibrated": False, "why": self.uncalibrated}
        sets = self.calibration.sets
        point = {} if sets is None else {"operating_point": vars(sets.point)}
        return {"calibrated": True, **point}

    @cached_property
    def session(self) -> Session:
        """The running graph, which gives raw scores."""
        return self.running or Session(self.contents.graph, self.threads)

    def scores(self, pixels: Pixels) -> NDArray[np.float32]:
        """Scores `(num_images, num_outputs)` of prepared pixels, as `task` means them.

        Args:
            pixels: uint8 `(num_images, *spec.input_shape)`.
        """
        if self.views != "none":
            return self.answer(pixels)[0]
        return self.calibrated(self.session.scores(pixels))

    def answer(self, pixels: Pixels) -> tuple[NDArray[np.float32], Judged | None]:
        """The same scores, and what can be said of each picture, where that is known.

        Args:
            pixels: uint8 `(num_images, *spec.input_shape)`.
        """
        outputs = self.session.everything(pixels)
        scores = self.calibrated(outputs.scores)
        if self.views != "none":
            scores = self._viewed(pixels)
        if self.calibration is None:
            return scores, None
        return scores, self.calibration.judge(scores, outputs)

    def _viewed(self, pixels: Pixels) -> NDArray[np.float32]:
        """Mean scores over views, for some pictures at a time: views take memory."""
        means = [
            np.mean(
                [
                    self.calibrated(self.session.scores(view))
                    for view in views_of(pixels[first : first + PIECE], self.views)
                ],
                axis=0,
            )
            for first in range(0, max(len(pixels), 1), PIECE)
        ]
        return np.concatenate(means).astype(np.float32)

    def looking(self, views: str) -> "Bundle":
        """The same bundle, answering with the mean over several views of a picture.

        Whether a picture is strange is told by the picture as it is.

        Args:
            views: "none", "flip" or "shifts".

        Raises:
            ConfigError: there are no such views.
        """
        views_of(self._no_pixels(), views)
        return replace(self, views=views)

    def answer_of(self, outputs: Outputs) -> tuple[NDArray[np.float32], Judged | None]:
        """The same of what its graph gave already."""
        scores = self.calibrated(outputs.scores)
        if self.calibration is None:
            return scores, None
        return scores, self.calibration.judge(scores, outputs)

    def asking(self, coverage: float) -> "Bundle":
        """The same bundle at another position of the coverage dial.

        Args:
            coverage: share of pictures whose prediction set is to hold the truth.

        Raises:
            ConfigError: its dial has no such position.
        """
        if self.calibration is None:
            raise ConfigError(
                received=f"A coverage of {coverage:g}.",
                expected=f"none: the model is not calibrated; {self.uncalibrated}.",
                remedy="Leave it out, or train again with validation pictures.",
            )
        told = self.calibration.asking(coverage).to_json()
        return replace(self, contents=replace(self.contents, calibration=told))

    def calibrated(self, raw: NDArray[np.float32]) -> NDArray[np.float32]:
        """Scores as `task` means them, of those that the graph gave."""
        return raw if self.calibration is None else self.calibration.scores(raw)

    @cached_property
    def whole_graph(self) -> bytes:
        """From uint8 `pixels` to calibrated `scores` and nothing else: for exports."""
        # Plain prediction takes ONNX Runtime alone.
        from visus.bundles.calibrated_graph import calibrated_graph

        return calibrated_graph(self.contents.graph, self.calibration)

    def predict(self, pictures: Sequence[Any]) -> Predictions:
        """Answer for pictures: paths, uint8 arrays or PIL pictures.

        Raises:
            DataError: one of them cannot be read; its name is in the message.
        """
        ids = [_name(picture, row) for row, picture in enumerate(pictures)]
        scores, judged = self.answer(self.prepare(pictures))
        return self.predictions(tuple(ids), scores, judged=judged)

    def prepare(self, pictures: Sequence[Any]) -> NDArray[np.uint8]:
        """Pictures as the network takes them: uint8 `(num_images, *spec.input_shape)`.

        Raises:
            DataError: one of them cannot be read; its name is in the message.
        """
        prepared = [_prepared(picture, self.spec) for picture in pictures]
        return np.stack(prepared) if prepared else self._no_pixels()

    def predictions(
        self,
        ids: tuple[str, ...],
        scores: NDArray[np.float32],
        targets: NDArray[Any] | None = None,
        judged: Judged | None = None,
    ) -> Predictions:
        """These scores with what they mean, and the truth where it is known."""
        return Predictions(
            ids, scores, self.class_names, targets, self.task, judged=judged
        )

    def trained_on(
        self, content_hashes: Iterable[str], *, labelled: bool = False
    ) -> NDArray[np.bool_]:
        """Which of these pictures the network learned from or was chosen by.

        Args:
            content_hashes: of the pictures.
            labelled: only those that it was told the truth of; else also those without
                a label, to which it gave one of its own.
        """
        hashes = self.contents.content_hashes
        names = SEEN if labelled else (*SEEN, WITHOUT_LABEL)
        seen = [hashes[name] for name in names if name in hashes]
        asked = short_hashes(content_hashes)
        return np.isin(asked, np.concatenate(seen) if seen else [])

    def _no_pixels(self) -> NDArray[np.uint8]:
        return np.empty((0, *self.spec.input_shape), dtype=np.uint8)

    def _repr_html_(self) -> str:
        names = ", ".join(escape(name) for name in self.class_names[:20])
        height, width, channels = self.spec.input_shape
        return (
            f"<b>Bundle</b> {escape(str(self.path))}<br>"
            f"{escape(str(self.origin.get('network')))}, "
            f"{self.origin.get('parameters', 0):,} parameters, "
            f"{height}&times;{width}&times;{channels} pixels<br>"
            f"{escape(self.task.kind)}: {names}"
        )


def load_bundle(
    path: str | Path, *, verify: bool = True, threads: int | None = None
) -> Bundle:
    """Read a bundle, check its bytes, and check that it still answers as it did.

    Args:
        path: of the `.visus` file.
        verify: run the golden pictures; loading refuses on a difference.
        threads: that share one call of the graph; `None`: one a core.

    Raises:
        ModelError: the file is damaged, of a newer version, or answers differently.
    """
    bundle = Bundle(read_contents(Path(path)), Path(path), threads=threads)
    _require_calibration(bundle)
    if verify:
        _verify(bundle)
    return bundle


def save_bundle(
    path: Path, contents: Contents, running: Session | None = None
) -> Bundle:
    """Write a bundle, then load it as anybody would: what is on disk is proved.

    Args:
        path: where it goes.
        contents: what it holds.
        running: a session of the same graph: to make another takes a tenth of a second.

    Raises:
        MachineError: it cannot be written.
        ModelError: what is on disk does not answer its golden pictures as it must.
    """
    write_contents(path, contents)
    written = read_contents(path)
    same = written.graph == contents.graph
    bundle = Bundle(written, path, running=running if same else None)
    _require_calibration(bundle)
    _verify(bundle)
    return bundle


def short_hashes(content_hashes: Iterable[str]) -> NDArray[np.uint64]:
    """The first 64 bits of SHA-256 hashes: enough to know a picture again."""
    numbers = [int(digest[:16] or "0", 16) for digest in content_hashes]
    return np.asarray(numbers, dtype=np.uint64)


def _verify(bundle: Bundle) -> None:
    golden = bundle.contents.golden
    raw = bundle.session.scores(golden["pixels"])
    if not raw.shape == golden["scores"].shape == (len(raw), len(bundle.class_names)):
        raise ModelError(
            received=f"{bundle.path} gives {raw.shape[1:]} scores a picture and names "
            f"{len(bundle.class_names)}.",
            expected="a name for each score.",
            remedy="Copy it again from where it was made, or train again.",
        )
    difference = np.abs(raw - golden["scores"])
    worst = float(difference.max(initial=0.0)) / bundle.task.head.scale
    if not worst <= GOLDEN_TOLERANCE:
        raise ModelError(
            received=f"{bundle.path} answers its own test pictures differently than "
            f"when it was made (by up to {worst:.2g}).",
            expected=f"a difference of at most {GOLDEN_TOLERANCE:g}.",
            remedy="Use the ONNX Runtime that it was made with: "
            f"{bundle.origin.get('versions', {}).get('onnxruntime', 'unknown')}.",
        )


def _require_calibration(bundle: Bundle) -> None:
    try:
        calibration = bundle.calibration
        if calibration is not None:
            calibration.require_fitting(len(bundle.class_names))
    except (KeyError, TypeError, ValueError) as error:
        raise ModelError(
            received=f"The calibration in {bundle.path} cannot be used: {error}.",
            expected="one that fits its classes, as `visus train` wrote it.",
            remedy="Copy the bundle again from where it was made, or train again.",
        ) from error


def _name(picture: Any, row: int) -> str:
    return str(picture) if isinstance(picture, str | Path) else str(row)


def _prepared(picture: Any, spec: PreprocessSpec) -> NDArray[np.uint8]:
    if not isinstance(picture, str | Path):
        return prepare_pixels(as_pixels(picture), spec)
    try:
        return open_picture(Path(picture), spec)
    except DecodeFailure as failure:
        raise DataError(
            received=f"{picture}: {failure.reason}",
            expected=f"a picture: {READ_NAMES}.",
            remedy="Leave it out, or save it again as PNG.",
        ) from failure
