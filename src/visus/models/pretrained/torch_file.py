"""Weights that PyTorch saved, read without PyTorch and without executing anything.

A `.pth` file is a pickle: a program. This is a machine for the thirty instructions that
describe tensors by name, which calls no function but the few below; whatever else the
program asks for is refused before it happens. Both of PyTorch's layouts are read: the
zip of `torch.save` since 1.6, and the older one of five pickles and then the numbers.
The instructions are those of Python's `pickletools`; the layouts are described in
PyTorch's `torch/serialization.py`.
"""

import io
import math
import pickletools
import struct
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from visus.core.errors import ModelError

Weights = dict[str, NDArray[Any]]

OLD_MAGIC = 0x1950A86A20F9469CFC6C
# What a file may name; everything else is refused.
STORAGES = {
    "torch DoubleStorage": "<f8",
    "torch FloatStorage": "<f4",
    "torch HalfStorage": "<f2",
    "torch LongStorage": "<i8",
    "torch IntStorage": "<i4",
    "torch ShortStorage": "<i2",
    "torch CharStorage": "<i1",
    "torch ByteStorage": "<u1",
    "torch BoolStorage": "|b1",
}
REBUILDERS = ("torch._utils _rebuild_tensor_v2", "torch._utils _rebuild_parameter")
ORDERED = "collections OrderedDict"
KNOWN = (ORDERED, *REBUILDERS, *STORAGES)
_CONSTANTS = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False}
_EMPTY: dict[str, Callable[[], Any]] = {
    "EMPTY_DICT": dict,
    "EMPTY_LIST": list,
    "EMPTY_TUPLE": tuple,
}
_LITERALS = (
    *("BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8", "BINSTRING", "SHORT_BINSTRING"),
    *("BININT", "BININT1", "BININT2", "LONG1", "BINFLOAT"),
)
_MEMOIZED = ("BINPUT", "LONG_BINPUT", "BINGET", "LONG_BINGET")
_NO_MEANING = ("PROTO", "FRAME")


class Refused(ValueError):
    """The file is cut, damaged, or asks for something else than tensors."""


@dataclass(frozen=True)
class _Named:
    """A function or class that the file names; it is never looked up."""

    name: str


@dataclass(frozen=True)
class _Storage:
    """Numbers that lie elsewhere in the file."""

    key: str
    kind: str
    count: int


@dataclass(frozen=True)
class _Tensor:
    """A view of a storage."""

    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    steps: tuple[int, ...]


_MARK = _Named("mark")


def read_torch_weights(path: Path) -> Weights:
    """Read the tensors of a `.pth` or `.pt` file that holds a `state_dict`.

    Args:
        path: of the file.

    Returns:
        arrays by their names; bfloat16 and quantised tensors are not read.

    Raises:
        ModelError: it is cut, damaged, or asks for anything but tensors.
    """
    try:
        with path.open("rb") as file:
            if zipfile.is_zipfile(file):
                return _read_zip(file)
            file.seek(0)
            return _read_old(io.BytesIO(file.read()))
    except FileNotFoundError as error:
        raise _unusable(path, "it does not exist") from error
    # struct, zipfile and pickletools raise these for cut and altered files.
    except (
        *(ValueError, KeyError, IndexError, TypeError, OverflowError, EOFError),
        *(OSError, struct.error, zipfile.BadZipFile, RuntimeError, MemoryError),
    ) as error:
        raise _unusable(path, str(error) or type(error).__name__) from error


def _read_zip(file: Any) -> Weights:
    with zipfile.ZipFile(file) as archive:
        names = [name for name in archive.namelist() if name.endswith("/data.pkl")]
        if len(names) != 1:
            raise Refused("it is a zip file without a data.pkl of PyTorch's")
        root = names[0].removesuffix("data.pkl")
        if f"{root}byteorder" in archive.namelist():
            if _member(archive, f"{root}byteorder") != b"little":
                raise Refused("its numbers are big-endian")
        tensors = _tensors(_run(io.BytesIO(_member(archive, names[0]))))
        keys = {tensor.storage.key for tensor in tensors.values()}
        numbers = {key: _member(archive, f"{root}data/{key}") for key in keys}
    return _arrays(tensors, numbers)


def _member(archive: zipfile.ZipFile, name: str) -> bytes:
    # PyTorch never compresses, so nothing unpacks to more than the file.
    if archive.getinfo(name).compress_type != zipfile.ZIP_STORED:
        raise Refused(f"its member {name} is compressed")
    return archive.read(name)


def _read_old(file: io.BytesIO) -> Weights:
    if _run(file) != OLD_MAGIC:
        raise Refused("it is no file of PyTorch's")
    _run(file)
    if _run(file).get("little_endian") is not True:
        raise Refused("its numbers are big-endian")
    tensors = _tensors(_run(file))
    kinds = {tensor.storage.key: tensor.storage.kind for tensor in tensors.values()}
    numbers = {}
    for key in _run(file):
        (count,) = struct.unpack("<q", file.read(8))
        size = count * np.dtype(STORAGES[kinds[key]]).itemsize
        if not 0 <= size <= len(file.getbuffer()) - file.tell():
            raise Refused("it ends too soon")
        numbers[key] = file.read(size)
    return _arrays(tensors, numbers)


def _run(file: io.BytesIO) -> Any:
    """Follow one pickle to its end; the file then stands behind it."""
    machine = _Machine()
    for instruction, argument, _ in pickletools.genops(file):
        if instruction.name == "STOP":
            return machine.stack.pop()
        machine.follow(instruction.name, argument)
    raise Refused("it ends too soon")


