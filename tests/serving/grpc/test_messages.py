"""The table of messages against the copies that TensorFlow and protobuf carry."""

import importlib.util
from pathlib import Path

import pytest
from google.protobuf import any_pb2, descriptor_pb2, wrappers_pb2

from published import messages_of_file, own_fields
from visus.serving.grpc.messages import message_class

TENSORFLOW = {
    "framework/tensor": ("TensorProto",),
    "framework/tensor_shape": ("TensorShapeProto", "Dim"),
    "example/feature": ("Feature", "Features", "BytesList", "FloatList", "Int64List"),
    "example/example": ("Example",),
    "protobuf/meta_graph": ("TensorInfo", "SignatureDef"),
}


@pytest.mark.parametrize("file", TENSORFLOW)
def test_fields_are_those_of_tensorflow(file):
    package = importlib.util.find_spec("tensorflow")
    folder = Path(package.submodule_search_locations[0])
    theirs = messages_of_file(folder / "core" / f"{file}_pb2.py")
    for name in TENSORFLOW[file]:
        assert own_fields(name).items() <= theirs[name].items()


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (
            message_class("Any")(type_url="a/b", value=b"c"),
            any_pb2.Any(type_url="a/b", value=b"c"),
        ),
        (message_class("Int64Value")(value=-7), wrappers_pb2.Int64Value(value=-7)),
    ],
    ids=["Any", "Int64Value"],
)
def test_well_known_messages_travel_as_those_of_protobuf(ours, theirs):
    assert ours.SerializeToString() == theirs.SerializeToString()


def test_a_clients_copy_in_the_same_process_does_no_harm():
    from google.protobuf import descriptor_pool

    # What every client's generated code does when it is imported.
    file = descriptor_pb2.FileDescriptorProto(
        name="grpc_service.proto", package="inference", syntax="proto3"
    )
    file.message_type.add(name="ServerLiveRequest")
    pool = descriptor_pool.Default()
    pool.AddSerializedFile(file.SerializeToString())
    found = pool.FindMessageTypeByName("inference.ServerLiveRequest")
    assert found is not message_class("ServerLiveRequest").DESCRIPTOR


def test_only_one_of_a_choice_is_set():
    parameter = message_class("InferParameter")(string_param="a")
    parameter.int64_param = 0
    assert parameter.WhichOneof("choice") == "int64_param"
    assert not parameter.string_param


def test_unknown_fields_are_skipped():
    # Field 15 of a later version, as a text.
    sent = b"\n\x01m" + bytes([15 << 3 | 2, 1]) + b"x"
    assert message_class("ModelSpec").FromString(sent).name == "m"
