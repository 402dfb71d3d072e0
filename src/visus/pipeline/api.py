"""The story for Python: the same verbs as on the command line."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from visus.core.progress import Progress, SilentProgress
from visus.core.run import Run
from visus.core.settings import merge_into, parse_overrides
from visus.evaluation.robustness.attacks import Attacks
from visus.exporting.export import Exported
from visus.pipeline.audit import Audited, audit_source
from visus.pipeline.compare import compare_runs
from visus.pipeline.config import frozen_choices
from visus.pipeline.data import describe_data
from visus.pipeline.deeper import Deeper
from visus.pipeline.evaluate import evaluate_bundle
from visus.pipeline.explain import Explained, explain_picture
from visus.pipeline.export import Asked, export_model
from visus.pipeline.int8 import Shrunk, quantize_model
from visus.pipeline.question import Question
from visus.pipeline.several import resume_begun, train_asked
from visus.pipeline.shifted import Elsewhere
from visus.pipeline.train import Request
from visus.pipeline.trained import TrainedRun, finished_run
from visus.pipeline.verify import RequiredCertificate
from visus.reporting.view import ReportView

__all__ = [
    "audit",
    "compare",
    "describe_data",
    "evaluate",
    "explain",
    "export",
    "open_run",
    "quantize",
    "resume",
    "train",
]


def train(
    source: Any,
    network: Any = None,
    *,
    recipe: str | None = None,
    backbone: str | None = None,
    weights: str | Path | None = None,
    out: str | Path | None = None,
    seed: int = 0,
    settings: dict[str, Any] | None = None,
    start_from: str | Path | None = None,
    folds: int | None = None,
    seeds: int | None = None,
    callbacks: Sequence[Any] = (),
    offline: bool = False,
    force: bool = False,
    progress: Progress | None = None,
) -> TrainedRun:
    """Train, evaluate and save a model.

    Args:
        source: a registered name ("mnist"), a folder of class folders, a CSV file, a
            DataFrame with file_name and label, or a pair (pictures, labels) of uint8
            arrays `(height, width, channels)` or PIL pictures.
        network: a name of `visus models`, a Python file, or a `keras.Model`; `None`:
            the recipe's.
        recipe: named defaults; `None`: chosen by the pictures.
        backbone: a pretrained network whose features are learned from; `None`: the
            recipe's.
        weights: a file or folder of its weights; `None`: found.
        out: the run folder; `None`: the first free one under `runs/`.
        seed: the same seed gives the same model.
        settings: dotted or nested, such as `{"training.epochs": 5}`.
        start_from: a bundle whose weights the network starts with; its network and
            picture size too, unless others are asked for.
        folds: train once a fold, each tested on another part of the data.
        seeds: train so many times, from `seed` on, on the same splits.
        callbacks: Keras callbacks.
        offline: never open a connection.
        force: replace the run that is in `out`.
        progress: who is told; nobody by default.

    Raises:
        VisusError: with what was received, what was expected, and what to do.

    Example:
        >>> run = train("digits", seed=1)                # doctest: +SKIP
        >>> run.accuracy                                 # doctest: +SKIP
        0.97
    """
    choices: dict[str, Any] = {"seed": seed, "offline": offline}
    if recipe is not None:
        choices["recipe"] = recipe
    if folds is not None:
        choices["folds"] = folds
    if seeds is not None:
        choices["seeds"] = seeds
    if start_from is not None:
        choices["start_from"] = str(start_from)
    model = network if hasattr(network, "layers") else None
    if network is not None and model is None:
        choices["network"] = {"name": str(network)}
    frozen = frozen_choices(backbone, weights)
    if frozen is not None:
        choices["frozen"] = frozen
    merge_into(choices, _nested(settings or {}))
    request = Request(
        source=source,
        choices=choices,
        out=Path(out) if out is not None else None,
        force=force,
        model=model,
        callbacks=callbacks,
    )
    return train_asked(request, progress)


def resume(
    folder: str | Path,
    *,
    source: Any = None,
    network: Any = None,
    progress: Progress | None = None,
) -> TrainedRun:
    """Go on with a run that was stopped; see `resume_run`."""
    return resume_begun(Path(folder), progress, source=source, model=network)


def open_run(folder: str | Path) -> TrainedRun:
    """Open a finished run."""
    return finished_run(Run.open(Path(folder)))


def evaluate(
    bundle: str | Path,
    source: Any,
    *,
    out: str | Path | None = None,
    target: str | None = None,
    group: str | None = None,
    views: str = "none",
    costs: str | Path | None = None,
    corruptions: bool = False,
    attacks: Attacks | str | Sequence[str] = (),
    shifted: Any = None,
    adapt: str | Path | None = None,
    adapt_by: str = "normalizations",
    backgrounds: bool = False,
) -> ReportView:
    """Measure a bundle on labelled pictures that it has not learned from.

    Args:
        bundle: the `.visus` file.
        source: as `train` takes it.
        out: the page, or a folder for it; `None`: beside the bundle.
        target: column of the truth; `None`: as it was called when the bundle learned.
        group: a column whose groups are held against each other.
        views: "flip" or "shifts": whether answering several views pays.
        costs: a CSV file of what mistakes cost.
        corruptions: whether to measure what corrupted pictures do.
        attacks: "fgsm", "pgd" or both, or `Attacks` with a budget.
        shifted: pictures from elsewhere, labelled or not, as `train` takes them.
        adapt: where another bundle is written that fits them.
        adapt_by: how, "normalizations" or "alignment".
        backgrounds: whether to lay things on other grounds.

    Raises:
        VisusError: with what was received, what was expected, and what to do.
    """
    page = Path(out) if out is not None else None
    table = None if costs is None else Path(costs)
    if not isinstance(attacks, Attacks):
        attacks = Attacks((attacks,) if isinstance(attacks, str) else tuple(attacks))
    place = None if adapt is None else Path(adapt)
    elsewhere = Elsewhere(shifted, place, adapt_by)
    asked = Deeper(
        group,
        views,
        table,
        corruptions,
        attacks=attacks,
        elsewhere=elsewhere,
        backgrounds=backgrounds,
    )
    return evaluate_bundle(
        Path(bundle), source, out=page, target=target, asked=asked
    ).view


def export(
    bundle: str | Path,
    to: str,
    out: str | Path | None = None,
    *,
    data: Any = None,
    offline: bool = False,
    force: bool = False,
    certificate: str | Path | None = None,
    certificate_key: str | None = None,
    progress: Progress | None = None,
) -> Exported:
    """Write a bundle in another format, proved to be the same model.

    Args:
        bundle: a `.visus` file, or the name of a pretrained network.
        to: onnx, keras, savedmodel, litert, openvino or browser.
        out: a new file or folder; `None`: beside the bundle.
        data: pictures for the proof, as `train` takes them; `None`: made ones.
        offline: never open a connection.
        force: replace what an earlier export wrote there.
        certificate: file or folder of the certificate that it must have.
        certificate_key: with which that must be signed.
        progress: who is told; nobody by default.

    Raises:
        VisusError: with what was received, what was expected, and what to do; nothing
            was written then.

    Example:
        >>> done = export("model.visus", "onnx")         # doctest: +SKIP
        >>> done.proof.largest_difference                # doctest: +SKIP
        0.0
    """
    asked = Asked(
        Path(bundle),
        Path(out) if out is not None else None,
        data,
        offline=offline,
        force=force,
        say=progress or SilentProgress(),
        certificate=RequiredCertificate.read(
            None if certificate is None else Path(certificate), certificate_key
        ),
    )
    return export_model(asked, to)


def quantize(
    bundle: str | Path,
    data: Any,
    out: str | Path | None = None,
    *,
    budget: float | None = None,
    offline: bool = False,
    force: bool = False,
    progress: Progress | None = None,
) -> Shrunk:
    """Write a bundle as an ONNX file whose convolutions are in eight bits.

    Args:
        bundle: a `.visus` file.
        data: what it was trained on: training pictures to calibrate with, validation
            pictures to measure on.
        out: a new .onnx file; `None`: beside the bundle.
        budget: points of accuracy that it may cost; `None`: 0.5.
        offline: never open a connection.
        force: replace a file.
        progress: who is told; nobody by default.

    Raises:
        VisusError: with what was received, what was expected, and what to do; nothing
            was written then.
    """
    asked = Asked(
        Path(bundle),
        Path(out) if out is not None else None,
        data,
        offline=offline,
        force=force,
        say=progress or SilentProgress(),
    )
    return quantize_model(asked, "onnx", budget)


def audit(
    source: Any,
    *,
    out: str | Path | None = None,
    target: str | None = None,
    settings: dict[str, Any] | None = None,
    progress: Progress | None = None,
) -> Audited:
    """Say what is wrong with pictures and labels; nothing is changed.

    Args:
        source: as `train` takes it.
        out: the folder of the report; `None`: the first free one under `audits/`.
        target: column of what is to be learned; `None`: the source's own.
        settings: dotted or nested, by check, such as `{"dark.brightest": 0.3}`.
        progress: who is told; nobody by default.

    Raises:
        VisusError: with what was received, what was expected, and what to do.
    """
    folder = Path(out) if out is not None else None
    chosen = _nested(settings or {})
    return audit_source(
        source, out=folder, target=target, settings=chosen, progress=progress
    )


def explain(
    bundle: str | Path,
    picture: str | Path,
    *,
    method: str | None = None,
    class_name: str | None = None,
    layer: str | None = None,
    data: str | Path | None = None,
    out: str | Path | None = None,
    seed: int = 0,
    settings: dict[str, Any] | None = None,
    force: bool = False,
) -> Explained:
    """Draw why a model answers a picture as it does; see docs/explaining.md.

    Args:
        bundle: a `.visus` file, or a pretrained network's name.
        picture: its file.
        method: how; `None`: Grad-CAM where there are convolutions, else occlusion.
        class_name: the class to explain; `None`: the one that is answered.
        layer: the layer to look at; `None`: the method's own choice.
        data: what the model learned from, for the method "nearest".
        out: a PNG file; `None`: the first free one under `explanations/`.
        seed: of what is drawn by chance.
        settings: dotted or nested, by method, such as `{"rise.masks": 4000}`.
        force: replace a file that is there.

    Raises:
        VisusError: with what was received, what was expected, and what to do.
    """
    question = Question(
        Path(bundle),
        Path(picture),
        class_name=class_name,
        layer=layer,
        data=None if data is None else str(data),
        settings=_nested(settings or {}),
        seed=seed,
    )
    place = Path(out) if out is not None else None
    return explain_picture(question, method=method, out=place, force=force)


def compare(*runs: str | Path) -> ReportView:
    """Runs side by side, tested on the same pictures."""
    return ReportView(compare_runs([Path(run) for run in runs]))


def _nested(settings: dict[str, Any]) -> dict[str, Any]:
    nested: dict[str, Any] = {}
    for name, value in settings.items():
        words = parse_overrides([f"{name}=0"])
        inner = words
        *path, last = name.split(".")
        for word in path:
            inner = inner[word]
        inner[last] = value
        merge_into(nested, words)
    return nested
