"""RunConfig: every choice of one run, and how recipes, files and `--set` make it."""

import math
from collections.abc import Mapping
from typing import Any

from pydantic import Field

from visus.core.errors import ConfigError
from visus.core.settings import Settings, merge_into, read_settings
from visus.data.config import DataConfig
from visus.models.config import NetworkConfig
from visus.training.config import TrainingConfig
from visus.training.recipes import Recipe


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
    folds: int | None = Field(
        default=None, ge=2, description="runs, each tested on another part of the data"
    )
    data: DataConfig = DataConfig()
    network: NetworkConfig = NetworkConfig()
    training: TrainingConfig = TrainingConfig()


def resolve_config(recipe: Recipe, chosen: Mapping[str, Any]) -> RunConfig:
    """Lay a person's choices over a recipe's; the result is complete.

    A recipe's own network settings are dropped when another network is chosen, since
    they would mean nothing to it; so are the changes it makes to pictures when their
    strength is chosen, which then says all of them.

    Raises:
        ConfigError: a name or value does not fit.
    """
    values: dict[str, Any] = merge_into({}, recipe.values)
    name = chosen.get("network", {}).get("name")
    if name is not None and name != values.get("network", {}).get("name"):
        values["network"] = {}
    if chosen.get("training", {}).get("augment", {}).get("strength") is not None:
        values["training"]["augment"] = {"kind": recipe.kind}
    merge_into(values, chosen)
    values["recipe"] = recipe.name
    return read_settings(RunConfig, values)


def check_choices(chosen: Mapping[str, Any]) -> RunConfig:
    """Refuse a misspelt setting at once, before any picture is looked at."""
    return read_settings(RunConfig, chosen)


def split_choices(
    shares: str | None, group: str | None, *, allow_leak: bool = False
) -> dict[str, Any]:
    """The settings of `data` that `--split`, `--group` and `--allow-leak` stand for.

    Args:
        shares: of all pictures, as training/validation/test.
        group: a column.
        allow_leak: whether a test that leaks may be used.

    Raises:
        ConfigError: these are no three shares.

    Example:
        >>> split_choices("0.6/0.2/0.2", "patient")
        {'test_share': 0.2, 'validation_share': 0.25, 'group': 'patient'}
    """
    choices: dict[str, Any] = {}
    if shares is not None:
        train, validation, test = _three_shares(shares)
        choices["test_share"] = test
        # The test is carved first; validation is a share of what it leaves.
        choices["validation_share"] = round(validation / (train + validation), 6)
    if group is not None:
        choices["group"] = group
    if allow_leak:
        choices["allow_leak"] = True
    return choices


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
