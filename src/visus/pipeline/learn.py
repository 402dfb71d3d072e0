"""From prepared pictures to a trained network: the network's half."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from visus.bundles import load_bundle
from visus.core.errors import DataError, ModelError
from visus.core.progress import Progress
from visus.core.run import Run
from visus.models.backend import select_backend
from visus.pipeline.balance import picture_weights, require_weights
from visus.pipeline.plan import Plan
from visus.pipeline.prepare import PreparedData
from visus.tasks.base import Head
from visus.training.config import UnlabelledConfig
from visus.training.epochs import balanced_class_weights
from visus.training.fit import Lesson, fit
from visus.training.history import History
from visus.training.threads import share_out_cores

if TYPE_CHECKING:
    from visus.training.steps import Steps


@dataclass(frozen=True)
class Learned:
    """A trained network and what its training was like."""

    model: Any
    history: History


def learn(
    plan: Plan,
    data: PreparedData,
    run: Run | None,
    progress: Progress,
    *,
    callbacks: Sequence[Any] = (),
) -> Learned:
    """Build the network and train it, from the run's checkpoint if it has one.

    Raises:
        ModelError: the network cannot be built, or its loss stopped being a number.
    """
    views = plan.config.training.unlabelled if data.unlabelled else None
    model, steps = prepare_steps(plan, data.task.head, views)
    for callback in callbacks:
        callback.set_model(model)
    history = fit(
        steps, make_lesson(plan, data), run=run, progress=progress, callbacks=callbacks
    )
    return Learned(model, history)


def prepare_steps(
    plan: Plan, head: Head, unlabelled: UnlabelledConfig | None = None
) -> tuple[Any, "Steps"]:
    """The network with its first weights, and its compiled steps.

    Args:
        plan: every choice.
        head: how the network ends.
        unlabelled: how pictures without a label are learned from; `None`: not at all.
    """
    select_backend()
    training = plan.config.training
    # Before TensorFlow starts, since it asks for its threads only once.
    threads = share_out_cores(training.batch_size)
    model = plan.network.build(plan.spec.input_shape, head, plan.config.seed)
    if plan.config.start_from is not None:
        copy_weights(Path(plan.config.start_from), model)
    from visus.training.steps_tensorflow import TensorFlowSteps

    steps = TensorFlowSteps(
        model,
        training,
        scaling=plan.spec.scaling,
        towers=threads.towers,
        head=head,
        unlabelled=unlabelled,
        seed=plan.config.seed,
    )
    return model, steps


def make_lesson(plan: Plan, data: PreparedData) -> Lesson:
    """What is to be learned, and how."""
    train = data.split("train")
    if train is None:
        raise DataError(
            received=f"{data.dataset.name} has no training pictures.",
            expected="at least one.",
            remedy="Add pictures.",
        )
    weights = repeats = None
    if data.task.head.activation == "softmax":
        num_classes = len(data.task.names)
        balanced = plan.config.training.class_weights == "balanced"
        weights = (
            balanced_class_weights(train.targets, num_classes)
            if balanced
            else np.ones(num_classes, dtype=np.float32)
        )
    groups = plan.config.training.groups
    if groups.column is not None:
        if data.unlabelled:
            require_weights(plan.config.training, "pictures without a label come too")
        counted = picture_weights(plan, data)
        if groups.by == "sampling":
            repeats = counted
        elif counted is not None:
            train = replace(train, weights=train.weights * counted)
    return Lesson(
        train=train,
        validation=data.split("validation"),
        class_weights=weights,
        config=plan.config.training,
        seed=plan.config.seed,
        unlabelled=data.unlabelled.pictures if data.unlabelled else None,
        repeats=repeats,
    )


def copy_weights(start_from: Path, model: Any) -> None:
    """Give the network the weights of a bundle; a new head where classes differ.

    Raises:
        ModelError: the bundle holds another kind of network.
    """
    from visus.models.storage import load_network

    bundle = load_bundle(start_from)
    if bundle.contents.network is None:
        raise ModelError(
            received=f"{start_from} holds no Keras network, only its ONNX graph.",
            expected="a bundle whose network is made of Keras's own layers.",
            remedy="Start from another bundle.",
        )
    old = load_network(bundle.contents.network).variables
    new = model.variables
    same = [a.shape == b.shape for a, b in zip(old, new, strict=False)]
    # Only the head, the last layer's kernel and bias, may differ.
    if len(old) != len(new) or not all(same[:-2]):
        raise ModelError(
            received=f"{start_from} is a {bundle.origin.get('network')} whose weights "
            f"do not fit {model.name!r}.",
            expected="the same network on pictures of the same size.",
            remedy=f"Train with --network {bundle.origin.get('network')} and its "
            "picture size.",
        )
    for target, source, fits in zip(new, old, same, strict=True):
        if fits and target.name != "seed_generator_state":
            target.assign(source.value)
