"""visus export: a bundle in another format, proved to be the same model."""

import tempfile
import textwrap
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from visus.bundles import Bundle, load_bundle
from visus.bundles.bundle import save_bundle
from visus.bundles.format import Contents
from visus.core.errors import ConfigError, VisusError
from visus.core.progress import Progress, SilentProgress
from visus.data.preprocess import PreprocessSpec, scaled_images
from visus.data.scan import scan_pictures
from visus.data.sources import read_source
from visus.data.sources.base import Access
from visus.exporting import EXPORTERS
from visus.exporting.base import Exporter
from visus.exporting.export import (
    TERMINAL_COLUMNS,
    Exported,
    export_bundle,
    require_free,
)
from visus.exporting.proof import FURTHER_PICTURES, made_pictures
from visus.models.config import NetworkConfig
from visus.pipeline.pretrained import open_model
from visus.pipeline.verify import RequiredCertificate

# What formats are tried with where no bundle is given.
TRIAL_NETWORK, TRIAL_SHAPE, TRIAL_CLASSES, TRIAL_PICTURES = "quick", (28, 28, 1), 3, 4


@dataclass(frozen=True)
class Tried:
    """Whether a format works on this machine.

    Args:
        name: of the format.
        summary: what it is.
        exported: what came of trying it; `None` where it fails.
        reason: why it fails.
        remedy: what would mend it.
        seconds: that the trial took.
    """

    name: str
    summary: str
    exported: Exported | None
    reason: str
    remedy: str
    seconds: float

    def to_json(self) -> dict[str, Any]:
        """As `visus export --list --json` prints it."""
        proof = self.exported.proof if self.exported else None
        return {
            "name": self.name,
            "summary": self.summary,
            "works": proof is not None,
            "runtime": str(proof.runtime) if proof else None,
            "largest_difference": proof.largest_difference if proof else None,
            "reason": self.reason,
            "remedy": self.remedy,
            "seconds": round(self.seconds, 2),
        }

    def __str__(self) -> str:
        if self.exported is None:
            lines = (f"why: {self.reason}", f"to mend it: {self.remedy}")
            return "\n".join(
                [f"{self.name:<12}does not work here", *map(_indented, lines)]
            )
        proof = self.exported.proof
        return (
            f"{self.name:<12}works, proved in {proof.runtime}\n    {self.summary}\n"
            f"    largest difference {proof.largest_difference:.1e}, "
            f"{self.seconds:.0f} s"
        )


@dataclass(frozen=True)
class Asked:
    """What somebody wants to be exported.

    Args:
        model: the `.visus` file, or a pretrained network's name.
        out: a new file or folder; `None`: beside the bundle.
        source: pictures, as `read_source` takes them; `None`: none.
        weights: a file or folder of weights, for a pretrained network.
        offline: never open a connection.
        force: replace what an earlier export wrote there.
        say: who is told.
        certificate: that the model must have; `None`: none.
    """

    model: Path
    out: Path | None = None
    source: Any = None
    weights: Path | None = None
    offline: bool = False
    force: bool = False
    say: Progress = field(default_factory=SilentProgress)
    certificate: RequiredCertificate | None = None

    @property
    def access(self) -> Access:
        """How sources and weights may be reached."""
        return Access(self.offline, self.say)

    def require_certified(self) -> None:
        """Refuse, with a `ModelError`, a model without the certificate it must have."""
        if self.certificate is not None:
            self.certificate.check(self.model)

    def place(self, to: str) -> Path:
        """Where it is to lie, in that format."""
        ending = EXPORTERS.load(to).ending
        return self.out or default_place(self.model, to, ending)


def export_model(asked: Asked, to: str) -> Exported:
    """Write a bundle in another format, if the two are the same model.

    Args:
        asked: what is wanted; its pictures are for the proof, else some are made.
        to: a name of `visus export --list`.

    Raises:
        ConfigError: the format is unknown, or `out` holds something.
        DataError: the pictures cannot be read.
        ModelError: the bundle cannot be used, has no such form, or the form answers
            differently.
        MachineError: a package is missing, or `out` cannot be written.
    """
    # A misspelt name or a taken place should not wait for a thousand files.
    exporter: type[Exporter] = EXPORTERS.load(to)
    require_free(exporter, asked.place(to), force=asked.force)
    asked.require_certified()
    bundle = open_model(asked.model, asked.weights, asked.access)
    return export_bundle(
        bundle,
        to,
        asked.place(to),
        pictures=_some_pictures(bundle, asked),
        force=asked.force,
        offline=asked.offline,
        progress=asked.say,
    )


