"""What a run records of its machine, so that a figure can be read a year later."""

import platform
import sys
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from visus.core.cores import available_cores

RECORDED = (
    "visus",
    "keras",
    "tensorflow-cpu",
    "tensorflow",
    "onnx",
    "onnxruntime",
    "numpy",
    "pillow",
)


def describe_environment() -> dict[str, Any]:
    """Versions, processor and platform; nothing that names the person or the host."""
    return {
        "python": sys.version.split()[0],
        "platform": platform.platform(),
        "processor": _processor(),
        "cores": available_cores(),
        "packages": package_versions(RECORDED),
    }


def package_versions(names: tuple[str, ...]) -> dict[str, str]:
    """The versions of those packages that are installed."""
    found = {}
    for name in names:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def _processor() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            for line in file:
                if line.startswith("model name"):
                    return line.partition(":")[2].strip()
    except OSError:
        return platform.processor()
    return platform.processor()
