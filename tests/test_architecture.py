"""The architecture as tests: which way imports point, how big things may grow."""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "src" / "visus"

# Top to bottom. A unit may import units on lower lines only, never one on its own line.
LAYERS = [
    {"cli"},
    {"pipeline"},
    {
        "auditing",
        "certifying",
        "training",
        "evaluation",
        "explanation",
        "exporting",
        "labelling",
        "reporting",
        "serving",
    },
    {"models"},
    {"bundles"},
    {"tasks"},
    {"data"},
    {"core"},
]
MAX_FILE_LINES = 400
MAX_FUNCTION_LINES = 60
MAX_CORE_LINES = 800

# Outside libraries, and the only rooms that may import them.
FENCES = {
    "PIL": ("data/decode", "data/encode.py"),
    "onnxruntime": ("bundles/",),
    "cryptography": ("certifying/signing.py",),
    "rfc8785": ("certifying/canonical.py",),
    "onnx": ("models/", "bundles/", "exporting/onnx_file.py", "exporting/int8/"),
    "keras": ("models/", "training/", "exporting/keras_file.py"),
    "tensorflow": (
        "models/",
        "training/",
        "exporting/saved_model.py",
        "exporting/litert.py",
    ),
    "ai_edge_litert": ("exporting/litert.py",),
    "openvino": ("exporting/openvino_ir.py",),
    "typer": ("cli/",),
    "pillow_heif": ("data/decode/heic.py",),
    "simplejpeg": ("data/decode/jpeg.py",),
    "cykooz_resizer": ("data/decode/resampling.py",),
    "pydicom": ("data/decode/dicom.py",),
    "sklearn": ("auditing/probe.py",),
    "scipy": ("data/corruptions/",),
    "pyarrow": ("data/sources/", "data/writers/"),
    "h5py": ("models/pretrained/",),
    "keras_hub": ("models/pretrained/hub.py",),
    "defusedxml": ("data/sources/",),
    "grpc": ("serving/grpc/",),
    "uvicorn": ("serving/",),
    "httptools": ("serving/",),
    "uvloop": ("serving/",),
    "orjson": ("serving/",),
    "prometheus_client": ("serving/",),
    "python_multipart": ("serving/",),
}

FILES = sorted(PACKAGE.rglob("*.py"))
LEVEL = {unit: level for level, units in enumerate(LAYERS) for unit in units}


def unit_of(path: Path) -> str:
    return path.relative_to(PACKAGE).with_suffix("").parts[0]


def imported_units(tree: ast.AST) -> set[str]:
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, (
                "write imports from the package root: `from visus.data import ...`"
            )
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return {
        name.split(".")[1] for name in names if name.startswith("visus.")
    } & LEVEL.keys()


def name_of(path: Path) -> str:
    return str(path.relative_to(PACKAGE))


def test_every_unit_has_a_layer():
    assert {unit_of(path) for path in FILES} - {"__init__", "__main__"} == LEVEL.keys()


@pytest.mark.parametrize("path", [f for f in FILES if unit_of(f) in LEVEL], ids=name_of)
def test_imports_point_down(path):
    here = unit_of(path)
    upward = {
        there
        for there in imported_units(ast.parse(path.read_text()))
        if there != here and LEVEL[there] <= LEVEL[here]
    }
    assert not upward, (
        f"{here} may not import {upward}; move the shared part to a lower layer"
    )


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_nothing_grows_past_its_budget(path):
    text = path.read_text()
    assert text.count("\n") <= MAX_FILE_LINES, "split this file by responsibility"
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            docstring = (
                node.body[0].end_lineno - node.body[0].lineno + 1
                if ast.get_docstring(node)
                else 0
            )
            lines = node.end_lineno - node.lineno + 1 - docstring
            assert lines <= MAX_FUNCTION_LINES, (
                f"{node.name}() has {lines} lines; name its steps"
            )


def test_core_stays_small():
    lines = sum(
        path.read_text().count("\n") for path in (PACKAGE / "core").glob("*.py")
    )
    assert lines <= MAX_CORE_LINES, "core holds words that two layers need, no more"


@pytest.mark.parametrize("library", FENCES)
def test_outside_libraries_stay_behind_their_fence(library):
    rooms = FENCES[library]
    strays = [
        name_of(path)
        for path in FILES
        if library in imported_libraries(ast.parse(path.read_text()))
        and not name_of(path).startswith(rooms)
    ]
    assert not strays, f"{library} belongs to {', '.join(rooms)} only"


def imported_libraries(tree: ast.AST) -> set[str]:
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(str(node.module))
    return {name.split(".")[0] for name in names}
