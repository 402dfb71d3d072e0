"""RunConfig: every choice of one run, and how recipes, files and `--set` make it."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import Field

from visus.core.errors import ConfigError
from visus.core.settings import Settings, merge_into, read_settings
from visus.data.config import DataConfig
from visus.evaluation.config import AnswersConfig
from visus.models.config import NetworkConfig
from visus.tasks.base import Task
from visus.training.config import TrainingConfig, UnlabelledConfig
from visus.training.head.config import FrozenConfig
from visus.training.recipes import Recipe

# All that frozen features take of the settings of `training`.
USED_WHEN_FROZEN = ("class_weights", "groups")


class RunConfig(Settings):
    """Every choice of one run, as `config.toml` holds it."""

    source: str = Field(description="the pictures: a name, a folder or a CSV file")
    seed: int = Field(default=0, ge=0, description="the same seed gives the same bits")
    recipe: str = Field(
        default="auto", description="named defaults; auto: chosen by the data"
    )
    offline: bool = Field(default=False, description="never open a network connection")
    start_from: str | None = Field(
        default=None, description="a bundle whose weights the network starts with"
    )
    minutes: float | None = Field(
        default=None, gt=0, description="for all of a fine-tuning; what fits is done"
    )
    folds: int | None = Field(
        default=None, ge=2, description="runs, each tested on another part of the data"
    )
    seeds: int | None = Field(
        default=None, ge=2, description="runs that differ in their seed alone"
    )
    data: DataConfig = DataConfig()
    network: NetworkConfig = NetworkConfig()
    training: TrainingConfig = TrainingConfig()
    frozen: FrozenConfig = FrozenConfig()
    answers: AnswersConfig = AnswersConfig()


def resolve_config(
    recipe: Recipe, chosen: Mapping[str, Any], unused: Mapping[str, Any] | None = None
) -> RunConfig:
    """Lay a person's choices over a recipe's; the result is complete.

    A recipe's own network settings are dropped when another network is chosen, and its
    training settings that the task does not use, since they would mean nothing; so are
    the changes it makes to pictures when their strength is chosen, which then says all
    of them.

    Raises:
        ConfigError: a name or value does not fit.
    """
    values: dict[str, Any] = merge_into({}, recipe.values)
    name = chosen.get("network", {}).get("name")
    if name is not None and name != values.get("network", {}).get("name"):
        values["network"] = {}
    if chosen.get("training", {}).get("augment", {}).get("strength") is not None:
        values["training"]["augment"] = {"kind": recipe.kind}
    if "training" in values:
        merge_into(values["training"], unused or {})
    merge_into(values, chosen)
    values["recipe"] = recipe.name
    return read_settings(RunConfig, values)


def check_choices(chosen: Mapping[str, Any]) -> RunConfig:
    """Refuse a misspelt setting at once, before any picture is looked at."""
    return read_settings(RunConfig, chosen)


def refuse_unused(task: Task, chosen: Mapping[str, Any]) -> None:
    """Refuse a setting that a person chose and the task would silently ignore.

    Raises:
        ConfigError: naming it, and the value that switches it off.
    """
    for name, off in task.unused.items():
        value = chosen.get("training", {}).get(name, off)
        # As settings: what stands in the config.toml of a run is more than was chosen.
        given, usual = (
            getattr(read_settings(TrainingConfig, {name: one}), name)
            for one in (value, off)
        )
        if given != usual:
            raise ConfigError(
                received=f"training.{name} is {value!r}, and the targets are "
                f"{task.kind}.",
                expected=f"{off!r}: it has no meaning there.",
                remedy="Leave it out.",
            )


def refuse_idle(recipe: Recipe, chosen: Mapping[str, Any]) -> None:
    """Refuse what a person chose and the recipe would silently ignore.

    Raises:
        ConfigError: naming it, and what makes use of it.
    """
    _refuse_idle_views(recipe, chosen)
    if not recipe.frozen:
        if chosen.get("minutes") is not None:
            raise _idle_minutes(recipe)
        idle = _idle(FrozenConfig(), chosen.get("frozen", {}), ())
        if idle is not None:
            raise ConfigError(
                received=f"frozen.{idle} (--backbone and --weights are of that kind "
                f"too), and the recipe is {recipe.name}.",
                expected=f"a setting that {recipe.name} uses; frozen features have "
                "the recipe 'frozen', which photographs get where no --network, "
                "--from or other --recipe is asked for.",
                remedy="Leave it out, or choose --recipe frozen.",
            )
        return
    if recipe.tuned:
        return
    if chosen.get("minutes") is not None:
        raise _idle_minutes(recipe)
    idle = _idle(TrainingConfig(), chosen.get("training", {}), USED_WHEN_FROZEN)
    if idle is not None:
        raise ConfigError(
            received=f"training.{idle}, and the recipe is {recipe.name}: a pretrained "
            "network describes each picture once, and nothing is trained by epochs.",
            expected="settings of `frozen` or `data`"
            + "".join(f", or training.{name}" for name in USED_WHEN_FROZEN)
            + ".",
            remedy="Leave it out, or train a network of your own from scratch with "
            "--recipe photographs or --network resnet.",
        )


def _refuse_idle_views(recipe: Recipe, chosen: Mapping[str, Any]) -> None:
    views = chosen.get("training", {}).get("unlabelled", {})
    idle = _idle(UnlabelledConfig(), views, ())
    given = chosen.get("data", {}).get("unlabelled") is not None
    if idle is None or (given and not recipe.frozen):
        return
    where = f"the recipe is {recipe.name}" if given else "there are no such pictures"
    raise ConfigError(
        received=f"training.unlabelled.{idle}, and {where}.",
        expected="it where a network learns by epochs from pictures without a label "
        "too; a head on frozen features has frozen.floor and frozen.balance.",
        remedy="Give such pictures with --unlabelled and train from scratch, or leave "
        "it out.",
    )


def _idle_minutes(recipe: Recipe) -> ConfigError:
    return ConfigError(
        received=f"--minutes, and the recipe is {recipe.name}.",
        expected="--minutes where photographs are learned by fine-tuning, which does "
        "what fits.",
        remedy="Leave it out; --dry-run tells how long this takes, and fewer "
        "training.epochs take less.",
    )


def _idle(
    defaults: Settings, chosen: Mapping[str, Any], used: tuple[str, ...]
) -> str | None:
    """The first chosen setting that differs from its default and is not used."""
    usual = defaults.model_dump(mode="json")
    for name, value in chosen.items():
        if name not in used and not _as_usual(value, usual.get(name)):
            return name
    return None


def _as_usual(value: Any, usual: Any) -> bool:
    if isinstance(value, Mapping) and isinstance(usual, Mapping):
        return all(_as_usual(part, usual.get(name)) for name, part in value.items())
    return bool(value == usual)


def frozen_choices(
    backbone: str | None,
    weights: str | Path | None,
    *,
    curve: bool = False,
) -> dict[str, Any] | None:
    """The settings of `frozen` that --backbone and the like stand for."""
    named = {
        "backbone": backbone,
        "weights": None if weights is None else str(weights),
        "curve": True if curve else None,
    }
    return {name: value for name, value in named.items() if value is not None} or None


def data_choices(
    shares: str | None,
    group: str | None,
    target: str | None = None,
    task: str | None = None,
    *,
    unlabelled: str | None = None,
    allow_leak: bool = False,
) -> dict[str, Any]:
    """The settings of `data` that options such as `--split` and `--target` stand for.

    Args:
        shares: of all pictures, as training/validation/test.
        group: a column.
        target: a column.
        task: what a target is.
        unlabelled: a source of pictures without a label.
        allow_leak: whether a test that leaks may be used.

    Raises:
        ConfigError: these are no three shares.

    Example:
        >>> data_choices("0.6/0.2/0.2", "patient")
        {'group': 'patient', 'test_share': 0.2, 'validation_share': 0.25}
    """
    named = {
        "group": group,
        "target": target,
        "task": task,
        "unlabelled": unlabelled,
    }
    choices: dict[str, Any] = {
        name: value for name, value in named.items() if value is not None
    }
    if shares is not None:
        train, validation, test = _three_shares(shares)
        choices["test_share"] = test
        # The test is carved first; validation is a share of what it leaves.
        choices["validation_share"] = round(validation / (train + validation), 6)
    return choices | ({"allow_leak": True} if allow_leak else {})


def _three_shares(text: str) -> tuple[float, float, float]:
    try:
        train, validation, test = map(float, text.split("/"))
    except ValueError:
        raise _no_shares(text) from None
    whole = math.isclose(train + validation + test, 1, abs_tol=1e-6)
    # A comparison with what is no number is false, and so is refused.
    if not (whole and train > 0 and validation >= 0 and test > 0):
        raise _no_shares(text)
    return train, validation, test


def _no_shares(text: str) -> ConfigError:
    return ConfigError(
        received=f"--split {text}.",
        expected="three shares of all pictures that add up to 1: "
        "training/validation/test, of which only validation may be 0.",
        remedy="Write, for example, --split 0.7/0.15/0.15.",
    )
