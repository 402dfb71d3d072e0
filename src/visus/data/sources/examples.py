"""tf.train.Example through the protobuf library, from a description of six messages.

Source: tensorflow/core/example/example.proto and feature.proto. A map is, on the wire,
a repeated message of key and value, and is described so here.
"""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any

Value = bytes | float | int


@dataclass(frozen=True)
class Features:
    """The features of one example by name, each a list of values."""

    lists: dict[str, list[Value]]

    def values(self, name: str) -> list[Any]:
        """The values of a feature; none where it is absent."""
        return self.lists.get(name, [])

    def first(self, *names: str) -> Value | None:
        """The first value of the first feature that has one."""
        return next((self.lists[n][0] for n in names if self.lists.get(n)), None)

    def text(self, *names: str) -> str | None:
        """The same as text."""
        value = self.first(*names)
        return None if value is None else self.word(value)

    @staticmethod
    def word(value: Value) -> str:
        """A value as text; bytes are UTF-8."""
        if isinstance(value, bytes):
            return value.decode("utf-8", "replace")
        return str(value)


def example_parser() -> Callable[[bytes], Features | None]:
    """A function from the bytes of an Example to its features; `None` for others."""
    # ONNX brings protobuf, so it is always there; it has no types of its own.
    decode_error = import_module("google.protobuf.message").DecodeError
    example = _example_class()

    def parse(data: bytes) -> Features | None:
        try:
            message = example.FromString(data)
        except (decode_error, UnicodeDecodeError):
            return None
        return Features(
            {entry.key: _list(entry.value) for entry in message.features.feature}
        )

    return parse


def _list(feature: Any) -> list[Value]:
    kinds = (feature.bytes_list, feature.float_list, feature.int64_list)
    return [value for kind in kinds for value in kind.value]


def _example_class() -> Any:
    descriptors = import_module("google.protobuf.descriptor_pb2")
    pools = import_module("google.protobuf.descriptor_pool")
    factory = import_module("google.protobuf.message_factory")
    file = descriptors.FileDescriptorProto(
        name="visus/example.proto", package="visus", syntax="proto3"
    )
    kind = descriptors.FieldDescriptorProto
    one, many = kind.LABEL_OPTIONAL, kind.LABEL_REPEATED
    messages: dict[str, list[tuple[str, int, int, Any]]] = {
        "BytesList": [("value", 1, many, kind.TYPE_BYTES)],
        "FloatList": [("value", 1, many, kind.TYPE_FLOAT)],
        "Int64List": [("value", 1, many, kind.TYPE_INT64)],
        "Feature": [
            ("bytes_list", 1, one, "BytesList"),
            ("float_list", 2, one, "FloatList"),
            ("int64_list", 3, one, "Int64List"),
        ],
        "Entry": [("key", 1, one, kind.TYPE_STRING), ("value", 2, one, "Feature")],
        "Features": [("feature", 1, many, "Entry")],
        "Example": [("features", 1, one, "Features")],
    }
    for name, fields in messages.items():
        message = file.message_type.add(name=name)
        for field, number, label, of in fields:
            added = message.field.add(name=field, number=number, label=label)
            if isinstance(of, str):
                added.type, added.type_name = kind.TYPE_MESSAGE, f".visus.{of}"
            else:
                added.type = of
    # A pool of our own: TensorFlow's messages in the same process are not touched.
    pool = pools.DescriptorPool()
    pool.Add(file)
    return factory.GetMessageClass(pool.FindMessageTypeByName("visus.Example"))