class _Machine:
    """A stack, and what has been noted of it."""

    def __init__(self) -> None:
        self.stack: list[Any] = []
        self._noted: dict[int, Any] = {}

    def follow(self, name: str, argument: Any) -> None:
        """Follow one instruction, or refuse it."""
        if name in _LITERALS:
            self.stack.append(argument)
        elif name in _CONSTANTS:
            self.stack.append(_CONSTANTS[name])
        elif name in _EMPTY:
            self.stack.append(_EMPTY[name]())
        elif name in _MEMOIZED or name == "MEMOIZE":
            self._note(name, argument)
        elif name not in _NO_MEANING:
            self._build(name, argument)

    def _note(self, name: str, argument: Any) -> None:
        if name.endswith("GET"):
            self.stack.append(self._noted[argument])
        else:
            number = len(self._noted) if argument is None else argument
            self._noted[number] = self.stack[-1]

    def _build(self, name: str, argument: Any) -> None:
        stack = self.stack
        match name:
            case "MARK":
                stack.append(_MARK)
            case "TUPLE":
                stack.append(tuple(self._since_mark()))
            case "TUPLE1" | "TUPLE2" | "TUPLE3":
                parts = [stack.pop() for _ in range(int(name[-1]))]
                stack.append(tuple(reversed(parts)))
            case "SETITEM" | "SETITEMS":
                flat = self._pair() if name == "SETITEM" else self._since_mark()
                _mapping(stack[-1]).update(zip(flat[::2], flat[1::2], strict=True))
            case "APPEND" | "APPENDS":
                items = [stack.pop()] if name == "APPEND" else self._since_mark()
                _list(stack[-1]).extend(items)
            case "GLOBAL":
                stack.append(_named(argument))
            case "STACK_GLOBAL":
                stack.append(_named(" ".join(map(str, self._pair()))))
            case "REDUCE":
                function, arguments = self._pair()
                stack.append(_called(function, arguments))
            case "BUILD":
                # What PyTorch notes beside a state_dict; nothing here has a state.
                stack.pop()
            case "BINPERSID":
                stack.append(_storage(stack.pop()))
            case _:
                raise Refused(
                    f"it holds the instruction {name}, which tensors need not"
                )

    def _pair(self) -> list[Any]:
        second, first = self.stack.pop(), self.stack.pop()
        return [first, second]

    def _since_mark(self) -> list[Any]:
        parts: list[Any] = []
        while (part := self.stack.pop()) is not _MARK:
            parts.append(part)
        return parts[::-1]


def _named(name: str) -> _Named:
    if name not in KNOWN:
        raise Refused(f"it asks for {name.replace(' ', '.')!r}, which is no tensor")
    return _Named(name)


def _called(function: Any, arguments: Any) -> Any:
    if not isinstance(function, _Named) or not isinstance(arguments, tuple):
        raise Refused("it calls something that cannot be called")
    if function.name == ORDERED and not arguments:
        return {}
    if function.name == REBUILDERS[0]:
        storage, offset, shape, steps = arguments[:4]
        return _Tensor(storage, offset, shape, steps)
    if function.name == REBUILDERS[1]:
        return arguments[0]
    raise Refused(f"it calls {function.name.replace(' ', '.')!r}")


def _storage(reference: Any) -> _Storage:
    word, kind, key, _, count = reference[:5]
    if word != "storage" or not isinstance(kind, _Named) or kind.name not in STORAGES:
        raise Refused("it refers to something that is no storage of numbers")
    return _Storage(str(key), kind.name, int(count))


def _mapping(value: Any) -> dict[Any, Any]:
    if not isinstance(value, dict):
        raise Refused("it puts names into something that is no mapping")
    return value


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise Refused("it appends to something that is no list")
    return value


def _tensors(found: Any) -> dict[str, _Tensor]:
    if isinstance(found, Mapping) and isinstance(found.get("state_dict"), Mapping):
        found = found["state_dict"]
    if not isinstance(found, Mapping):
        raise Refused("it holds no tensors by name")
    tensors = {str(k): v for k, v in found.items() if isinstance(v, _Tensor)}
    if not tensors:
        raise Refused("it holds no tensors by name")
    return tensors


def _arrays(
    tensors: Mapping[str, _Tensor], numbers: Mapping[str, bytes | bytearray]
) -> Weights:
    return {
        name: _array(tensor, numbers[tensor.storage.key])
        for name, tensor in tensors.items()
    }


def _array(tensor: _Tensor, content: bytes | bytearray) -> NDArray[Any]:
    values = np.frombuffer(content, STORAGES[tensor.storage.kind])
    shape, steps = tensor.shape, tensor.steps
    whole = (tensor.offset, *shape, *steps)
    if len(shape) != len(steps) or not all(type(n) is int and n >= 0 for n in whole):
        raise Refused("a tensor has an impossible shape")
    reach = sum((side - 1) * step for side, step in zip(shape, steps, strict=True))
    # Views that repeat numbers would let a small file fill the memory.
    if math.prod(shape) > len(values) or tensor.offset + reach >= len(values):
        raise Refused("a tensor reaches beyond its numbers")
    return np.lib.stride_tricks.as_strided(
        values[tensor.offset :], shape, [step * values.itemsize for step in steps]
    ).copy()


def _unusable(path: Path, reason: str) -> ModelError:
    return ModelError(
        received=f"The weights file {path} cannot be used: {reason}. Nothing in it was "
        "executed.",
        expected="a state_dict of tensors, whole, as torch.save(model.state_dict(), "
        "path) writes it.",
        remedy="Fetch the file again, or save it as plain tensors.",
    )
