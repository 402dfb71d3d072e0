"""Visus: a folder of pictures in; a trained, evaluated, saved model out.

Example:
    >>> import visus                                     # doctest: +SKIP
    >>> run = visus.train("photos/")                     # doctest: +SKIP
    >>> run.bundle.predict(["a.jpg"]).answers            # doctest: +SKIP
    ('cat',)
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from visus.bundles.bundle import Bundle, load_bundle
    from visus.bundles.predictions import Predictions
    from visus.core.errors import (
        ConfigError,
        DataError,
        MachineError,
        ModelError,
        VisusError,
    )
    from visus.core.report import Report
    from visus.data.ledger import Ledger
    from visus.data.records import ImageDataset, ImageRecord
    from visus.pipeline.api import (
        audit,
        compare,
        describe_data,
        evaluate,
        explain,
        export,
        open_run,
        quantize,
        resume,
        train,
    )
    from visus.pipeline.api_certificates import certify, verify
    from visus.pipeline.trained import TrainedRun

# Imported on first use, so that `import visus` costs nothing.
_HOMES = {
    "Bundle": "visus.bundles.bundle",
    "ConfigError": "visus.core.errors",
    "DataError": "visus.core.errors",
    "ImageDataset": "visus.data.records",
    "ImageRecord": "visus.data.records",
    "Ledger": "visus.data.ledger",
    "MachineError": "visus.core.errors",
    "ModelError": "visus.core.errors",
    "Predictions": "visus.bundles.predictions",
    "Report": "visus.core.report",
    "TrainedRun": "visus.pipeline.trained",
    "VisusError": "visus.core.errors",
    "audit": "visus.pipeline.api",
    "certify": "visus.pipeline.api_certificates",
    "compare": "visus.pipeline.api",
    "describe_data": "visus.pipeline.api",
    "evaluate": "visus.pipeline.api",
    "explain": "visus.pipeline.api",
    "export": "visus.pipeline.api",
    "load_bundle": "visus.bundles.bundle",
    "open_run": "visus.pipeline.api",
    "quantize": "visus.pipeline.api",
    "resume": "visus.pipeline.api",
    "train": "visus.pipeline.api",
    "verify": "visus.pipeline.api_certificates",
}

__all__ = [
    "Bundle",
    "ConfigError",
    "DataError",
    "ImageDataset",
    "ImageRecord",
    "Ledger",
    "MachineError",
    "ModelError",
    "Predictions",
    "Report",
    "TrainedRun",
    "VisusError",
    "audit",
    "certify",
    "compare",
    "describe_data",
    "evaluate",
    "explain",
    "export",
    "load_bundle",
    "open_run",
    "quantize",
    "resume",
    "train",
    "verify",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'visus' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return __all__
