"""Message descriptors as published packages carry them, read without importing them.

A generated file registers its messages for the whole process; here only the literal
with the serialised descriptor is taken out of its source.
"""

import ast
from pathlib import Path

from google.protobuf import descriptor_pb2

from visus.serving.grpc.messages import message_class

# Field number -> (type, repeated). Enumerations travel as int32; a map is named after
# what its values are.
Fields = dict[int, tuple[str, bool]]
_Field = descriptor_pb2.FieldDescriptorProto


def messages_of_file(path: Path) -> dict[str, Fields]:
    """The messages that a `*_pb2.py` file generates, by the last part of their name."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and _name(node.func) == "AddSerializedFile":
            serialized = ast.literal_eval(node.args[0])
            file = descriptor_pb2.FileDescriptorProto.FromString(serialized)
            return _messages(file.message_type)
    raise AssertionError(f"{path} generates no messages")


def own_fields(name: str) -> Fields:
    """Of a message of our table."""
    described = descriptor_pb2.DescriptorProto()
    message_class(name).DESCRIPTOR.CopyToProto(described)
    return _fields(described)


def _name(function: ast.expr) -> str:
    return function.attr if isinstance(function, ast.Attribute) else ""


def _messages(messages) -> dict[str, Fields]:
    found = {}
    for message in messages:
        found[message.name] = _fields(message)
        found |= _messages(message.nested_type)
    return found


def _fields(message: descriptor_pb2.DescriptorProto) -> Fields:
    maps = {
        entry.name: entry.field[1]
        for entry in message.nested_type
        if entry.options.map_entry
    }
    return {
        field.number: (_kind(field, maps), field.label == _Field.LABEL_REPEATED)
        for field in message.field
    }


def _kind(field: _Field, maps: dict[str, _Field]) -> str:
    name = field.type_name.rpartition(".")[2]
    if name in maps:
        return f"string to {_kind(maps[name], {})}"
    if field.type == _Field.TYPE_ENUM:
        return "int32"
    return name or _Field.Type.Name(field.type)[5:].lower()
