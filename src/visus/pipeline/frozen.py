"""visus train with frozen features: a backbone looks once, then a head learns."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from visus.bundles import Bundle
from visus.bundles.runtime import Session
from visus.core.errors import ModelError
from visus.core.progress import Progress
from visus.core.report import Table
from visus.core.run import Run
from visus.data.records import Split
from visus.data.splits import fold_numbers
from visus.models.joined import HeadWeights
from visus.models.pretrained.weights import is_as_published
from visus.pipeline.backbone import ORIGIN
from visus.pipeline.balance import is_balanced, picture_weights, require_weights
from visus.pipeline.evidence import evidence_of_head, outputs_of_head
from visus.pipeline.features import ReadyBackbone, describe_views
from visus.pipeline.pack import Packed, golden_rows, save_packed
from visus.pipeline.plan import Plan
from visus.pipeline.prepare import PreparedData
from visus.pipeline.told import Told
from visus.tasks.base import Floats, Task
from visus.training.head.choose import Curve
from visus.training.head.config import FrozenConfig
from visus.training.head.fit import Fitted, Pupils, fit_head

# Between the joined graph and backbone and head one after the other.
JOINED_TOLERANCE = 1e-5
SPLITS: tuple[Split, ...] = ("test", "validation")


@dataclass(frozen=True)
class TaughtHead:
    """A head that has learned.

    Args:
        fitted: its numbers and how they were chosen.
        seconds: wall time of choosing and fitting.
        scores: of each split's pictures.
        held_out: figures of the training pictures by cross-validation; empty where no
            picture could be held out.
        pupils: what it learned from.
        alone: whether it learned from these pictures and no others.
    """

    fitted: Fitted
    seconds: float
    scores: Mapping[Split, Floats]
    held_out: Mapping[str, float]
    pupils: Pupils
    alone: bool = True


def teach_head(
    plan: Plan, data: PreparedData, backbone: ReadyBackbone, progress: Progress
) -> TaughtHead:
    """Fit the head on the training pictures' features."""
    views = describe_views(plan, backbone, data, progress)
    started = time.monotonic()
    with progress.stage("Fitting the head"):
        pupils = _pupils(plan, data, views)
        fitted = fit_head(pupils, data.task.head, plan.config.frozen, plan.config.seed)
    seconds = time.monotonic() - started
    features = _features(data)
    return TaughtHead(
        fitted=fitted,
        seconds=seconds,
        scores={
            split: fitted.weights.scores(features[data.rows(split)])
            for split in SPLITS
            if len(data.rows(split))
        },
        held_out=_held_out(data.task, fitted, pupils),
        pupils=pupils,
    )


def pack_head(
    run: Run,
    plan: Plan,
    data: PreparedData,
    backbone: ReadyBackbone,
    taught: TaughtHead,
) -> Bundle:
    """Join backbone and head, and write `model.visus`.

    Raises:
        ModelError: the joined graph answers the golden pictures otherwise than backbone
            and head one after the other.
    """
    weights = taught.fitted.weights
    graph = backbone.joined.graph_with(weights)
    session, golden = Session(graph), _golden(data, weights)
    _require_joined(session, golden, weights)
    return save_packed(
        run,
        plan,
        data,
        Packed(
            graph=graph,
            network=backbone.joined.archive_with(weights),
            golden=golden,
            evidence=evidence_of_head(
                data,
                backbone,
                taught.fitted,
                taught.pupils,
                balanced=is_balanced(plan.config.training),
                alone=taught.alone,
            ),
            origin={
                "parameters": backbone.joined.parameters,
                "epochs": 0,
                "kept_epoch": None,
                ORIGIN: lineage_of(backbone),
            },
            session=session,
        ),
    )


def lineage_of(backbone: ReadyBackbone) -> dict[str, Any]:
    """What the origin of a bundle says of the backbone in it."""
    card = backbone.card
    return {
        "name": card.name,
        "licence": card.licence,
        "source": card.source,
        "weights": backbone.weights.name,
        "sha256": backbone.digest,
        "as_published": is_as_published(card, backbone.weights),
    }


def told_by_head(
    data: PreparedData,
    backbone: ReadyBackbone,
    taught: TaughtHead,
    state: str = "frozen",
) -> Told:
    """Backbone, strength, cross-validation, and what had to be computed.

    Args:
        data: what was described.
        backbone: by which.
        taught: what was learned of that.
        state: of the backbone in the end.
    """
    fitted, described = taught.fitted, data.described
    computed = described.computed if described else 0
    seconds = described.seconds if described else 0.0
    speed = computed / seconds if computed else None
    return Told(
        rows=tuple(_rows(data, backbone, taught, computed, speed, state)),
        figures={
            "epochs": 0,
            "kept_epoch": None,
            "batch_size": None,
            "training_seconds": round(taught.seconds, 3),
            "preparing_seconds": round(seconds, 3),
            "how": _how(data, taught, computed, speed),
            "frozen": {
                "backbone": backbone.card.name,
                "licence": backbone.card.licence,
                "features_computed": computed,
                "features_known": len(data.dataset) - computed,
                "images_per_second": None if speed is None else round(speed, 1),
                "strength": fitted.strength,
                "folds": fitted.curve.folds,
                "held_out": {k: round(v, 6) for k, v in taught.held_out.items()},
                "views": fitted.views,
            },
        },
        training_seconds=taught.seconds,
        tables=_tables(fitted.curve),
        notes=_notes(fitted),
        outputs={
            split: outputs_of_head(data, fitted.weights, split)
            for split in taught.scores
        },
    )


