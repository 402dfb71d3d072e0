"""Our side: a recipe of Visus on pictures that are in memory already.

`--measure training`: data prepared, the network built, the steps compiled and warm,
everything back at its start, pre-flight checks off; the clock is around `fit`.
`--measure call`: from records in memory (plan, survey, hashes, splits, network,
compiling, pre-flight) to the trained network. Both validate as the recipe says.
"""

import argparse
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.measure import stopwatch, tell_measurement
from visus.core.progress import SilentProgress
from visus.data.preprocess import PreprocessSpec, scaled_images
from visus.data.records import ImageDataset, ImageRecord
from visus.models import NETWORKS
from visus.models.backend import select_backend
from visus.pipeline.learn import learn, make_lesson, prepare_steps
from visus.pipeline.plan import Plan, make_plan
from visus.pipeline.prepare import PreparedData, prepare_data
from visus.training.fit import Lesson, fit
from visus.training.recipes import RECIPES

WARM_UP_BATCHES = 3


def main() -> None:
    """Measure once."""
    asked = _arguments()
    import_everything(asked.recipe)
    dataset = read_dataset(asked.data, asked.pictures)
    choices = _choices(asked)
    measure = measure_training if asked.measure == "training" else measure_call
    tell_measurement(measure(dataset, choices))


def import_everything(recipe: str) -> None:
    """All imports before the clock starts, as on the other side."""
    select_backend()
    import keras  # noqa: F401

    import visus.training.steps_tensorflow  # noqa: F401

    recipes = RECIPES if recipe == "auto" else {recipe: RECIPES[recipe]}
    for found in recipes.values():
        # A recipe of frozen features names a backbone instead.
        if "network" in found.values:
            NETWORKS.load(found.values["network"]["name"])


def measure_training(dataset: ImageDataset, choices: dict[str, Any]) -> dict[str, Any]:
    """The cost of `fit` alone."""
    choices["training"]["preflight"] = False
    plan = make_plan(dataset, choices, SilentProgress())
    data = prepare_data(plan, SilentProgress())
    model, steps = prepare_steps(plan, data.task.head)
    lesson = make_lesson(plan, data)
    warm_up(steps, lesson)
    with stopwatch() as cost:
        history = fit(steps, lesson, run=None, progress=SilentProgress())
    return {
        **cost,
        "history_seconds": history.training_seconds,
        "accuracy": test_accuracy(model, data),
        **_facts(plan, data),
    }


def measure_call(dataset: ImageDataset, choices: dict[str, Any]) -> dict[str, Any]:
    """The cost of everything from records in memory to the trained network."""
    with stopwatch() as cost:
        plan = make_plan(dataset, choices, SilentProgress())
        data = prepare_data(plan, SilentProgress())
        learned = learn(plan, data, None, SilentProgress())
    return {
        **cost,
        "history_seconds": learned.history.training_seconds,
        "preparing_seconds": learned.history.preparing_seconds,
        "accuracy": test_accuracy(learned.model, data),
        **_facts(plan, data),
    }


def warm_up(steps: Any, lesson: Lesson) -> None:
    """Compile and run every step once, then put back everything that changed."""
    before = steps.state()
    size = lesson.config.batch_size
    few = replace(
        lesson,
        train=lesson.train.take(range(min(WARM_UP_BATCHES * size, len(lesson.train)))),
        validation=lesson.validation and lesson.validation.take(range(1)),
        config=lesson.config.model_copy(update={"epochs": 1}),
    )
    fit(steps, few, run=None, progress=SilentProgress())
    steps.restore(before)


def test_accuracy(model: Any, data: PreparedData) -> float:
    """Share of the test pictures that are answered right; seen once, at the end."""
    test = data.split("test")
    images = _scaled(test.pixels, data.spec)
    scores = model.predict(images, batch_size=500, verbose=0)
    return float(np.mean(scores.argmax(axis=1) == test.targets))


def read_dataset(path: Path, most: int) -> ImageDataset:
    """The records as the built-in source gives them, already in memory."""
    with np.load(path) as arrays:
        pixels, labels = arrays["pixels"], arrays["labels"].tolist()
        training = int(arrays["training"])
        names = tuple(arrays["class_names"].tolist())
    used = min(most, training) if most else training
    rows = [*range(used), *range(training, len(pixels))]
    records = tuple(
        ImageRecord(
            f"{path.stem}/{row:05d}",
            names[labels[row]],
            pixels=pixels[row],
            split="train" if row < training else "test",
        )
        for row in rows
    )
    return ImageDataset(path.stem, records, names)


def _scaled(pixels: Any, spec: PreprocessSpec) -> Any:
    return scaled_images(pixels, spec.scaling)


def _choices(asked: argparse.Namespace) -> dict[str, Any]:
    training = {"epochs": asked.epochs} if asked.epochs else {}
    return {"seed": asked.seed, "recipe": asked.recipe, "training": training}


def _facts(plan: Plan, data: PreparedData) -> dict[str, Any]:
    counts = data.dataset.counts()
    return {
        "recipe": plan.config.recipe,
        "network": plan.network.name,
        "epochs": plan.config.training.epochs,
        "pictures": {split: sum(number.values()) for split, number in counts.items()},
    }


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--recipe", required=True)
    parser.add_argument("--measure", choices=["training", "call"], required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--epochs", type=int, default=0)
    parser.add_argument("--pictures", type=int, default=0)
    return parser.parse_args()


if __name__ == "__main__":
    main()
