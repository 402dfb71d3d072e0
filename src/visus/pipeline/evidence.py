"""What a trained network is calibrated by: held-out pictures, stand-ins of others."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from visus.bundles.foreign import NO_FEATURES
from visus.bundles.runtime import Outputs, Session
from visus.core.progress import SilentProgress
from visus.core.seeds import random_generator
from visus.data.batches import Batch
from visus.data.described import describe_pictures
from visus.data.records import ImageRecord, Split
from visus.data.stand_ins import STAND_INS
from visus.evaluation.held import HELD_OUT, Held, Surroundings
from visus.models.joined import HeadWeights
from visus.pipeline.features import ReadyBackbone
from visus.pipeline.prepare import PreparedData
from visus.tasks.base import Floats
from visus.training.head.fit import Fitted, Pupils

# Training pictures whose features tell what the network's own kind is.
MOST_TRAINING = 2_000
# Pictures that stand-ins are made of: fewer of large ones, which take longer.
SMALL_SIDE, FEW, MANY = 64, 64, 256
NOTHING_HELD = "no pictures were held for validation"


@dataclass(frozen=True)
class Evidence:
    """Of one trained network.

    Args:
        validation: its answers to the validation pictures; `None`: there are none.
        held_out: to training pictures while they were held out; `None`: none were.
        around: gives what tells pictures of another kind, or why nothing does.
    """

    validation: Held | None
    held_out: Held | None
    around: Callable[[], Surroundings | str]

    @property
    def held(self) -> Held | None:
        """All pictures that nothing was learned from."""
        if self.validation is None:
            return self.held_out
        return self.validation.and_also(self.held_out)


def evidence_of_graph(graph: bytes, data: PreparedData) -> Evidence:
    """Of a network that learned by epochs, as its graph answers."""
    pictures = data.split("validation")
    if pictures is None or data.task.head.activation == "linear":
        return Evidence(None, None, lambda: NOTHING_HELD)
    from visus.bundles.inner import graph_with_features

    wanted = data.task.kind == "single-label"
    session = Session((graph_with_features(graph) if wanted else None) or graph)
    outputs = session.everything(pictures.pixels)
    held = Held(outputs.scores, pictures.targets, pictures.weights)
    around = partial(_around_graph, session, data, pictures, outputs)
    return Evidence(held, None, around)


def evidence_of_head(
    data: PreparedData,
    backbone: ReadyBackbone,
    fitted: Fitted,
    pupils: Pupils,
    *,
    balanced: bool,
    alone: bool,
) -> Evidence:
    """Of a head on frozen features, which are known already.

    Args:
        data: described by the backbone.
        backbone: what described it.
        fitted: the head.
        pupils: what it learned from.
        balanced: whether rare classes counted more in that.
        alone: whether it learned from these pictures and no others.
    """
    pictures = data.split("validation")
    validation = None
    if pictures is not None:
        scores = outputs_of_head(data, fitted.weights, "validation").scores
        validation = Held(scores, pictures.targets, pictures.weights)
    # The heads of the folds knew nothing of the pictures that have no label.
    held_out = _while_held_out(fitted, pupils, balanced=balanced) if alone else None
    around = partial(_around_head, data, backbone, fitted, pupils, alone=alone)
    return Evidence(validation, held_out, around)


def outputs_of_head(data: PreparedData, weights: HeadWeights, split: Split) -> Outputs:
    """What backbone and head give for the pictures of a split."""
    if data.described is None:
        raise ValueError("the pictures were not described")
    return _outputs(data.described.features[data.rows(split)], weights)


def _outputs(features: Floats, weights: HeadWeights) -> Outputs:
    return Outputs(weights.scores(features), features, weights.logits(features))


def _while_held_out(fitted: Fitted, pupils: Pupils, *, balanced: bool) -> Held:
    counted = _counted(fitted)
    weights = pupils.weights[counted].astype(np.float32)
    if balanced:
        # Probabilities are to hold for the classes as frequent as they are.
        weights = np.ones_like(weights)
    return Held(
        fitted.held_out[counted].astype(np.float32),
        pupils.targets[counted],
        weights,
        HELD_OUT,
    )


def _counted(fitted: Fitted) -> NDArray[np.bool_]:
    """Which training pictures a head was asked about that had not learned them."""
    known = np.isfinite(fitted.held_out).all(axis=1)
    return np.asarray(fitted.curve.counted & known)


def _around_graph(
    session: Session, data: PreparedData, pictures: Batch, held: Outputs
) -> Surroundings | str:
    train = data.split("train")
    if held.features is None or train is None:
        return NO_FEATURES
    some = train.take(_sampled(len(train), MOST_TRAINING, "training"))
    rows = _sampled(len(pictures), _most_stand_ins(pictures), "stand-ins")
    pixels = np.asarray(pictures.pixels[rows])
    return Surroundings(
        train=session.everything(some.pixels),
        targets=some.targets,
        held=held,
        foreign={
            name: session.everything(made(pixels)) for name, made in STAND_INS.items()
        },
        features_learned=True,
    )


def _around_head(
    data: PreparedData,
    backbone: ReadyBackbone,
    fitted: Fitted,
    pupils: Pupils,
    *,
    alone: bool,
) -> Surroundings | str:
    if data.described is None:
        return NO_FEATURES
    weights = fitted.weights
    # Only where the heads of the folds are like this one do they know how sure it is
    # of pictures that it has not learned; else sureness tells nothing of strangeness.
    counted = np.flatnonzero(_counted(fitted)) if alone else np.empty(0, np.intp)
    asked = bool(len(counted))
    known = counted if asked else np.arange(len(pupils.features))
    some = known[_sampled(len(known), MOST_TRAINING, "training")]
    rows = data.rows("validation")
    # Stand-ins show nothing of what they are made of: training pictures do as well. Of
    # both, since a label that changed deals them anew.
    records = [r for r in data.dataset.records if r.split != "test"]
    pictures = data.dataset.with_records(few_by_content(records))
    foreign = {
        name: describe_pictures(pictures, data.ledger, describer, SilentProgress())
        for name, describer in backbone.stand_in_describers().items()
    }
    train = _outputs(pupils.features[some], weights)
    logits = fitted.held_out_logits[some] if asked else None
    train = Outputs(train.scores, train.features, logits)
    return Surroundings(
        train=train,
        targets=pupils.targets[some],
        held=_outputs(data.described.features[rows], weights),
        foreign={
            name: _outputs(described.features, weights)
            for name, described in foreign.items()
        },
        features_learned=False,
    )


def few_by_content(records: Sequence[ImageRecord]) -> list[ImageRecord]:
    """The same few, whatever others come or go, or change their label.

    So the features of their stand-ins are known when a model learns again.
    """
    return sorted(records, key=lambda record: record.content_hash or record.id)[:FEW]


def _most_stand_ins(pictures: Batch) -> int:
    return MANY if max(pictures.pixels.shape[1:3]) <= SMALL_SIDE else FEW


def _sampled(total: int, most: int, purpose: str) -> NDArray[np.intp]:
    order = random_generator(0, f"evidence {purpose}").permutation(total)
    return np.sort(order[:most])