def try_formats(
    model: Path | None = None,
    *,
    offline: bool = False,
    progress: Progress | None = None,
) -> list[Tried]:
    """Export to every format, prove it, and say what works here; nothing is kept.

    Args:
        model: what to try with; `None`: a small network with random weights.
        offline: never open a connection.
        progress: who is told.
    """
    progress = progress or SilentProgress()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if model is None:
            with progress.stage("Making a small network"):
                bundle = _trial_bundle(folder / "trial.visus")
        else:
            bundle = load_bundle(model)
        return [
            _tried(part.name, part.summary, bundle, folder, offline, progress)
            for part in EXPORTERS
        ]


def default_place(model: Path, to: str, ending: str) -> Path:
    """Beside the bundle; a pretrained network's in the folder that one is in."""
    if ending:
        return model.with_name(f"{model.stem}{ending}")
    return model.with_name(f"{model.stem}-{to}")


def require_format(to: str | None) -> str:
    """The format, or the names of those that exist.

    Raises:
        ConfigError: none is given, or an unknown one.
    """
    if to is None:
        raise ConfigError(
            received="No format.",
            expected=f"--to with one of {', '.join(EXPORTERS.names())}.",
            remedy="Write, for instance, --to onnx, or see what works here with "
            "`visus export --list`.",
        )
    return EXPORTERS.part(to).name


def _indented(words: str) -> str:
    return textwrap.fill(
        words, TERMINAL_COLUMNS, initial_indent="    ", subsequent_indent="    "
    )


def _tried(
    to: str,
    summary: str,
    bundle: Bundle,
    folder: Path,
    offline: bool,
    progress: Progress,
) -> Tried:
    started = time.monotonic()
    place = folder / f"{to}{EXPORTERS.load(to).ending}"
    exported, reason, remedy = None, "", ""
    try:
        exported = export_bundle(bundle, to, place, offline=offline, progress=progress)
    except VisusError as error:
        reason, remedy = error.received, error.remedy
    seconds = time.monotonic() - started
    return Tried(to, summary, exported, reason, remedy, seconds)


def _some_pictures(bundle: Bundle, asked: Asked) -> NDArray[np.uint8] | None:
    """Up to 32 of the source, from its beginning to its end."""
    if asked.source is None:
        return None
    dataset, ledger = read_source(asked.source, asked.access)
    count = min(len(dataset), FURTHER_PICTURES)
    rows = np.linspace(0, len(dataset) - 1, count).astype(int)
    some = dataset.with_records(dataset.records[row] for row in rows)
    scan = scan_pictures(
        some,
        ledger,
        bundle.spec,
        progress=asked.say,
        use_cache=False,
        measured=False,
    )
    pixels: NDArray[np.uint8] = scan.pictures.pixels[:]
    return pixels


def _trial_bundle(path: Path) -> Bundle:
    """A small network with random weights, as a bundle."""
    from visus.models.onnx_graph import build_onnx
    from visus.models.resolve import find_network
    from visus.models.storage import save_network

    network = find_network(NetworkConfig(name=TRIAL_NETWORK))
    model = network.build(TRIAL_SHAPE, TRIAL_CLASSES, seed=0)
    pixels = made_pictures(np.empty((0, *TRIAL_SHAPE), np.uint8), TRIAL_PICTURES)
    scores = np.asarray(model(scaled_images(pixels, network.scaling), training=False))
    spec = PreprocessSpec(
        image_size=TRIAL_SHAPE[:2], channels=1, scaling=network.scaling
    )
    contents = Contents(
        graph=build_onnx(model, scaling=network.scaling),
        network=save_network(model),
        spec=spec.model_dump(mode="json"),
        class_names=tuple("abc"[:TRIAL_CLASSES]),
        origin={"network": TRIAL_NETWORK, "parameters": model.count_params()},
        golden={"pixels": pixels, "scores": scores},
        content_hashes={},
    )
    return save_bundle(path, contents)
