"""visus export --int8: a bundle's graph with convolutions in eight bits."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from visus.bundles import Bundle
from visus.bundles.bundle import short_hashes
from visus.core.errors import ConfigError, DataError
from visus.data.batches import Batch, Pixels
from visus.data.records import ImageDataset
from visus.data.scan import scan_pictures
from visus.data.sources import read_source
from visus.exporting import EXPORTERS
from visus.exporting.export import Exported, export_graph, require_free
from visus.exporting.int8.quantize import Quantized, quantize
from visus.pipeline.evaluate import as_asked
from visus.pipeline.export import Asked
from visus.pipeline.pretrained import open_model
from visus.reporting.view import ReportView

DEFAULT_BUDGET = 0.5
TO = "onnx"

Rows = NDArray[np.intp]


@dataclass(frozen=True)
class Shrunk:
    """What was written, and what it costs.

    Args:
        exported: the file and its proof.
        quantized: size, accuracy and speed before and after.
    """

    exported: Exported
    quantized: Quantized

    @property
    def view(self) -> ReportView:
        """Before and after, as text and for notebooks."""
        return ReportView(self.quantized.report)

    def to_json(self) -> dict[str, Any]:
        """As `visus export --int8 --json` prints it."""
        return {**self.exported.to_json(), "int8": self.quantized.to_json()}

    def __str__(self) -> str:
        return f"{self.view}\n{self.exported}"

    def _repr_html_(self) -> str:
        return self.view._repr_html_()


def quantize_model(
    asked: Asked, to: str, budget: float | None = None, *, int8: bool = True
) -> Shrunk:
    """Write the graph of a bundle with as many convolutions in int8 as it bears.

    Args:
        asked: what is wanted; its pictures are those that the model was trained on.
        to: "onnx".
        budget: points of the first figure that it may cost; `None`: 0.5.
        int8: whether eight bits were asked for at all.

    Raises:
        ConfigError: what is asked for does not go together, or `out` holds something.
        DataError: there are no pictures to calibrate with or to measure on.
        ModelError: the bundle cannot be used, or the budget cannot be kept.
        MachineError: `out` cannot be written.
    """
    _require_sense(asked, to, budget, int8)
    out = asked.place(to)
    if asked.out is None:
        out = out.with_name(f"{out.stem}.int8{out.suffix}")
    require_free(EXPORTERS.load(to), out, force=asked.force)
    asked.require_certified()
    bundle = open_model(asked.model, asked.weights, asked.access)
    calibration, held = _pictures(bundle, asked)
    points = DEFAULT_BUDGET if budget is None else budget
    made = quantize(bundle, calibration, held, points, asked.say)
    done = export_graph(bundle, made.graph, out, force=asked.force, progress=asked.say)
    return Shrunk(done, made)


def _require_sense(asked: Asked, to: str, budget: float | None, int8: bool) -> None:
    if not int8:
        raise ConfigError(
            received=f"--budget {budget:g} without --int8.",
            expected="both: the budget is what eight bits may cost.",
            remedy="Add --int8, or leave --budget out.",
        )
    if to != TO:
        raise ConfigError(
            received=f"--int8 with --to {to}.",
            expected="--to onnx, the one format whose convolutions go to eight bits.",
            remedy="Write --to onnx --int8, or leave --int8 out.",
        )
    if asked.source is None:
        raise ConfigError(
            received="--int8 without --data.",
            expected="the pictures that the model was trained on: eight bits are "
            "calibrated on some of them and measured on others.",
            remedy="Add --data with the source that `visus train` got.",
        )
    if budget is not None and not 0 <= budget <= 100:
        raise ConfigError(
            received=f"--budget {budget:g}.",
            expected="points of accuracy, from 0 to 100.",
            remedy="Leave it out for 0.5, or write, for instance, --budget 1.",
        )


def _pictures(bundle: Bundle, asked: Asked) -> tuple[Pixels, Batch]:
    """Training pictures, and validation pictures with their targets."""
    dataset, ledger = read_source(asked.source, asked.access)
    dataset, ledger = as_asked(dataset, ledger, bundle, None)
    scan = scan_pictures(
        dataset, ledger, bundle.spec, progress=asked.say, measured=False
    )
    learned, held = _splits(bundle, scan.dataset)
    if not len(learned):
        raise _none_there("training", asked.source, bundle.path)
    if not len(held):
        raise _none_there("validation", asked.source, bundle.path)
    pictures = replace(scan.pictures, targets=bundle.task.targets(scan.dataset))
    return pictures.take(learned).pixels, pictures.take(held)


def _splits(bundle: Bundle, dataset: ImageDataset) -> tuple[Rows, Rows]:
    """Rows of training and of validation pictures.

    As the bundle remembers them by content; pictures that it does not know count as
    their source marks them.
    """
    hashes = bundle.contents.content_hashes
    asked = short_hashes(record.content_hash for record in dataset.records)
    train, validation, test = (
        np.isin(asked, hashes.get(name, [])) for name in ("train", "validation", "test")
    )
    marks = np.array([record.split or "" for record in dataset.records])
    unknown = ~(train | validation | test)
    learned = train | (unknown & np.isin(marks, ["train", ""]))
    held = validation | (unknown & (marks == "validation"))
    return learned.nonzero()[0], held.nonzero()[0]


def _none_there(split: str, source: Any, path: Path) -> DataError:
    return DataError(
        received=f"{source} has no {split} pictures of {path}.",
        expected="the pictures that the model was trained on, some of which were held "
        "out as validation; or others, in folders train/ and val/.",
        remedy="Give with --data what `visus train` got. A model that was trained "
        "without validation needs a val/ folder.",
    )
