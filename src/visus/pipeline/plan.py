"""What would be done: every choice made, before anything long begins."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from visus.auditing import CHECKS
from visus.bundles import Bundle, load_bundle
from visus.core.errors import ConfigError, ModelError
from visus.core.progress import Progress
from visus.core.settings import merge_into
from visus.data.checks import with_targets
from visus.data.columns import group_by, target_by
from visus.data.config import DataConfig
from visus.data.ledger import Ledger
from visus.data.preprocess import PreprocessSpec
from visus.data.records import ImageDataset
from visus.data.sources import SOURCES, read_pictures, read_source
from visus.data.sources.base import Access
from visus.data.survey import Survey, survey_pictures
from visus.models import NETWORKS
from visus.models.config import NetworkConfig
from visus.models.pretrained.card import Card
from visus.models.resolve import Network, find_network
from visus.pipeline.backbone import (
    ORIGIN,
    card_of,
    frozen_network,
    grown_network,
    has_backbone,
)
from visus.pipeline.config import (
    RunConfig,
    check_choices,
    refuse_idle,
    refuse_unused,
    resolve_config,
)
from visus.pipeline.difficulty import mean_pictures_suffice
from visus.pipeline.shares import with_shares
from visus.pipeline.traits import groups_of
from visus.tasks.base import Task
from visus.tasks.choose import task_of
from visus.training.head.config import FrozenConfig
from visus.training.recipes import (
    FINE_TUNE,
    FROZEN,
    GENTLE,
    Recipe,
    choose_recipe,
    find_recipe,
)

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
        backbone: that describes the pictures, where only a head learns.
        lineage: what the origin says of the backbone in the network, where it goes on
            learning as a whole.
        unlabelled: pictures without a label that it learns from by epochs too, and
            what became of every file there.
    """

    config: RunConfig
    dataset: ImageDataset
    ledger: Ledger
    spec: PreprocessSpec
    network: Network
    task: Task
    backbone: Card | None = None
    lineage: Mapping[str, Any] | None = None
    unlabelled: tuple[ImageDataset, Ledger] | None = None

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
    by_epochs: bool = False,
) -> Plan:
    """Read the source, look at the pictures, and choose what was left open.

    Args:
        source: as `read_source` takes it.
        choices: nested settings that win over the recipe's.
        progress: who is told.
        model: the user's own Keras model, in place of a name.
        by_epochs: a network is to be trained, whatever the pictures are, if no recipe
            is asked for.

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
    start = None
    if asked.start_from is not None and model is None:
        start = load_bundle(asked.start_from)
        chosen = _as_in(start, chosen)
    if asked.network.name is not None:
        _find_network(asked, model, start)
    if asked.frozen != FrozenConfig():
        card_of(asked.frozen.backbone)
    dataset, ledger = _read(source, asked, progress)
    task = task_of(dataset, asked.data.target)
    task.require(dataset)
    refuse_unused(task, chosen)
    if asked.training.groups.column is not None:
        groups_of(dataset, asked.training.groups.column)
    survey = survey_pictures(dataset, progress)
    scratch = by_epochs or model is not None
    recipe = _choose_recipe(dataset, survey, asked, chosen, scratch, task, start)
    refuse_idle(recipe, chosen)
    if recipe.frozen:
        _refuse_network(recipe, asked, model)
        recipe = _with_card(recipe, asked.frozen.backbone, chosen)
    plan = _complete(dataset, ledger, survey, recipe, chosen, model, task, start)
    return plan if recipe.frozen else _by_epochs(plan, recipe, chosen, progress)


def _by_epochs(
    plan: Plan, recipe: Recipe, choices: Mapping[str, Any], progress: Progress
) -> Plan:
    """The plan with as many epochs as its pictures ask for, those without a label too.

    Raises:
        DataError: there are none where they should be.
    """
    config, unlabelled = plan.config, None
    if config.data.unlabelled is not None:
        access = Access(config.offline, progress)
        unlabelled = read_pictures(config.data.unlabelled, access)
        views = config.training.unlabelled
        views = views.model_copy(update={"kind": views.kind or recipe.kind})
        training = config.training.model_copy(update={"unlabelled": views})
        config = config.model_copy(update={"training": training})
    more = len(unlabelled[0]) if unlabelled else 0
    config = _with_epochs(config, recipe, plan.dataset, choices, more)
    return replace(plan, config=config, unlabelled=unlabelled)


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
    if new in (None, old) and (old in NETWORKS or has_backbone(bundle)):
        values["network"] = dict(before["network"])
    return merge_into(values, choices)


def _find_network(asked: RunConfig, model: Any, start: Bundle | None) -> Network:
    name = asked.network.name
    if start is not None and has_backbone(start) and name == _name_in(start):
        return grown_network(start)
    if asked.recipe in (FROZEN, FINE_TUNE) and name == asked.frozen.backbone:
        return frozen_network(card_of(name))
    return find_network(asked.network, model)


def _choose_recipe(
    dataset: ImageDataset,
    survey: Survey,
    asked: RunConfig,
    choices: Mapping[str, Any],
    scratch: bool,
    task: Task,
    start: Bundle | None,
) -> Recipe:
    if asked.recipe != "auto":
        return find_recipe(asked.recipe)
    network = choices.get("network", {})
    if start is not None and has_backbone(start):
        if network.get("name") == _name_in(start):
            return find_recipe(GENTLE)
    scratch = scratch or bool(network)
    if choices.get("frozen") and not scratch:
        return find_recipe(FROZEN if asked.minutes is None else FINE_TUNE)
    recipe = choose_recipe(
        survey,
        lambda: mean_pictures_suffice(dataset, task),
        scratch=scratch or asked.start_from is not None,
    )
    # Whoever gives time wants it used.
    return find_recipe(FINE_TUNE) if recipe.frozen and asked.minutes else recipe


def _name_in(bundle: Bundle) -> Any:
    return bundle.origin["config"]["network"]["name"]


def _refuse_network(recipe: Recipe, asked: RunConfig, model: Any) -> None:
    name = asked.network.name
    if model is None and asked.start_from is None and name is None:
        return
    if name == asked.frozen.backbone:
        return
    what = f"--from {asked.start_from}" if asked.start_from else f"the network {name!r}"
    raise ConfigError(
        received=f"The recipe {recipe.name!r} with "
        f"{what if model is None else 'a model'}.",
        expected="a backbone, which describes the pictures and stays as it is.",
        remedy="Name one with --backbone (see `visus models --pretrained`), or leave "
        "the recipe out to train that network.",
    )


def _with_card(recipe: Recipe, name: str, choices: Mapping[str, Any]) -> Recipe:
    """The recipe with pictures as the backbone was made for."""
    card = card_of(name)
    if choices.get("data", {}).get("color") == "gray":
        raise ConfigError(
            received=f"data.color = gray with the backbone {card.name!r}.",
            expected="rgb: it has learned from color. Gray pictures get three equal "
            "channels.",
            remedy="Leave data.color out.",
        )
    data = {
        "color": "rgb",
        "fit": card.spec.fit,
        "interpolation": card.spec.interpolation,
    }
    values = {**recipe.values, "data": data, "network": {"name": name}}
    return replace(recipe, values=values)


def _complete(
    dataset: ImageDataset,
    ledger: Ledger,
    survey: Survey,
    recipe: Recipe,
    choices: Mapping[str, Any],
    model: Any,
    task: Task,
    start: Bundle | None,
) -> Plan:
    config = resolve_config(recipe, choices, task.unused)
    shared = with_shares(config.data, dataset, choices.get("data", {}))
    config = config.model_copy(update={"data": shared})
    network = _find_network(config, model, start)
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
    return Plan(
        config,
        dataset,
        ledger,
        spec,
        network,
        task,
        backbone=card_of(config.frozen.backbone) if recipe.frozen else None,
        lineage=start.origin.get(ORIGIN) if start is not None else None,
    )


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
    unlabelled: int,
) -> RunConfig:
    if "epochs" in choices.get("training", {}):
        return config
    pictures = training_pictures(dataset, config.data)
    epochs = recipe.epochs_for(pictures, config.training, unlabelled)
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
    preferred = network.preferred
    share = 1.0
    if preferred is not None:
        size, channels = config.image_size or preferred.image_size, preferred.channels
        share = preferred.crop_share if config.fit == "crop" else 1.0
    return PreprocessSpec(
        image_size=size,
        channels=1 if channels == 1 else 3,
        fit=config.fit,
        interpolation=config.interpolation,
        scaling=network.scaling,
        crop_share=share,
    )


def _named(source: Any) -> str:
    if hasattr(source, "__fspath__") or isinstance(source, str):
        return str(source)
    return getattr(source, "name", None) or "memory"
