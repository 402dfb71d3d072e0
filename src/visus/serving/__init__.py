"""Predictions over the network, from bundles; no training code, and never Keras.

`Engine` answers; `Repository` knows which models there are; protocols stand around
them.
"""

from visus.serving.config import EngineConfig
from visus.serving.engine import Engine, Reply
from visus.serving.refusals import HTTP_STATUS, Code, Refusal
from visus.serving.repository import Repository
from visus.serving.served import Served
from visus.serving.service import Listener, Service
from visus.serving.versions import State, VersionStatus, Wanted

__all__ = [
    "HTTP_STATUS",
    "Code",
    "Engine",
    "EngineConfig",
    "Listener",
    "Refusal",
    "Reply",
    "Repository",
    "Served",
    "Service",
    "State",
    "VersionStatus",
    "Wanted",
]
