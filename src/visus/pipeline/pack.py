"""From a trained network to the bundle: written once, then loaded and proved."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from visus.bundles.bundle import Bundle, save_bundle, short_hashes
from visus.bundles.format import Contents
from visus.bundles.runtime import Session
from visus.core.errors import ModelError
from visus.core.run import Run
from visus.data.preprocess import scaled_images
from visus.pipeline.environment import describe_environment
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
    contents = Contents(
        graph=graph,
        network=_network_bytes(learned.model),
        spec=plan.spec.model_dump(mode="json"),
        class_names=data.task.names,
        origin=_origin(plan, data, learned),
        golden=_golden(learned.model, plan, data),
        content_hashes={
            split: short_hashes(hashes)
            for split, hashes in data.content_hashes().items()
        },
        task=_decided(data, graph).to_json(),
    )
    return save_bundle(run.bundle_path, contents)


def _decided(data: PreparedData, graph: bytes) -> Task:
    """The task with what it decides by validation, as the graph answers it."""
    held = data.split("validation")
    if held is None:
        return data.task
    return data.task.decided_by(
        lambda: (Session(graph).scores(held.pixels), held.targets, held.weights)
    )


def _network_bytes(model: Any) -> bytes | None:
    # A network of the user's own layer classes predicts from its ONNX graph alone.
    from visus.models.storage import load_network, save_network

    content = save_network(model)
    try:
        load_network(content)
    except ModelError:
        return None
    return content


def _origin(plan: Plan, data: PreparedData, learned: Learned) -> dict[str, Any]:
    environment = describe_environment()
    return {
        "network": plan.network.name,
        "parameters": learned.model.count_params(),
        "config": plan.config.model_dump(mode="json"),
        "data": {
            "name": data.dataset.name,
            "fingerprint": data.dataset.fingerprint,
            "target": plan.config.data.target,
            "counts": data.dataset.counts(),
            "pictures": data.dataset.sizes(),
        },
        "epochs": len(learned.history.epochs),
        "kept_epoch": learned.history.kept_epoch,
        "python": environment["python"],
        "versions": environment["packages"],
    }


def _golden(model: Any, plan: Plan, data: PreparedData) -> dict[str, NDArray[Any]]:
    pictures = data.split("validation") or data.split("test") or data.pictures
    # One picture of each class, set of labels or number, as far as eight go.
    _, rows = np.unique(pictures.targets, axis=0, return_index=True)
    pixels = np.ascontiguousarray(pictures.pixels[rows[:GOLDEN_PICTURES]])
    images = scaled_images(pixels, plan.spec.scaling)
    scores = np.asarray(model(images, training=False), dtype=np.float32)
    return {"pixels": pixels, "scores": scores}
