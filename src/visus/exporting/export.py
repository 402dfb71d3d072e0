"""From a bundle to a proved export: written aside, and renamed only after the proof."""

import os
import tempfile
import textwrap
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from visus.bundles import Bundle
from visus.bundles.runtime import Session
from visus.core.errors import ConfigError
from visus.core.files import cannot_write, written_aside
from visus.core.progress import Progress, SilentProgress
from visus.data.batches import Pixels
from visus.data.writers.folders import folder_aside, require_place
from visus.exporting import EXPORTERS
from visus.exporting.apart import answer_apart, write_apart
from visus.exporting.base import Exporter
from visus.exporting.onnx_file import OnnxExporter, described_graph
from visus.exporting.proof import Proof, compare, question, require_proof

# Whose folders may be replaced.
VERB = "export"
TERMINAL_COLUMNS = 80


@dataclass(frozen=True)
class Exported:
    """What was written, and why it can be trusted.

    Args:
        to: the format.
        out: where it lies.
        size: in bytes.
        proof: how it answers beside the bundle.
    """

    to: str
    out: Path
    size: int
    proof: Proof

    def to_json(self) -> dict[str, Any]:
        """As `visus export --json` prints it."""
        return {
            "to": self.to,
            "out": str(self.out),
            "bytes": self.size,
            "proof": self.proof.to_json(),
        }

    def __str__(self) -> str:
        proof = textwrap.fill(f"proof: {self.proof}.", TERMINAL_COLUMNS)
        return f"{self.out} ({self.size:,} bytes)\n{proof}"


def export_bundle(
    bundle: Bundle,
    to: str,
    out: Path,
    *,
    pictures: Pixels | None = None,
    force: bool = False,
    offline: bool = False,
    progress: Progress | None = None,
) -> Exported:
    """Write a bundle in another format, if the two are the same model.

    Args:
        bundle: verified.
        to: a name of `EXPORTERS`.
        out: a new file or folder.
        pictures: prepared ones for the proof beside the golden ones; `None`: made.
        force: replace what an earlier export wrote there.
        offline: never open a connection.
        progress: who is told.

    Raises:
        ConfigError: the format is unknown, or `out` holds something.
        ModelError: the bundle has no such form, or the form answers differently.
        MachineError: a package is missing, or `out` cannot be written.
    """
    progress = progress or SilentProgress()
    exporter: type[Exporter] = EXPORTERS.load(to)
    require_free(exporter, out, force=force)
    exporter.prepare(progress, offline=offline)

    def make(place: Path) -> Proof:
        with progress.stage(f"Writing {to}"):
            write_apart(to, bundle.path, place)
        with progress.stage("Proving it in a fresh process"):
            asked = question(bundle, pictures)
            scores, runtime = answer_apart(to, place, asked.pixels)
        proof = compare(bundle, asked, scores, runtime, exporter.tolerance)
        require_proof(to, proof)
        return proof

    proof = put(exporter, out, make)
    return Exported(to, out, bytes_of(out), proof)


def export_graph(
    bundle: Bundle,
    graph: bytes,
    out: Path,
    *,
    force: bool = False,
    progress: Progress | None = None,
) -> Exported:
    """Write a graph that was made of a bundle's; read again, it must answer alike.

    Args:
        bundle: whose names and preparation it has.
        graph: serialised, with other numbers than the bundle's.
        out: a new .onnx file.
        force: replace a file.
        progress: who is told.

    Raises:
        ConfigError: `out` holds something.
        ModelError: in a fresh process it answers differently.
        MachineError: `out` cannot be written.
    """
    progress = progress or SilentProgress()
    require_free(OnnxExporter, out, force=force)

    def make(place: Path) -> Proof:
        place.write_bytes(described_graph(graph, bundle))
        with progress.stage("Proving it in a fresh process"):
            asked = question(bundle)
            own = replace(asked, scores=Session(graph).scores(asked.pixels))
            scores, runtime = answer_apart("onnx", place, asked.pixels)
        proof = compare(bundle, own, scores, runtime, OnnxExporter.tolerance)
        require_proof("onnx", proof)
        return proof

    proof = put(OnnxExporter, out, make)
    return Exported("onnx", out, bytes_of(out), proof)


def require_free(exporter: type[Exporter], out: Path, *, force: bool) -> None:
    """Refuse a place that holds something which is not ours to replace.

    Raises:
        ConfigError: it exists, and `force` is false or no export made it; or the
            format's ending is missing.
    """
    if not exporter.ending:
        require_place(out, force=force, verb=VERB)
        return
    if out.suffix.lower() != exporter.ending:
        raise ConfigError(
            received=f"--out {out}.",
            expected=f"a file that ends in {exporter.ending}.",
            remedy=f"Write --out {out.with_suffix(exporter.ending)}",
        )
    if out.is_dir() or (os.path.lexists(out) and not force):
        raise ConfigError(
            received=f"{out} exists.",
            expected="a new file.",
            remedy="Choose another with --out, or replace a file with --force.",
        )


def put(exporter: type[Exporter], out: Path, make: Callable[[Path], Proof]) -> Proof:
    """Let `make` write and prove aside; what it made takes its place after that."""
    if not exporter.ending:
        with folder_aside(out, verb=VERB) as aside:
            place = aside / "made"
            proof = make(place)
            for entry in place.iterdir():
                os.replace(entry, aside / entry.name)
            place.rmdir()
        return proof
    _require_writable(out)
    with written_aside(out) as aside:
        with _folder_beside(out) as folder:
            place = Path(folder, out.name)
            proof = make(place)
            os.replace(place, aside)
    return proof


def bytes_of(place: Path) -> int:
    """The size of a file, or of all files in a folder."""
    if place.is_file():
        return place.stat().st_size
    return sum(path.stat().st_size for path in place.rglob("*") if path.is_file())


def _folder_beside(out: Path) -> "tempfile.TemporaryDirectory[str]":
    # Beside it, so that a rename is enough; hidden, so that no server looks in.
    return tempfile.TemporaryDirectory(prefix=f".{out.name}.", dir=out.parent)


def _require_writable(out: Path) -> None:
    """Say at once what would be said after minutes of converting."""
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with _folder_beside(out):
            return
    except OSError as error:
        raise cannot_write(out, error) from error
