"""Weights of PyTorch without PyTorch: what is read, and what is refused unexecuted."""

import collections
import io
import pickle
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest

from visus.core.errors import ModelError
from visus.models.pretrained.torch_file import OLD_MAGIC, read_torch_weights

ARRAYS = {
    "conv.weight": np.arange(24, dtype=np.float32).reshape(2, 3, 2, 2),
    "bn.running_var": np.array([1.5, 2.5], dtype=np.float32),
    "bn.num_batches_tracked": np.array(7, dtype=np.int64),
}


class Global:
    """Pickles as a bare name, whether or not such a thing can be imported."""

    def __init__(self, module: str, name: str) -> None:
        self.module, self.name = module, name


class Stored:
    def __init__(self, kind: Global, key: str, count: int) -> None:
        self.reference = ("storage", kind, key, "cpu", count)


class Call:
    def __init__(self, function: Global, *arguments: object) -> None:
        self.function, self.arguments = function, arguments


class Pickler(pickle._Pickler):
    """Writes what PyTorch writes, names of PyTorch included, without PyTorch."""

    def persistent_id(self, value):
        return value.reference if isinstance(value, Stored) else None

    def save(self, value, *arguments, **named):
        if isinstance(value, Global):
            self.write(pickle.GLOBAL + f"{value.module}\n{value.name}\n".encode())
        elif isinstance(value, Call):
            self.save(value.function)
            self.save(value.arguments)
            self.write(pickle.REDUCE)
        else:
            super().save(value, *arguments, **named)


KINDS = {"float32": "FloatStorage", "int64": "LongStorage"}
REBUILD = Global("torch._utils", "_rebuild_tensor_v2")


def tensor(key: str, array: np.ndarray, offset=0, shape=None, steps=None) -> Call:
    storage = Stored(Global("torch", KINDS[str(array.dtype)]), key, array.size)
    shape = array.shape if shape is None else shape
    if steps is None:
        steps = tuple(step // array.itemsize for step in array.strides)
    return Call(REBUILD, storage, offset, shape, steps, False, Call(ORDERED))


ORDERED = Global("collections", "OrderedDict")


def pickled(value: object) -> bytes:
    file = io.BytesIO()
    Pickler(file, protocol=2).dump(value)
    return file.getvalue()


def named_tensors() -> dict:
    return {
        name: tensor(str(row), array)
        for row, (name, array) in enumerate(ARRAYS.items())
    }


def zipped(value: object, arrays=ARRAYS, compression=zipfile.ZIP_STORED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as archive:
        archive.writestr("archive/data.pkl", pickled(value))
        archive.writestr("archive/byteorder", "little")
        for row, array in enumerate(arrays.values()):
            archive.writestr(f"archive/data/{row}", array.tobytes())
    return file.getvalue()


def old(value: object, arrays=ARRAYS) -> bytes:
    start = (OLD_MAGIC, 1001, {"protocol_version": 1001, "little_endian": True}, value)
    content = b"".join(map(pickled, (*start, list(map(str, range(len(arrays)))))))
    for array in arrays.values():
        content += struct.pack("<q", array.size) + array.tobytes()
    return content


LAYOUTS = {"zip": zipped, "old": old}


def read(content: bytes, tmp_path: Path):
    path = tmp_path / "weights.pth"
    path.write_bytes(content)
    return read_torch_weights(path)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("nested", [False, True])
def test_tensors_are_read_by_name(layout, nested, tmp_path):
    value = {"epoch": 3, "state_dict": named_tensors()} if nested else named_tensors()
    found = read(LAYOUTS[layout](value), tmp_path)
    assert found.keys() == ARRAYS.keys()
    for name, array in ARRAYS.items():
        assert np.array_equal(found[name], array)
        assert found[name].dtype == array.dtype


def test_a_parameter_and_a_transposed_view_are_read(tmp_path):
    array = ARRAYS["conv.weight"]
    turned = tensor("0", array, 12, (4, 3), (1, 4))
    value = {"w": Call(Global("torch._utils", "_rebuild_parameter"), turned, True, {})}
    found = read(zipped(value), tmp_path)
    assert np.array_equal(found["w"], array[1].reshape(3, 4).T)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_file_cut_anywhere_is_refused(layout, tmp_path):
    content = LAYOUTS[layout](named_tensors())
    for length in range(0, len(content), 11):
        with pytest.raises(ModelError, match="cannot be used"):
            read(content[:length], tmp_path)


class Evil:
    """What a real pickle would run when it is loaded."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self):
        return Path.touch, (self.marker,)


ASKS = {
    "a function of the system": Call(Global("os", "system"), "true"),
    "eval": Call(Global("builtins", "eval"), "1"),
    "another class of PyTorch": Call(Global("torch.jit", "load"), "x"),
    "a tensor through another name": Call(
        Global("torch._utils", "_rebuild_tensor_v2.__globals__")
    ),
    "a storage that is called": Call(Global("torch", "FloatStorage"), 10**9),
    "a number that is called": Call(Global("collections", "OrderedDict"), [1]),
}


@pytest.mark.parametrize("asked", ASKS)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_whatever_is_no_tensor_is_refused(layout, asked, tmp_path):
    with pytest.raises(ModelError, match="Nothing in it was executed"):
        read(LAYOUTS[layout]({**named_tensors(), "x": ASKS[asked]}), tmp_path)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_pickle_that_would_run_code_runs_nothing(layout, tmp_path):
    marker = tmp_path / "ran"
    with pytest.raises(ModelError, match="is no tensor"):
        read(LAYOUTS[layout]({"x": Evil(marker)}), tmp_path)
    assert not marker.exists()


@pytest.mark.parametrize(
    "view",
    [
        {"offset": 1},
        {"shape": (2, 3, 2, 3)},
        {"shape": (10**6, 10**6), "steps": (0, 0)},
        {"offset": -4},
        {"shape": (24,), "steps": (-1,)},
        {"shape": (2, 3), "steps": (1,)},
    ],
)
def test_a_view_beyond_its_numbers_is_refused(view, tmp_path):
    with pytest.raises(ModelError, match="a tensor"):
        read(zipped({"w": tensor("0", ARRAYS["conv.weight"], **view)}), tmp_path)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no pickle",
        pickle.dumps({"weights": [1, 2]}),
        pickle.dumps(collections.OrderedDict(a=1), protocol=4),
        zipped({}),
        zipped({"a": 1}),
        zipped(named_tensors(), compression=zipfile.ZIP_DEFLATED),
        pickle.PROTO + b"\x02" + pickle.LONG_BINGET + b"\xff" * 4 + pickle.STOP,
        pickle.PROTO + b"\x02" + pickle.STOP,
    ],
)
def test_other_files_are_refused(content, tmp_path):
    with pytest.raises(ModelError, match="cannot be used"):
        read(content, tmp_path)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(ModelError, match="does not exist"):
        read_torch_weights(tmp_path / "none.pth")
