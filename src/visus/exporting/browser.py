"""browser: a folder with a page that answers pictures and the webcam, offline.

The page prepares pixels as Visus does (`page/prepare.js`), and runs the bundle's ONNX
graph in onnxruntime-web. It works from a server and when it is opened from a disk,
where a page may load scripts and nothing else: so runtime and graph are scripts.
"""

import base64
import gzip
import json
import shutil
import subprocess
import tempfile
from importlib.resources import files
from pathlib import Path
from typing import final

import numpy as np

from visus.bundles import Bundle
from visus.core.errors import MachineError
from visus.core.files import write_bytes
from visus.core.progress import Progress
from visus.data.batches import Pixels
from visus.data.download import DownloadFailed
from visus.data.home import visus_home
from visus.data.npm import npm_files
from visus.exporting.base import Exporter, Floats, Runtime, description
from visus.exporting.onnx_file import described_graph

VERSION = "1.30.0"
PACKAGE = f"onnxruntime-web@{VERSION}"
GLUE, BINARY = "ort.wasm.bundle.min.mjs", "ort-wasm-simd-threaded.wasm"
MOST_SECONDS = 1800
SCRIPTS = ("load.js", "prepare.js", "answer.js", "page.js")


@final
class BrowserExporter(Exporter):
    """index.html with all that it needs, and model.onnx for whoever wants it."""

    @classmethod
    def prepare(cls, progress: Progress, *, offline: bool) -> None:
        """Node, for the proof; and onnxruntime-web, once."""
        _node()
        fetch_runtime(progress, offline=offline)

    def write(self, bundle: Bundle, place: Path) -> None:
        """The page, its scripts and their licence."""
        graph = described_graph(bundle.whole_graph, bundle)
        glue, binary = (
            runtime_place().joinpath(n).read_bytes() for n in (GLUE, BINARY)
        )
        place.mkdir()
        texts = {
            "index.html": page_of(bundle),
            "runtime.js": _script("glue", glue) + _script("runtime", binary),
            "model.js": _script("model", graph),
            "LICENSES.txt": _own("LICENSES.txt").replace("{{version}}", VERSION),
        }
        for name, text in texts.items():
            (place / name).write_text(text, encoding="utf-8")
        (place / "model.onnx").write_bytes(graph)

    def answer(self, place: Path, pixels: Pixels) -> tuple[Floats, Runtime]:
        """In onnxruntime-web on Node, from the scripts that the page loads."""
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            asked, orders, reply = (folder / n for n in ("pixels", "orders", "reply"))
            asked.write_bytes(np.ascontiguousarray(pixels[:]).tobytes())
            for script in ("prove.mjs", "load.js"):
                (folder / script).write_text(_own(script), encoding="utf-8")
            words = {
                "load": str(folder / "load.js"),
                "scripts": [str(place / "runtime.js"), str(place / "model.js")],
                "glue": str(folder / GLUE),
                "pixels": str(asked),
                "shape": list(pixels.shape),
            }
            orders.write_text(json.dumps(words), encoding="utf-8")
            command = [_node(), str(folder / "prove.mjs"), str(orders), str(reply)]
            subprocess.run(command, check=True, timeout=MOST_SECONDS)
            answered = json.loads(reply.read_text(encoding="utf-8"))
        scores = np.asarray(answered["scores"], dtype=np.float32)
        return scores, Runtime("onnxruntime-web", answered["version"])


def page_of(bundle: Bundle) -> str:
    """The page with its scripts and with what it must know of the bundle."""
    # Class names are text of strangers; "<" would end the script that holds them.
    facts = json.dumps(description(bundle)).replace("<", "\\u003c")
    page = _own("index.html")
    for name in SCRIPTS:
        page = page.replace("{{" + name + "}}", _own(name))
    return page.replace("{{facts}}", facts)


def runtime_place() -> Path:
    """Where the two files of onnxruntime-web are kept, or may be put by hand."""
    return visus_home() / "onnxruntime-web" / VERSION


def fetch_runtime(progress: Progress, *, offline: bool) -> None:
    """Bring onnxruntime-web through npm, unless it is there.

    Raises:
        MachineError: it is not there and cannot be brought.
    """
    place = runtime_place()
    if all((place / name).is_file() for name in (GLUE, BINARY)):
        return
    try:
        if offline:
            raise DownloadFailed("--offline forbids to fetch it")
        wanted = {f"package/dist/{name}": name for name in (GLUE, BINARY)}
        for name, content in npm_files(PACKAGE, wanted, progress).items():
            write_bytes(place / name, content)
    except DownloadFailed as error:
        raise MachineError(
            received=f"onnxruntime-web is not on this machine: {error}.",
            expected=f"{GLUE} and {BINARY} of {PACKAGE} in {place}.",
            remedy=f"Run `npm pack {PACKAGE}` where there is a network, unpack it, and "
            "put these two files of its folder dist/ there.",
        ) from error


def _script(name: str, content: bytes) -> str:
    # No date in it: equal contents give equal bytes.
    packed = base64.b64encode(gzip.compress(content, 9, mtime=0)).decode()
    return f'globalThis.visusFiles["{name}"] = "{packed}";\n'


def _own(name: str) -> str:
    return files("visus.exporting").joinpath("page", name).read_text(encoding="utf-8")


def _node() -> str:
    node = shutil.which("node")
    if node is None:
        raise MachineError(
            received="There is no `node` on the PATH, and the proof of a page runs it.",
            expected="Node.js 18 or newer.",
            remedy="Install Node.js, and export again.",
        )
    return node
