"""Checkpoints: all that a resumed run needs, in files that verify themselves.

A file's name holds the SHA-256 of its content, so a torn or altered one is known
without a second file; the newest that verifies is the one to resume from.
"""

import hashlib
import io
import json
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from visus.core.files import write_bytes
from visus.training.steps import State

KEPT = 2


@dataclass(frozen=True)
class Checkpoint:
    """The state of the steps, and of the loop around them.

    Args:
        steps_done: training steps taken.
        state: what `Steps.state` gave.
        loop: the loop's own JSON-able memory (best epoch, batch size, ...).
        best: weights of the best epoch so far, or `None`.
    """

    steps_done: int
    state: State
    loop: dict[str, Any]
    best: State | None = None


def save_checkpoint(folder: Path, checkpoint: Checkpoint) -> Path:
    """Write a checkpoint atomically and drop all but the newest two."""
    content = _pack(checkpoint)
    digest = hashlib.sha256(content).hexdigest()[:32]
    path = folder / f"step-{checkpoint.steps_done:09d}-{digest}.npz"
    write_bytes(path, content)
    for old in _newest_first(folder)[KEPT:]:
        old.unlink(missing_ok=True)
    return path


def load_newest_checkpoint(folder: Path) -> Checkpoint | None:
    """The newest checkpoint whose content matches its name; `None` if there is none."""
    for path in _newest_first(folder):
        content = path.read_bytes()
        if hashlib.sha256(content).hexdigest().startswith(path.stem.split("-")[-1]):
            return _unpack(content)
    return None


def clear_checkpoints(folder: Path) -> None:
    """Remove them all, once the bundle is safely on disk."""
    for path in _newest_first(folder):
        path.unlink(missing_ok=True)


def _newest_first(folder: Path) -> list[Path]:
    return sorted(folder.glob("step-*.npz"), reverse=True)


def _pack(checkpoint: Checkpoint) -> bytes:
    arrays = {f"state/{name}": array for name, array in checkpoint.state.items()}
    if checkpoint.best is not None:
        arrays |= {f"best/{name}": array for name, array in checkpoint.best.items()}
    memory = {"steps_done": checkpoint.steps_done, "loop": checkpoint.loop}
    arrays["memory"] = np.frombuffer(json.dumps(memory).encode(), dtype=np.uint8)
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, array in arrays.items():
            # A fixed date: equal states give equal files.
            member = zipfile.ZipInfo(f"{name}.npy", (1980, 1, 1, 0, 0, 0))
            with archive.open(member, "w", force_zip64=True) as stream:
                np.lib.format.write_array(stream, np.asarray(array), allow_pickle=False)
    return file.getvalue()


def _unpack(content: bytes) -> Checkpoint:
    with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
        memory = json.loads(arrays["memory"].tobytes())
        groups: dict[str, State] = {"state": {}, "best": {}}
        for key in arrays.files:
            group, _, name = key.partition("/")
            if group in groups:
                groups[group][name] = arrays[key]
    return Checkpoint(
        steps_done=memory["steps_done"],
        state=groups["state"],
        loop=memory["loop"],
        best=groups["best"] or None,
    )
