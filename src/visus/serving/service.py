"""Service: what every protocol shares, and what a listener for one must do."""

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass

from visus.serving.engine import Engine
from visus.serving.explaining import Explaining
from visus.serving.keeper import Keeper
from visus.serving.keys import ApiKeys
from visus.serving.log import Log
from visus.serving.metrics import Metrics
from visus.serving.repository import Repository


@dataclass(frozen=True)
class Service:
    """A server without its doors.

    Args:
        engine: answers.
        keeper: loads and drops models.
        metrics: is told of each request by its protocol.
        log: the same.
        keys: who may ask.
        admin: whether clients may load and unload models.
        explaining: says why a model answers so; `None`: nobody may ask.
    """

    engine: Engine
    keeper: Keeper
    metrics: Metrics
    log: Log
    keys: ApiKeys
    admin: bool = False
    explaining: Explaining | None = None

    @property
    def repository(self) -> Repository:
        """The models."""
        return self.engine.repository


class Listener(ABC):
    """A door: one port, one or more protocols."""

    @abstractmethod
    async def start(self) -> None:
        """Listen from now on, before any model is loaded.

        Raises:
            MachineError: the port is taken or may not be used.
        """

    @abstractmethod
    async def stop(self, patience_seconds: float = math.inf) -> None:
        """Take nothing new, end what has begun, and close."""

    @property
    @abstractmethod
    def address(self) -> str:
        """Where it listens, such as http://127.0.0.1:8501."""