def _pupils(
    plan: Plan, data: PreparedData, views: Mapping[str, tuple[Floats, ...]]
) -> Pupils:
    rows = data.rows("train")
    train = data.pictures.take(rows)
    weights = train.weights.astype(np.float32)
    require_weights(plan.config.training, "features are frozen")
    counted = picture_weights(plan, data)
    if counted is not None:
        weights = weights * counted
    used = np.flatnonzero((weights > 0) & data.task.known(train.targets))
    folds = _folds(plan.config.frozen, plan.config.seed, data, rows)
    return Pupils(
        features=_features(data)[rows[used]],
        targets=train.targets[used],
        weights=weights[used],
        folds=folds[used],
        views={
            name: tuple(view[used] for view in several)
            for name, several in views.items()
        }
        | ({"none": ()} if plan.config.frozen.views == "auto" else {}),
    )


def _folds(
    config: FrozenConfig, seed: int, data: PreparedData, rows: NDArray[np.intp]
) -> NDArray[np.intp]:
    """Folds of the training pictures; twins and groups lie in one."""
    train = data.dataset.split("train")
    place = {row: number for number, row in enumerate(rows.tolist())}
    inside = ([place[r] for r in c if r in place] for c in data.twins.clusters)
    clusters = [cluster for cluster in inside if len(cluster) > 1]
    strata = data.task.strata(train)
    folds = fold_numbers(train, config.folds, seed, clusters, strata)
    return np.asarray(folds, dtype=np.intp)


def _features(data: PreparedData) -> Floats:
    if data.described is None:
        raise ValueError("the pictures were not described")
    return data.described.features


def _golden(data: PreparedData, weights: HeadWeights) -> dict[str, NDArray[Any]]:
    pictures, rows = golden_rows(data)
    place = {record.id: row for row, record in enumerate(data.dataset.records)}
    chosen = [place[pictures.ids[row]] for row in rows]
    return {
        "pixels": np.ascontiguousarray(pictures.pixels[rows]),
        "scores": weights.scores(_features(data)[chosen]),
    }


def _require_joined(
    session: Session, golden: Mapping[str, NDArray[Any]], weights: HeadWeights
) -> None:
    scores = session.scores(golden["pixels"])
    worst = float(np.abs(scores - golden["scores"]).max()) / weights.head.scale
    same = (scores.argmax(axis=1) == golden["scores"].argmax(axis=1)).all()
    if not (worst <= JOINED_TOLERANCE and same):
        raise ModelError(
            received=f"The joined network differs from backbone and head by {worst:.2g}"
            " on the golden pictures.",
            expected=f"at most {JOINED_TOLERANCE:g}, and the same answers.",
            remedy="Clear what was kept with `visus cache --clear all` and train "
            "again; if it stays so, please report it.",
        )


def _held_out(task: Task, fitted: Fitted, pupils: Pupils) -> dict[str, float]:
    counted = fitted.curve.counted
    if not counted.any():
        return {}
    return task.metrics(
        fitted.held_out[counted], pupils.targets[counted], pupils.weights[counted]
    )


def _rows(
    data: PreparedData,
    backbone: ReadyBackbone,
    taught: TaughtHead,
    computed: int,
    speed: float | None,
    state: str,
) -> list[tuple[str, str]]:
    card, fitted = backbone.card, taught.fitted
    known = len(data.dataset) - computed
    at = f" at {speed:,.0f} images a second" if speed else ""
    chosen = "chosen by cross-validation" if fitted.curve.folds else "the usual one"
    rows = [
        ("backbone", f"{card.name}, {state} ({card.licence}; {card.source})"),
        ("features", f"{computed:,} computed{at}, {known:,} known before"),
        ("head", f"linear, {card.feature_count:,} features; {taught.seconds:.1f} s"),
        ("strength of its penalty", f"{fitted.strength:.4g}, {chosen}"),
    ]
    if taught.held_out:
        told = ", ".join(
            f"{name.replace('_', ' ')} {value:.4g}"
            for name, value in taught.held_out.items()
        )
        rows.append((f"in {fitted.curve.folds}-fold cross-validation", told))
    if fitted.compared:
        rows.append(("views", f"{fitted.views}; held-out losses: {fitted.compared}"))
    elif fitted.views != "none":
        rows.append(("views", fitted.views))
    return rows


def _how(
    data: PreparedData, taught: TaughtHead, computed: int, speed: float | None
) -> str:
    """For one line on the screen."""
    if computed and speed:
        seen = f"{computed:,} features computed ({speed:,.0f} images/s)"
    else:
        seen = "all features known"
    return f"{seen}, head {taught.seconds:.1f} s"


def _tables(curve: Curve) -> tuple[Table, ...]:
    if not curve.folds:
        return ()
    return (
        Table(
            title="Penalty of the head",
            columns=("strength", "held-out loss", ""),
            rows=tuple(
                (f"{strength:.4g}", round(loss, 4), "chosen" if mark else "")
                for strength, loss, mark in _marked(curve)
            ),
            note=f"Mean loss of the training pictures, each while one of "
            f"{curve.folds} folds held it out; twins and groups lie in one fold.",
        ),
    )


def _marked(curve: Curve) -> list[tuple[float, float, bool]]:
    pairs = zip(curve.strengths, curve.losses, strict=True)
    return [(strength, loss, strength == curve.best) for strength, loss in pairs]


def _notes(fitted: Fitted) -> tuple[str, ...]:
    if fitted.curve.folds:
        return ()
    return (
        "There are too few pictures to hold some out: the penalty of the head is the "
        "usual one.",
    )
