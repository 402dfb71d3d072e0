"""visus train --find-lr: which learning rate, told by a short search, and drawn."""

import math
from pathlib import Path
from typing import Any

import numpy as np

from visus.core.errors import ConfigError
from visus.core.files import write_bytes
from visus.core.progress import Progress
from visus.core.report import Chart, Series
from visus.data.encode import encode_png
from visus.pipeline.learn import make_lesson, prepare_steps
from visus.pipeline.plan import make_plan
from visus.pipeline.prepare import prepare_data
from visus.pipeline.train import Request
from visus.reporting.plot import plot_chart
from visus.training.epochs import EpochPlan
from visus.training.rate_search import RateCurve, search_rate


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
        _require_place(plot, force)
    plan = make_plan(
        request.source, request.choices, progress, model=request.model, by_epochs=True
    )
    data = prepare_data(plan, progress)
    model, steps = prepare_steps(plan, data.task.head)
    lesson = make_lesson(plan, data)
    training = plan.config.training
    size = min(training.batch_size, len(lesson.train))
    epoch = EpochPlan(
        lesson.train, training, plan.config.seed, 0, size, lesson.class_weights
    )
    curve = search_rate(steps, epoch, progress)
    if plot is not None:
        write_bytes(plot, encode_png(plot_chart(_chart(plan.network.name, curve))))
    return {
        "data": plan.dataset.name,
        "network": plan.network.name,
        "optimizer": training.optimizer,
        "batch_size": size,
        "recipe_rate": training.learning_rate,
        "suggested_rate": curve.suggestion,
        "steps": len(curve.rates),
        "plot": None if plot is None else str(plot),
        "rates": [float(rate) for rate in curve.rates],
        "losses": [float(loss) for loss in curve.losses],
    }


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


def _require_place(plot: Path, force: bool) -> None:
    if plot.suffix.lower() != ".png":
        raise ConfigError(
            received=f"--plot {plot}.",
            expected="a file name that ends with .png.",
            remedy=f"Try: --plot {plot.with_suffix('.png')}",
        )
    if plot.exists() and not force:
        raise ConfigError(
            received=f"{plot} exists already.",
            expected="a place that is free.",
            remedy="Choose another --plot, or replace it with --force.",
        )
