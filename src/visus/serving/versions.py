"""Versions of models: which are there, which are wanted, and what became of them."""

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Literal

from pydantic import Field

from visus.core.settings import Settings
from visus.serving.refusals import Code

MOST_VERSION = 2**63 - 1


class State(StrEnum):
    """TensorFlow Serving's states (get_model_status.proto)."""

    START = "START"
    LOADING = "LOADING"
    AVAILABLE = "AVAILABLE"
    UNLOADING = "UNLOADING"
    END = "END"


@dataclass(frozen=True)
class VersionStatus:
    """What became of one version.

    Args:
        version: its number.
        state: where it stands.
        code: why, where it did not go well.
        message: the same in words; empty where all is well.
    """

    version: int
    state: State
    code: Code = Code.OK
    message: str = ""


@dataclass(frozen=True)
class Wanted:
    """Which model a request asks for.

    Args:
        name: of the model.
        version: one of its numbers; `None`: the latest.
        label: instead of a number.
    """

    name: str
    version: int | None = None
    label: str | None = None


@dataclass(frozen=True)
class Found:
    """A bundle that lies ready.

    Args:
        path: of the file.
        stamp: changes when its content may have changed.
    """

    path: Path
    stamp: tuple[int, ...]


class Policy(Settings):
    """Which versions of a model are served; `serving.toml` in the model's folder."""

    versions: Literal["latest", "all"] | tuple[int, ...] = Field(
        "latest", description="latest, all, or a list of numbers"
    )
    latest: int = Field(1, ge=1, description="how many of the latest")
    labels: dict[str, int] = Field(
        default_factory=dict, description="names of versions, such as stable = 3"
    )

    def most(self) -> int | None:
        """How many versions at once; `None`: all that are wanted."""
        return self.latest if self.versions == "latest" else None

    def wants(self, version: int) -> bool:
        """Whether it may be served at all."""
        return isinstance(self.versions, str) or version in self.versions


@dataclass(frozen=True)
class ModelFolder:
    """A model as its source has it.

    Args:
        policy: which versions are wanted.
        found: the versions that lie ready.
        problem: why its folder cannot be read as it should; empty: it can.
    """

    policy: Policy = field(default_factory=Policy)
    found: dict[int, Found] = field(default_factory=dict)
    problem: str = ""
