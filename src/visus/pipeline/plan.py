"""What would be done: every choice made, before anything long begins."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from visus.auditing import CHECKS
from visus.bundles import Bundle, load_bundle
from visus.core.errors import ModelError
from visus.core.progress import Progress
from visus.core.settings import merge_into
from visus.data.checks import with_targets
from visus.data.columns import group_by, target_by
from visus.data.config import DataConfig
from visus.data.ledger import Ledger
from visus.data.preprocess import PreprocessSpec
from visus.data.records import ImageDataset
from visus.data.sources import SOURCES, read_source
from visus.data.sources.base import Access
from visus.data.survey import Survey, survey_pictures
from visus.models import NETWORKS
from visus.models.config import NetworkConfig
from visus.models.resolve import Network, find_network
from visus.pipeline.config import (
    RunConfig,
    check_choices,
    refuse_unused,
    resolve_config,
)
from visus.pipeline.difficulty import mean_pictures_suffice
from visus.pipeline.shares import with_shares
from visus.tasks.base import Task
from visus.tasks.choose import task_of
from visus.training.recipes import Recipe, choose_recipe, find_recipe

# What a network that goes on learning needs to see as it did before.
AS_THE_BUNDLE = ("image_size", "color", "fit", "interpolation")


@dataclass(frozen=True)
class Plan:
    """Every choice of one run.

    Args:
        config: complete; what was left open has been chosen.
        dataset: the records, before any pixel is read.
        ledger: what became of every file so far.
        spec: how pictures will be prepared.
        network: what will be trained.
        task: what is to be learned.
    """

    config: RunConfig
    dataset: ImageDataset
    ledger: Ledger
    spec: PreprocessSpec
    network: Network
    task: Task

    @property
    def published(self) -> bool:
        """Whether the pictures and their split are a registered data set's."""
        return self.config.source in SOURCES


def make_plan(
    source: Any,
    choices: Mapping[str, Any],
    progress: Progress,
    *,
    model: Any = None,
) -> Plan:
    """Read the source, look at the pictures, and choose what was left open.

    Args:
        source: as `read_source` takes it.
        choices: nested settings that win over the recipe's.
        progress: who is told.
        model: the user's own Keras model, in place of a name.

    Raises:
        ConfigError: a setting or name is unknown.
        DataError: nothing can be learned from the source.
    """
    chosen = {"source": _named(source), **choices}
    asked = check_choices(chosen)
    # Names and settings first: a misspelt one should not wait for 100,000 files.
    for name in asked.data.allow:
        CHECKS.part(name)
    if asked.recipe != "auto":
        find_recipe(asked.recipe)
    if asked.network.name is not None:
        find_network(asked.network, model)
    if asked.start_from is not None and model is None:
        chosen = _as_in(load_bundle(asked.start_from), chosen)
    dataset, ledger = _read(source, asked, progress)
    task = task_of(dataset, asked.data.target)
    task.require(dataset)
    refuse_unused(task, chosen)
    survey = survey_pictures(dataset, progress)
    return _complete(dataset, ledger, survey, asked, chosen, model, task)


def _read(
    source: Any, asked: RunConfig, progress: Progress
) -> tuple[ImageDataset, Ledger]:
    dataset, ledger = read_source(source, Access(asked.offline, progress))
    if asked.data.group is not None:
        dataset = group_by(dataset, asked.data.group)
    dataset = target_by(dataset, asked.data.target, asked.data.task)
    return with_targets(dataset, ledger)


def _as_in(bundle: Bundle, choices: Mapping[str, Any]) -> dict[str, Any]:
    """The choices, with the network and pictures of a bundle where they say nothing."""
    before = bundle.origin["config"]
    old, new = before["network"]["name"], choices.get("network", {}).get("name")
    values: dict[str, Any] = {
        "data": {name: before["data"][name] for name in AS_THE_BUNDLE}
    }
    # A name that only its author has (a file, a model) must be given again.
    if new in (None, old) and old in NETWORKS:
        values["network"] = dict(before["network"])
    return merge_into(values, choices)


def _complete(
    dataset: ImageDataset,
    ledger: Ledger,
    survey: Survey,
    asked: RunConfig,
    choices: Mapping[str, Any],
    model: Any,
    task: Task,
) -> Plan:
    auto = asked.recipe == "auto"
    recipe = (
        choose_recipe(survey, lambda: mean_pictures_suffice(dataset, task))
        if auto
        else find_recipe(asked.recipe)
    )
    config = resolve_config(recipe, choices, task.unused)
    shared = with_shares(config.data, dataset, choices.get("data", {}))
    config = config.model_copy(update={"data": shared})
    config = _with_epochs(config, recipe, dataset, choices)
    network = find_network(config.network, model)
    spec = choose_spec(config.data, survey, network)
    data = config.data.model_copy(
        update={
            "image_size": spec.image_size,
            "color": "gray" if spec.channels == 1 else "rgb",
            "task": task.kind,
        }
    )
    named = config.network
    if named.name is None or model is not None:
        named = NetworkConfig(name=network.name)
    config = config.model_copy(update={"data": data, "network": named})
    return Plan(config, dataset, ledger, spec, network, task)


def training_pictures(dataset: ImageDataset, config: DataConfig) -> int:
    """About how many pictures will be learned from, before the splits are made.

    Args:
        dataset: as its source gives it.
        config: with the shares that will be used.
    """
    left: float = sum(record.split in (None, "train") for record in dataset.records)
    if config.fold is not None:
        left *= 1 - 1 / config.fold[1]
    # A share is unset where nothing will be carved.
    for share in (config.test_share, config.validation_share):
        left *= 1 - (share or 0)
    return max(1, round(left))


def _with_epochs(
    config: RunConfig,
    recipe: Recipe,
    dataset: ImageDataset,
    choices: Mapping[str, Any],
) -> RunConfig:
    if "epochs" in choices.get("training", {}):
        return config
    pictures = training_pictures(dataset, config.data)
    epochs = recipe.epochs_for(pictures, config.training)
    training = config.training.model_copy(update={"epochs": epochs})
    return config.model_copy(update={"training": training})


def choose_spec(config: DataConfig, survey: Survey, network: Network) -> PreprocessSpec:
    """How pictures will be prepared: as asked, else as they are, else as preferred.

    Args:
        config: the settings; what they leave open is chosen here.
        survey: sizes and colors of the pictures.
        network: its scaling, and the size it prefers or insists on.

    Raises:
        ModelError: the network insists on another size than the one asked for.
    """
    gray = survey.all_gray if config.color == "auto" else config.color == "gray"
    size = config.image_size or survey.common_size() or network.image_size
    channels = 1 if gray else 3
    if network.fixed_shape is not None:
        *fixed, channels = network.fixed_shape
        if config.image_size and list(config.image_size) != fixed:
            raise ModelError(
                received=f"Pictures of {config.image_size} for {network.name!r}.",
                expected=f"the size its input has: {network.fixed_shape[:2]}.",
                remedy="Leave data.image_size out, or build the model for that size.",
            )
        size = network.fixed_shape[:2]
    return PreprocessSpec(
        image_size=size,
        channels=1 if channels == 1 else 3,
        fit=config.fit,
        interpolation=config.interpolation,
        scaling=network.scaling,
    )


def _named(source: Any) -> str:
    if hasattr(source, "__fspath__") or isinstance(source, str):
        return str(source)
    return getattr(source, "name", None) or "memory"
