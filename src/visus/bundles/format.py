"""The bundle's file: one zip that verifies itself and executes nothing.

manifest.json names the format version and the SHA-256 of every other member:
graph.onnx, network.keras (absent for networks that only their author can load),
spec.json, classes.json, task.json (absent for one label a picture), origin.json,
golden.npz, contents.npz; calibration.json and calibration.npz where it is calibrated.
"""

import hashlib
import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from visus.core.errors import ModelError
from visus.core.files import write_bytes

FORMAT = "visus-bundle"
FORMAT_VERSION = 3
# Bundles of one label a picture that are not calibrated are as they always were, and
# older Visus reads them; it would answer otherwise than we with a calibrated one.
SINGLE_LABEL = {"name": "single-label"}
# A bundle larger than this is no bundle of ours; the sizes are checked before reading.
MOST_BYTES = 8 * 2**30
REQUIRED = ("graph.onnx", "spec.json", "classes.json", "origin.json", "golden.npz")

Arrays = Mapping[str, NDArray[Any]]


@dataclass(frozen=True)
class Contents:
    """Everything that a bundle holds.

    Args:
        graph: the ONNX graph, serialised.
        network: the Keras network, serialised; `None` when it has custom classes.
        spec: how pictures are prepared, as plain data.
        class_names: in the order of the scores; for numbers, what they are called.
        origin: network, config, data fingerprint and versions, as plain data.
        golden: `pixels` and the `scores` that they must give.
        content_hashes: uint64 beginnings of the SHA-256 of the pictures, by split.
        task: what the scores mean, as `Task.to_json` gives it.
        calibration: as `Calibration.to_json` gives it; `None` where there is none.
        calibration_arrays: the arrays of it, by name.
    """

    graph: bytes
    network: bytes | None
    spec: Mapping[str, Any]
    class_names: tuple[str, ...]
    origin: Mapping[str, Any]
    golden: Arrays
    content_hashes: Arrays
    task: Mapping[str, Any] = field(default_factory=lambda: dict(SINGLE_LABEL))
    calibration: Mapping[str, Any] | None = None
    calibration_arrays: Arrays = field(default_factory=dict)

    @property
    def format_version(self) -> int:
        """The oldest format that can hold all of this."""
        if self.calibration is not None:
            return FORMAT_VERSION
        return 1 if self.task == SINGLE_LABEL else 2


def write_contents(path: Path, contents: Contents) -> None:
    """Write the bundle atomically; equal contents give equal bytes."""
    members = {
        "graph.onnx": contents.graph,
        "spec.json": _json(contents.spec),
        "classes.json": _json(list(contents.class_names)),
        "origin.json": _json(contents.origin),
        "golden.npz": pack_arrays(contents.golden),
        "contents.npz": pack_arrays(contents.content_hashes),
    }
    if contents.network is not None:
        members["network.keras"] = contents.network
    if contents.task != SINGLE_LABEL:
        members["task.json"] = _json(contents.task)
    if contents.calibration is not None:
        members["calibration.json"] = _json(contents.calibration)
        members["calibration.npz"] = pack_arrays(contents.calibration_arrays)
    manifest = {
        "format": FORMAT,
        "format_version": contents.format_version,
        "members": {name: _digest(content) for name, content in members.items()},
    }
    write_bytes(path, _zip({"manifest.json": _json(manifest), **members}))


def read_contents(path: Path) -> Contents:
    """Read a bundle and check every byte of it.

    Raises:
        ModelError: the file is missing, cut, altered, of a newer version, or no bundle.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            members = _verified_members(path, archive)
        return _contents(members)
    except FileNotFoundError as error:
        raise ModelError(
            received=f"{path} does not exist.",
            expected="a bundle that `visus train` wrote, such as runs/a/model.visus.",
            remedy="Check the path, or see `visus runs`.",
        ) from error
    except (OSError, zipfile.BadZipFile, ValueError, KeyError, EOFError) as error:
        raise _damaged(path, str(error) or type(error).__name__) from error


def pack_arrays(arrays: Arrays) -> bytes:
    """Arrays as the bytes of an .npz file without dates or pickles."""
    members = {}
    for name, array in arrays.items():
        stream = io.BytesIO()
        np.lib.format.write_array(stream, np.asarray(array), allow_pickle=False)
        members[f"{name}.npy"] = stream.getvalue()
    return _zip(members)


def unpack_arrays(content: bytes) -> dict[str, NDArray[Any]]:
    """Read what `pack_arrays` gave."""
    with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
        return {name: arrays[name] for name in arrays.files}


def _verified_members(path: Path, archive: zipfile.ZipFile) -> dict[str, bytes]:
    if sum(member.file_size for member in archive.infolist()) > MOST_BYTES:
        raise ValueError("it would unpack to more than 8 GiB")
    manifest = json.loads(archive.read("manifest.json"))
    if manifest.get("format") != FORMAT:
        raise ValueError("its manifest names another format")
    if manifest["format_version"] > FORMAT_VERSION:
        raise ModelError(
            received=f"{path} has the format version {manifest['format_version']}.",
            expected=f"version {FORMAT_VERSION} or older.",
            remedy="Install a newer Visus: pip install --upgrade visus",
        )
    members = {name: archive.read(name) for name in manifest["members"]}
    for name, content in members.items():
        if _digest(content) != manifest["members"][name]:
            raise ValueError(f"{name} is not what was saved")
    missing = [name for name in REQUIRED if name not in members]
    if missing:
        raise ValueError(f"{missing[0]} is missing")
    return members


def _contents(members: Mapping[str, bytes]) -> Contents:
    calibrated = "calibration.json" in members
    return Contents(
        graph=members["graph.onnx"],
        network=members.get("network.keras"),
        spec=json.loads(members["spec.json"]),
        class_names=tuple(json.loads(members["classes.json"])),
        origin=json.loads(members["origin.json"]),
        golden=unpack_arrays(members["golden.npz"]),
        content_hashes=unpack_arrays(members["contents.npz"]),
        task=json.loads(members.get("task.json", _json(SINGLE_LABEL))),
        calibration=json.loads(members["calibration.json"]) if calibrated else None,
        calibration_arrays=(
            unpack_arrays(members["calibration.npz"]) if calibrated else {}
        ),
    )


def _damaged(path: Path, reason: str) -> ModelError:
    return ModelError(
        received=f"{path} is damaged or is no bundle: {reason}.",
        expected="the whole file that `visus train` wrote.",
        remedy="Copy it again from where it was made, or train again.",
    )


def _zip(members: Mapping[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        for name, content in members.items():
            # A fixed date: equal contents give equal bytes.
            archive.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), content)
    return file.getvalue()


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _json(value: Any) -> bytes:
    return json.dumps(value, indent=1, sort_keys=True).encode()
