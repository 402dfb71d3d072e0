"""visus train --find-lr: which learning rate, told by a short search, and drawn."""

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from visus.core.errors import ConfigError
from visus.core.files import write_bytes
from visus.core.progress import Progress
from visus.core.report import Chart, Series
from visus.data.encode import encode_png
from visus.pipeline.features import prepare_described, ready_backbone
from visus.pipeline.fine_tune import tuning_steps, with_pixels
from visus.pipeline.frozen import teach_head
from visus.pipeline.learn import make_lesson, prepare_steps
from visus.pipeline.plan import Plan, make_plan
from visus.pipeline.plot_place import require_free_plot
from visus.pipeline.prepare import PreparedData, prepare_data
from visus.pipeline.train import Request
from visus.reporting.plot import plot_chart
from visus.training.epochs import EpochPlan
from visus.training.rate_search import RateCurve, search_rate
from visus.training.recipes import find_recipe

if TYPE_CHECKING:
    from visus.training.steps import Steps


def find_rate(
    request: Request,
    progress: Progress,
    *,
    plot: Path | None = None,
    force: bool = False,
) -> dict[str, Any]:
    """Search with the run's own network, pictures and batches; nothing is trained.

    Args:
        request: as for training.
        progress: who is told.
        plot: where a PNG of the curve goes; `None`: nowhere.
        force: replace the plot that is there.

    Raises:
        ConfigError: the plot exists already, or is to be no PNG.
        VisusError: as training.
    """
    if plot is not None:
        require_free_plot(plot, force=force)
    plan = make_plan(
        request.source, request.choices, progress, model=request.model, by_epochs=True
    )
    data, steps = _begin(plan, progress)
    lesson = make_lesson(plan, data)
    training = plan.config.training
    size = min(training.batch_size, len(lesson.train))
    epoch = EpochPlan(
        lesson.train,
        training,
        plan.config.seed,
        0,
        size,
        lesson.class_weights,
        lesson.repeats,
    )
    curve = search_rate(steps, epoch, progress)
    if plot is not None:
        write_bytes(plot, encode_png(plot_chart(_chart(plan.network.name, curve))))
    return {
        "data": plan.dataset.name,
        "network": plan.network.name,
        "recipe": plan.config.recipe,
        "optimizer": training.optimizer,
        "batch_size": size,
        "recipe_rate": training.learning_rate,
        "suggested_rate": curve.suggestion,
        "steps": len(curve.rates),
        "plot": None if plot is None else str(plot),
        "rates": [float(rate) for rate in curve.rates],
        "losses": [float(loss) for loss in curve.losses],
    }


def _begin(plan: Plan, progress: Progress) -> tuple[PreparedData, "Steps"]:
    """Pictures, and the network as its training would begin."""
    if plan.backbone is None:
        data = prepare_data(plan, progress)
        return data, prepare_steps(plan, data.task.head)[1]
    if not find_recipe(plan.config.recipe).tuned:
        raise ConfigError(
            received=f"--find-lr, and the recipe is {plan.config.recipe}.",
            expected="a training by epochs; frozen features have no learning rate.",
            remedy="Add --fine-tune, or choose --recipe photographs.",
        )
    backbone = ready_backbone(plan, progress)
    data = prepare_described(plan, backbone, progress)
    weights = teach_head(plan, data, backbone, progress).fitted.weights
    steps = tuning_steps(plan, data.task.head, backbone, weights)[1]
    return with_pixels(plan, data, progress), steps


def _chart(network: str, curve: RateCurve) -> Chart:
    powers = np.log10(curve.rates)
    lines = [
        Series(label="loss of one batch", points=_points(powers, curve.losses)),
        Series(label="mean of 21", points=_points(*_known(powers, curve.smooth))),
    ]
    if curve.suggestion is not None:
        power = math.log10(curve.suggestion)
        ends = (float(curve.losses.min()), float(curve.losses[0]))
        label = f"falls fastest at {curve.suggestion:.2g}"
        lines.append(Series(label=label, points=tuple((power, y) for y in ends)))
    return Chart(
        title=f"Learning-rate search, {network}",
        x_label="learning rate, as a power of ten",
        y_label="loss",
        series=tuple(lines),
    )


def _known(x: Any, y: Any) -> tuple[Any, Any]:
    return x[np.isfinite(y)], y[np.isfinite(y)]


def _points(x: Any, y: Any) -> tuple[tuple[float, float], ...]:
    return tuple(zip(x.tolist(), y.tolist(), strict=True))
