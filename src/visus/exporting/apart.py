"""Writing and proving in processes of their own.

Converters are large, talk without being asked, and a few of them end the process that
calls them. So each exporter writes in one process and answers in a fresh one, which
has read nothing but the file.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from visus.bundles import load_bundle
from visus.core import errors
from visus.core.errors import ModelError, VisusError
from visus.core.files import write_json
from visus.data.batches import Pixels
from visus.exporting import EXPORTERS
from visus.exporting.base import Exporter, Floats, Runtime

# Not `-m`: the child must find this package where its parent found it.
_PROGRAM = (
    "import json, sys; orders = json.loads(sys.argv[1]); sys.path[:] = orders['path']; "
    "from visus.exporting.apart import carry_out; carry_out(orders)"
)
# Longer than any network takes; a converter that hangs must not hang its caller.
MOST_SECONDS = 3600
Orders = dict[str, Any]


def write_apart(to: str, bundle: Path, place: Path) -> None:
    """Let an exporter write a bundle to `place`.

    Raises:
        VisusError: as `Exporter.write`; a `ModelError` where the converter fails.
    """
    _ask(to, {"bundle": str(bundle), "place": str(place)})


def answer_apart(to: str, place: Path, pixels: Pixels) -> tuple[Floats, Runtime]:
    """What the written file answers, in a fresh process; see `Exporter.answer`."""
    with tempfile.TemporaryDirectory() as folder:
        asked, given = Path(folder, "pixels.npy"), Path(folder, "scores.npy")
        np.save(asked, np.ascontiguousarray(pixels[:]), allow_pickle=False)
        orders = {"place": str(place), "pixels": str(asked), "scores": str(given)}
        runtime = Runtime(**_ask(to, orders))
        return np.load(given, allow_pickle=False), runtime


def carry_out(orders: Orders) -> None:
    """The other side: do as asked, and leave a reply in a file."""
    try:
        reply = _done(orders)
    except VisusError as error:
        reply = error.to_json()
    write_json(Path(orders["reply"]), reply)


def _done(orders: Orders) -> Orders:
    exporter: Exporter = EXPORTERS.load(orders["to"])()
    place = Path(orders["place"])
    if "bundle" in orders:
        # Whoever asks has verified it.
        exporter.write(load_bundle(orders["bundle"], verify=False), place)
        return {}
    pixels = np.load(orders["pixels"], allow_pickle=False)
    scores, runtime = exporter.answer(place, pixels)
    np.save(orders["scores"], scores.astype(np.float32), allow_pickle=False)
    return vars(runtime)


def _ask(to: str, orders: Orders) -> Orders:
    with tempfile.TemporaryDirectory() as folder:
        reply = Path(folder, "reply.json")
        asked = {**orders, "to": to, "reply": str(reply), "path": sys.path}
        command = [sys.executable, "-P", "-c", _PROGRAM, json.dumps(asked)]
        try:
            done = subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=MOST_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise _failed(to, f"nothing after {MOST_SECONDS} seconds") from error
        if done.returncode or not reply.is_file():
            raise _failed(to, _last_words(done))
        words: Orders = json.loads(reply.read_text(encoding="utf-8"))
    if "error" in words:
        kind = getattr(errors, words["error"])
        raise kind(words["received"], words["expected"], words["remedy"])
    return words


def _last_words(done: "subprocess.CompletedProcess[str]") -> str:
    if done.returncode < 0:
        return f"its process was ended by signal {-done.returncode}"
    lines = (done.stderr or done.stdout).strip().splitlines()
    return lines[-1] if lines else f"its process ended with code {done.returncode}"


def _failed(to: str, words: str) -> ModelError:
    return ModelError(
        received=f"The export to {to} fails: {words.rstrip('.')}.",
        expected="a converter and a runtime that take this network.",
        remedy="See what works here with `visus export --list`, and choose another "
        "format. Nothing was written.",
    )
