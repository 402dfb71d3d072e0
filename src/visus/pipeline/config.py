"""RunConfig: every choice of one run, and how recipes, files and `--set` make it."""

from collections.abc import Mapping
from typing import Any

from pydantic import Field

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
    data: DataConfig = DataConfig()
    network: NetworkConfig = NetworkConfig()
    training: TrainingConfig = TrainingConfig()


def resolve_config(recipe: Recipe, chosen: Mapping[str, Any]) -> RunConfig:
    """Lay a person's choices over a recipe's; the result is complete.

    A recipe's own network settings are dropped when another network is chosen, since
    they would mean nothing to it.

    Raises:
        ConfigError: a name or value does not fit.
    """
    values: dict[str, Any] = merge_into({}, recipe.values)
    name = chosen.get("network", {}).get("name")
    if name is not None and name != values.get("network", {}).get("name"):
        values["network"] = {}
    merge_into(values, chosen)
    values["recipe"] = recipe.name
    return read_settings(RunConfig, values)


def check_choices(chosen: Mapping[str, Any]) -> RunConfig:
    """Refuse a misspelt setting at once, before any picture is looked at."""
    return read_settings(RunConfig, chosen)
