"""visus doctor: what is installed, what the machine has, how to mend the rest."""

import os
import shutil
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from visus.core.cores import available_cores
from visus.data.cache_room import cache_sizes
from visus.data.home import visus_home
from visus.models.backend import SUPPORTED, chosen_backend
from visus.pipeline.environment import describe_environment

REQUIRED = (
    "keras",
    "tensorflow",
    "onnx",
    "onnxruntime",
    "numpy",
    "PIL",
    "pydantic",
    "sklearn",
)
OPTIONAL = {
    "defusedxml": "pip install 'visus[boxes]'",
    "pydicom": "pip install 'visus[dicom]'",
    "mlxtend": "pip install 'visus[digits]'",
    "simplejpeg": "pip install 'visus[fast]'",
    "pillow_heif": "pip install 'visus[heic]'",
    "pyarrow": "pip install 'visus[parquet]'",
    "google_crc32c": "pip install 'visus[tfrecord]'",
    "ai_edge_litert": "pip install 'visus[litert]'",
    "openvino": "pip install 'visus[openvino]'",
    "pandas": "pip install pandas",
}
# A run of photographs needs room for its cache, checkpoints and bundle.
LEAST_FREE_BYTES = 2 * 2**30


def examine() -> dict[str, Any]:
    """Look at the machine without importing anything heavy."""
    environment = describe_environment()
    problems = [*_package_problems(), *_backend_problems(), *_home_problems()]
    return {
        "healthy": not problems,
        "visus": _version("visus"),
        "python": environment["python"],
        "platform": environment["platform"],
        "processor": environment["processor"],
        "cores": available_cores(),
        "memory_bytes": _memory_bytes(),
        "accelerators": _accelerators(),
        "backend": chosen_backend(),
        "packages": environment["packages"],
        "optional": {name: bool(find_spec(name)) for name in OPTIONAL},
        "npm": shutil.which("npm") is not None,
        "home": str(visus_home()),
        "cache_bytes": cache_sizes(),
        "problems": problems,
        "hints": [
            f"{name} is not installed; if you want it: {remedy}"
            for name, remedy in OPTIONAL.items()
            if not find_spec(name)
        ],
    }


def _package_problems() -> list[str]:
    return [
        f"The package {name} is missing. Mend: pip install --force-reinstall visus"
        for name in REQUIRED
        if not find_spec(name)
    ]


def _backend_problems() -> list[str]:
    backend = chosen_backend()
    if backend in SUPPORTED:
        return []
    return [
        f"KERAS_BACKEND is {backend}, which cannot train here. Mend: unset it, or set "
        f"it to {' or '.join(SUPPORTED)}."
    ]


def _home_problems() -> list[str]:
    home = visus_home()
    existing = next(path for path in (home, *home.absolute().parents) if path.exists())
    if not os.access(existing, os.W_OK):
        return [f"{home} cannot be written. Mend: set VISUS_HOME to a folder of yours."]
    free = shutil.disk_usage(existing).free
    if free < LEAST_FREE_BYTES:
        return [
            f"Only {free / 2**30:.1f} GiB are free at {home}. Mend: make room, clear "
            "with `visus cache --clear pixels`, or set VISUS_HOME."
        ]
    return []


def _accelerators() -> list[str]:
    # Looked for as devices: asking TensorFlow would take seconds.
    cards = sorted(Path("/dev").glob("nvidia[0-9]*"))
    return [f"{card} (not used: Visus trains on the processor today)" for card in cards]


def _memory_bytes() -> int:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (ValueError, OSError, AttributeError):
        return 0


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"
