"""RunConfig: every choice of one run; its defaults are the recommended ones."""

from pydantic import Field

from visus.core.settings import Settings
from visus.data.config import DataConfig
from visus.models.config import NetworkConfig
from visus.training.config import TrainingConfig


class RunConfig(Settings):
    """Every choice of one run, as `config.toml` holds it."""

    source: str = Field(description="the pictures: a name, a folder or a CSV file")
    seed: int = Field(0, ge=0, description="the same seed gives the same bits")
    recipe: str = Field("auto", description="named defaults; auto: chosen by the data")
    offline: bool = Field(False, description="never open a network connection")
    data: DataConfig = DataConfig()
    network: NetworkConfig = NetworkConfig()
    training: TrainingConfig = TrainingConfig()
