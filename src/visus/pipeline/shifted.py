"""visus evaluate --shifted: pictures from elsewhere, and a bundle that fits them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from visus.bundles import Bundle
from visus.bundles.bundle import UNCALIBRATED, save_bundle, short_hashes
from visus.bundles.format import Contents
from visus.core.errors import ConfigError, DataError, ModelError
from visus.core.progress import Progress
from visus.core.report import Finding
from visus.core.seeds import random_generator
from visus.data.batches import Batch
from visus.data.records import ImageDataset
from visus.data.scan import Scan, scan_pictures
from visus.data.sources import read_pictures
from visus.data.sources.base import Access
from visus.evaluation.parts import Parts, Tested
from visus.evaluation.robustness.adapted import measure_adaptation
from visus.evaluation.robustness.shifted import Side, measure_shift
from visus.pipeline.adapting import (
    ADAPTATIONS,
    Adaptation,
    adaptation_of,
    features_of,
)

if TYPE_CHECKING:
    from visus.models.opened import OpenedNetwork

MOST_PICTURES = 2_000
# Statistics of fewer pictures would be those of accidents.
FEWEST_TO_ADAPT = 20
ADAPTED = "adapted"
NOT_HELD = "it was adapted to pictures without labels, and none were held out since"


@dataclass(frozen=True)
class Elsewhere:
    """Pictures of another place.

    Args:
        source: as `read_pictures` takes it; labels are used where there are any.
            `None`: there are none.
        adapt: where a bundle that fits them is written; `None`: nowhere.
        adapt_by: how, a name of `ADAPTATIONS`.
        offline: never open a connection.
        force: replace a bundle that is there.
    """

    source: Any = None
    adapt: Path | None = None
    adapt_by: str = next(iter(ADAPTATIONS))
    offline: bool = False
    force: bool = False

    def require_possible(self) -> None:
        """Refuse, with a `ConfigError`, an adaptation to nothing or over a file."""
        adaptation_of(self.adapt_by)
        if self.adapt is None:
            return
        if self.source is None:
            raise ConfigError(
                received=f"--adapt {self.adapt} without pictures to adapt to.",
                expected="pictures from elsewhere.",
                remedy="Name them with --shifted SOURCE.",
            )
        if self.adapt.exists() and not self.force:
            raise ConfigError(
                received=f"{self.adapt} exists.",
                expected="a new file for the adapted model.",
                remedy="Choose another with --adapt, or replace it with --force.",
            )

    def read(self, progress: Progress) -> "Elsewhere":
        """The same with its pictures found, and none of them opened.

        Raises:
            DataError: there are none.
        """
        if self.source is None:
            return self
        dataset, _ = read_pictures(self.source, Access(self.offline, progress))
        return replace(self, source=dataset)


def look_elsewhere(
    elsewhere: Elsewhere, bundle: Bundle, scan: Scan, progress: Progress
) -> Callable[[Tested], Parts]:
    """What measures how far these pictures are; they are read at once.

    Args:
        elsewhere: the pictures.
        bundle: the model, with one class a picture.
        scan: of its own pictures, which do not count as others.
        progress: who is told.

    Raises:
        DataError: none of them is new.
        ModelError: there is nothing to adapt.
    """
    access = Access(elsewhere.offline, progress)
    dataset, ledger = read_pictures(elsewhere.source, access)
    found = scan_pictures(
        dataset, ledger, bundle.spec, progress=progress, measured=False
    )
    rows = _new_rows(found.dataset, bundle, scan)
    adaptation = opened = None
    if elsewhere.adapt is not None:
        adaptation = adaptation_of(elsewhere.adapt_by)
        opened = _adaptable(bundle, len(rows), adaptation, progress)
    targets = bundle.task.targets(found.dataset)
    pictures = replace(found.pictures, targets=targets).take(rows)
    hashes = [found.dataset.records[row].content_hash for row in rows]
    left_out = len(found.dataset) - len(rows)

    def measure(tested: Tested) -> Parts:
        with progress.stage("Looking elsewhere"):
            own = _side(bundle, _drawn(tested.test, "own"))
            other = _side(bundle, _drawn(pictures, "elsewhere"))
        parts = Parts((), findings=_findings(left_out))
        parts = parts.and_also(measure_shift(own, other))
        if elsewhere.adapt is None or adaptation is None or opened is None:
            return parts
        chosen = _drawn(pictures, "adapt")
        seen = np.asarray(chosen.pixels[:])
        home = np.asarray(own.pictures.pixels[:])
        adaptation.adapt(opened, bundle, seen, home, progress)
        fitting = save_adapted(
            elsewhere.adapt,
            bundle,
            opened,
            data={
                "method": adaptation.method,
                "data": dataset.name,
                "pictures": len(chosen),
            },
            content_hashes=hashes,
        )
        return parts.and_also(
            measure_adaptation(
                own,
                other,
                own_after=fitting.scores(home),
                other_after=fitting.scores(np.asarray(other.pictures.pixels[:])),
                how=adaptation.note,
            )
        )

    return measure


def save_adapted(
    path: Path,
    bundle: Bundle,
    opened: "OpenedNetwork",
    *,
    data: Mapping[str, Any],
    content_hashes: Sequence[str],
) -> Bundle:
    """Write another bundle with the network as it has become.

    It is not calibrated: what was fitted for the old statistics holds no longer, and
    pictures without labels tell no accuracy.

    Args:
        path: of the new file.
        bundle: the model that was adapted; it stays as it is.
        opened: its network, adapted.
        data: what is told of the pictures it was adapted to, and how.
        content_hashes: of their files.

    Raises:
        MachineError: it cannot be written.
    """
    from visus.models.onnx_graph import build_onnx
    from visus.models.storage import save_network

    old = bundle.contents
    golden = old.golden["pixels"]
    scores = np.asarray(opened.model(opened.images(golden), training=False))
    origin = {"from": bundle.path.name, **data}
    contents = Contents(
        graph=build_onnx(opened.model, scaling=bundle.spec.scaling),
        network=save_network(opened.model),
        spec=old.spec,
        class_names=old.class_names,
        origin={**bundle.origin, ADAPTED: origin, UNCALIBRATED: NOT_HELD},
        golden={"pixels": golden, "scores": scores.astype(np.float32)},
        content_hashes={**old.content_hashes, ADAPTED: short_hashes(content_hashes)},
        task=old.task,
    )
    return save_bundle(path, contents)


def _adaptable(
    bundle: Bundle, count: int, adaptation: Adaptation, progress: Progress
) -> "OpenedNetwork":
    """The network of the bundle, if it can be adapted to so many pictures."""
    if count < FEWEST_TO_ADAPT:
        raise DataError(
            received=f"{count} pictures to adapt to.",
            expected=f"at least {FEWEST_TO_ADAPT}: their means and spreads are taken.",
            remedy="Give more with --shifted, or leave out --adapt.",
        )
    if bundle.contents.network is None:
        raise ModelError(
            received=f"{bundle.path} holds the ONNX graph of its network only.",
            expected="a bundle with the Keras network: its layers are measured anew.",
            remedy="Leave out --adapt.",
        )
    # Plain evaluation needs no layers.
    from visus.pipeline.question import opened_network

    with progress.stage("Opening the network with Keras"):
        opened = opened_network(bundle, Access(offline=True, progress=progress))
    adaptation.require(opened, str(bundle.origin.get("network")))
    return opened


def _new_rows(dataset: ImageDataset, bundle: Bundle, scan: Scan) -> NDArray[np.intp]:
    """Pictures that neither the model nor its test knows."""
    hashes = [record.content_hash for record in dataset.records]
    own = {record.content_hash for record in scan.dataset.records}
    known = bundle.trained_on(hashes) | np.array([h in own for h in hashes], bool)
    rows = np.flatnonzero(~known)
    if not len(rows):
        raise DataError(
            received=f"All {len(hashes):,} pictures of {dataset.name} are among those "
            "that the model learned from or is tested on.",
            expected="pictures from elsewhere.",
            remedy="Give another source with --shifted.",
        )
    return rows


def _side(bundle: Bundle, pictures: Batch) -> Side:
    outputs = bundle.session.everything(np.asarray(pictures.pixels[:]))
    scores, judged = bundle.answer_of(outputs)
    features = outputs.features
    if features is None:
        features = features_of(bundle, np.asarray(pictures.pixels[:]))
    return Side(pictures, scores, features, judged)


def _drawn(pictures: Batch, purpose: str) -> Batch:
    order = random_generator(0, f"shifted {purpose}").permutation(len(pictures))
    return pictures.take(np.sort(order[:MOST_PICTURES]))


def _findings(left_out: int) -> list[Finding]:
    if not left_out:
        return []
    message = (
        f"{left_out:,} pictures from elsewhere are left out: the model learned from "
        "them, or they are its test."
    )
    return [Finding(severity="info", message=message)]
