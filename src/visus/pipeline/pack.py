"""From a trained network to the bundle: written once, then loaded and proved."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from visus.bundles.bundle import UNCALIBRATED, Bundle, save_bundle, short_hashes
from visus.bundles.calibration import Calibration
from visus.bundles.format import Contents
from visus.bundles.runtime import Session
from visus.core.errors import ModelError
from visus.core.run import Run
from visus.data.batches import Batch
from visus.data.preprocess import scaled_images
from visus.evaluation.calibrate import calibrate
from visus.evaluation.held import Held
from visus.pipeline.backbone import ORIGIN
from visus.pipeline.environment import describe_environment
from visus.pipeline.evidence import Evidence, evidence_of_graph
from visus.pipeline.learn import Learned
from visus.pipeline.plan import Plan
from visus.pipeline.prepare import PreparedData
from visus.tasks.base import Task

GOLDEN_PICTURES = 8


def pack_bundle(run: Run, plan: Plan, data: PreparedData, learned: Learned) -> Bundle:
    """Write `model.visus` and load it again, golden pictures included.

    The golden scores are Keras's own, so loading proves that the ONNX graph is the
    same network.

    Raises:
        ModelError: the network has a layer without an ONNX form.
        MachineError: it cannot be written.
    """
    from visus.models.onnx_graph import build_onnx

    graph = build_onnx(learned.model, scaling=plan.spec.scaling)
    history = learned.history
    origin = {
        "parameters": learned.model.count_params(),
        "epochs": len(history.epochs),
        "kept_epoch": history.kept_epoch,
    }
    if plan.lineage is not None:
        origin[ORIGIN] = dict(plan.lineage)
    return save_packed(
        run,
        plan,
        data,
        Packed(
            graph=graph,
            network=_network_bytes(learned.model),
            golden=_golden(learned.model, plan, data),
            evidence=evidence_of_graph(graph, data),
            origin=origin,
        ),
    )


@dataclass(frozen=True)
class Packed:
    """What a bundle holds of a network, however it learned.

    Args:
        graph: the ONNX graph.
        network: the Keras network, serialised; `None`: it has classes of its own.
        golden: pixels, and the scores that they must give.
        evidence: by which it is calibrated.
        origin: what the origin says of the network.
        session: the running graph, where there is one already.
    """

    graph: bytes
    network: bytes | None
    golden: Mapping[str, NDArray[Any]]
    evidence: Evidence
    origin: Mapping[str, Any]
    session: Session | None = None


def save_packed(run: Run, plan: Plan, data: PreparedData, packed: Packed) -> Bundle:
    """Write `model.visus` with all that it must know of the data, and load it again.

    Raises:
        ModelError: it does not answer its golden pictures as it must.
        MachineError: it cannot be written.
    """
    evidence = packed.evidence
    found = calibrate(
        evidence.held, data.task, plan.config.answers, around=evidence.around
    )
    calibration = None if isinstance(found, str) else found
    why = {UNCALIBRATED: found} if isinstance(found, str) else {}
    contents = Contents(
        graph=_graph(packed, calibration),
        network=packed.network,
        spec=plan.spec.model_dump(mode="json"),
        class_names=data.task.names,
        origin={**_origin(plan, data), **packed.origin, **why},
        golden=packed.golden,
        content_hashes={
            split: short_hashes(hashes)
            for split, hashes in data.content_hashes().items()
        },
        task=_decided(data.task, evidence.validation, calibration).to_json(),
        calibration=calibration.to_json() if calibration else None,
        calibration_arrays=calibration.to_arrays() if calibration else {},
    )
    # With more outputs it is another graph.
    same = contents.graph == packed.graph
    return save_bundle(run.bundle_path, contents, packed.session if same else None)


def golden_rows(data: PreparedData) -> tuple[Batch, NDArray[np.intp]]:
    """Pictures, and which of them a bundle keeps: one of each answer, up to eight."""
    pictures = data.split("validation") or data.split("test") or data.pictures
    # One picture of each class, set of labels or number, as far as eight go.
    _, rows = np.unique(pictures.targets, axis=0, return_index=True)
    return pictures, rows[:GOLDEN_PICTURES]


def _graph(packed: Packed, calibration: Calibration | None) -> bytes:
    """With features and logits as outputs too, where strangeness is told by them."""
    if calibration is None or calibration.foreign is None:
        return packed.graph
    if packed.session is not None and packed.session.tells_features:
        return packed.graph
    from visus.bundles.inner import graph_with_features

    return graph_with_features(packed.graph) or packed.graph


def _decided(task: Task, held: Held | None, calibration: Calibration | None) -> Task:
    """The task with what it decides by validation, in calibrated scores."""
    if held is None:
        return task
    scores = calibration.scores(held.scores) if calibration else held.scores
    return task.decided_by(lambda: (scores, held.targets, held.weights))


def _network_bytes(model: Any) -> bytes | None:
    # A network of the user's own layer classes predicts from its ONNX graph alone.
    from visus.models.storage import load_network, save_network

    content = save_network(model)
    try:
        load_network(content)
    except ModelError:
        return None
    return content


def _origin(plan: Plan, data: PreparedData) -> dict[str, Any]:
    environment = describe_environment()
    return {
        "network": plan.network.name,
        "config": plan.config.model_dump(mode="json"),
        "data": {
            "name": data.dataset.name,
            "fingerprint": data.dataset.fingerprint,
            "target": plan.config.data.target,
            "counts": data.dataset.counts(),
            "pictures": data.dataset.sizes(),
        },
        "python": environment["python"],
        "versions": environment["packages"],
    }


def _golden(model: Any, plan: Plan, data: PreparedData) -> dict[str, NDArray[Any]]:
    pictures, rows = golden_rows(data)
    pixels = np.ascontiguousarray(pictures.pixels[rows])
    images = scaled_images(pixels, plan.spec.scaling)
    scores = np.asarray(model(images, training=False), dtype=np.float32)
    return {"pixels": pixels, "scores": scores}
