"""The messages of the gRPC protocols, built from the table below.

Generated code would register its messages for the whole process under names that a
client's copy has too (`tensorflow`, `inference`), and would be tied to the protobuf
that generated it. So the fields that Visus reads or writes stand here, by name, number
and type, and become classes in a pool of their own. What is not in the table is skipped
when read, as protobuf has it. Enumerations are plain numbers, which is how they travel.

Sources of names and numbers, all Apache-2.0 but Triton's, which is BSD:
`tensorflow_serving/apis` and `tensorflow/core/{framework,example,protobuf}`;
`open_inference_grpc.proto` of the Open Inference Protocol, and what Triton adds to it;
`grpc.health.v1`. Tests hold the table against the copies that real clients carry.
"""

import re
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

# A field is "name:number type"; "*type" repeats, "{type}" maps texts to the type, and
# "type?" is one of several of which only one is set.
MESSAGES = {
    # TensorFlow
    "Int64Value": "value:1 int64",
    "Any": "type_url:1 string, value:2 bytes",
    "Dim": "size:1 int64, name:2 string",
    "TensorShapeProto": "dim:2 *Dim, unknown_rank:3 bool",
    "TensorProto": "dtype:1 int32, tensor_shape:2 TensorShapeProto,"
    "tensor_content:4 bytes, half_val:13 *int32, float_val:5 *float,"
    "double_val:6 *double, int_val:7 *int32, string_val:8 *bytes,"
    "int64_val:10 *int64, bool_val:11 *bool, uint32_val:16 *uint32,"
    "uint64_val:17 *uint64",
    "BytesList": "value:1 *bytes",
    "FloatList": "value:1 *float",
    "Int64List": "value:1 *int64",
    "Feature": "bytes_list:1 BytesList, float_list:2 FloatList, int64_list:3 Int64List",
    "Features": "feature:1 {Feature}",
    "Example": "features:1 Features",
    "TensorInfo": "name:1 string, dtype:2 int32, tensor_shape:3 TensorShapeProto",
    "SignatureDef": "inputs:1 {TensorInfo}, outputs:2 {TensorInfo},"
    "method_name:3 string",
    # TensorFlow Serving
    "ModelSpec": "name:1 string, version:2 Int64Value, signature_name:3 string,"
    "version_label:4 string",
    "PredictRequest": "model_spec:1 ModelSpec, inputs:2 {TensorProto},"
    "output_filter:3 *string",
    "PredictResponse": "outputs:1 {TensorProto}, model_spec:2 ModelSpec",
    "ExampleList": "examples:1 *Example",
    "ExampleListWithContext": "examples:1 *Example, context:2 Example",
    "Input": "example_list:1 ExampleList,"
    "example_list_with_context:2 ExampleListWithContext",
    "Class": "label:1 string, score:2 float",
    "Classifications": "classes:1 *Class",
    "ClassificationResult": "classifications:1 *Classifications",
    "ClassificationRequest": "model_spec:1 ModelSpec, input:2 Input",
    "ClassificationResponse": "result:1 ClassificationResult, model_spec:2 ModelSpec",
    "Regression": "value:1 float",
    "RegressionResult": "regressions:1 *Regression",
    "RegressionRequest": "model_spec:1 ModelSpec, input:2 Input",
    "RegressionResponse": "result:1 RegressionResult, model_spec:2 ModelSpec",
    "InferenceTask": "model_spec:1 ModelSpec, method_name:2 string",
    "InferenceResult": "model_spec:1 ModelSpec,"
    "classification_result:2 ClassificationResult,"
    "regression_result:3 RegressionResult",
    "MultiInferenceRequest": "tasks:1 *InferenceTask, input:2 Input",
    "MultiInferenceResponse": "results:1 *InferenceResult",
    "SignatureDefMap": "signature_def:1 {SignatureDef}",
    "GetModelMetadataRequest": "model_spec:1 ModelSpec, metadata_field:2 *string",
    "GetModelMetadataResponse": "model_spec:1 ModelSpec, metadata:2 {Any}",
    "GetModelStatusRequest": "model_spec:1 ModelSpec",
    "StatusProto": "error_code:1 int32, error_message:2 string",
    "ModelVersionStatus": "version:1 int64, state:2 int32, status:3 StatusProto",
    "GetModelStatusResponse": "model_version_status:1 *ModelVersionStatus",
    "ReloadConfigRequest": "",
    "ReloadConfigResponse": "status:1 StatusProto",
    # Open Inference Protocol, the last ones as Triton adds them
    "ServerLiveRequest": "",
    "ServerLiveResponse": "live:1 bool",
    "ServerReadyRequest": "",
    "ServerReadyResponse": "ready:1 bool",
    "ModelReadyRequest": "name:1 string, version:2 string",
    "ModelReadyResponse": "ready:1 bool",
    "ServerMetadataRequest": "",
    "ServerMetadataResponse": "name:1 string, version:2 string, extensions:3 *string",
    "ModelMetadataRequest": "name:1 string, version:2 string",
    "TensorMetadata": "name:1 string, datatype:2 string, shape:3 *int64",
    "ModelMetadataResponse": "name:1 string, versions:2 *string, platform:3 string,"
    "inputs:4 *TensorMetadata, outputs:5 *TensorMetadata",
    "InferParameter": "bool_param:1 bool?, int64_param:2 int64?,"
    "string_param:3 string?, double_param:4 double?, uint64_param:5 uint64?",
    "InferTensorContents": "bool_contents:1 *bool, int_contents:2 *int32,"
    "int64_contents:3 *int64, uint_contents:4 *uint32, uint64_contents:5 *uint64,"
    "fp32_contents:6 *float, fp64_contents:7 *double, bytes_contents:8 *bytes",
    "InferInputTensor": "name:1 string, datatype:2 string, shape:3 *int64,"
    "parameters:4 {InferParameter}, contents:5 InferTensorContents",
    "InferRequestedOutputTensor": "name:1 string, parameters:2 {InferParameter}",
    "ModelInferRequest": "model_name:1 string, model_version:2 string, id:3 string,"
    "parameters:4 {InferParameter}, inputs:5 *InferInputTensor,"
    "outputs:6 *InferRequestedOutputTensor, raw_input_contents:7 *bytes",
    "InferOutputTensor": "name:1 string, datatype:2 string, shape:3 *int64,"
    "parameters:4 {InferParameter}, contents:5 InferTensorContents",
    "ModelInferResponse": "model_name:1 string, model_version:2 string, id:3 string,"
    "parameters:4 {InferParameter}, outputs:5 *InferOutputTensor,"
    "raw_output_contents:6 *bytes",
    "ModelStreamInferResponse": "error_message:1 string,"
    "infer_response:2 ModelInferResponse",
    "ModelConfigRequest": "name:1 string, version:2 string",
    "ModelInput": "name:1 string, data_type:2 int32, dims:4 *int64",
    "ModelOutput": "name:1 string, data_type:2 int32, dims:3 *int64",
    "ModelConfig": "name:1 string, platform:2 string, max_batch_size:4 int32,"
    "input:5 *ModelInput, output:6 *ModelOutput",
    "ModelConfigResponse": "config:1 ModelConfig",
    "ModelStatisticsRequest": "name:1 string, version:2 string",
    "StatisticDuration": "count:1 uint64, ns:2 uint64",
    "InferStatistics": "success:1 StatisticDuration, fail:2 StatisticDuration,"
    "queue:3 StatisticDuration, compute_input:4 StatisticDuration,"
    "compute_infer:5 StatisticDuration, compute_output:6 StatisticDuration",
    "InferBatchStatistics": "batch_size:1 uint64, compute_input:2 StatisticDuration,"
    "compute_infer:3 StatisticDuration, compute_output:4 StatisticDuration",
    "ModelStatistics": "name:1 string, version:2 string, last_inference:3 uint64,"
    "inference_count:4 uint64, execution_count:5 uint64,"
    "inference_stats:6 InferStatistics, batch_stats:7 *InferBatchStatistics",
    "ModelStatisticsResponse": "model_stats:1 *ModelStatistics",
    "RepositoryIndexRequest": "repository_name:1 string, ready:2 bool",
    "ModelIndex": "name:1 string, version:2 string, state:3 string, reason:4 string",
    "RepositoryIndexResponse": "models:1 *ModelIndex",
    # KServe's clients write the model's name where Triton's write the repository's.
    "RepositoryModelLoadRequest": "repository_name:1 string, model_name:2 string",
    "RepositoryModelLoadResponse": "model_name:1 string, is_loaded:2 bool",
    "RepositoryModelUnloadRequest": "repository_name:1 string, model_name:2 string",
    "RepositoryModelUnloadResponse": "model_name:1 string, is_unloaded:2 bool",
    # gRPC health
    "HealthCheckRequest": "service:1 string",
    "HealthCheckResponse": "status:1 int32",
}

_PACKAGE = "visus.wire"
_FIELD = re.compile(r"(\w+):(\d+) ([*{]?)(\w+)[}?]*")
_Field = descriptor_pb2.FieldDescriptorProto


def message_class(name: str) -> Any:
    """The class of a message of the table.

    Example:
        >>> message_class("ModelSpec")(name="digits").SerializeToString()
        b'\\n\\x06digits'
    """
    return _CLASSES[name]


def _build_classes() -> dict[str, Any]:
    file = descriptor_pb2.FileDescriptorProto(
        name="visus/wire.proto", package=_PACKAGE, syntax="proto3"
    )
    for name, fields in MESSAGES.items():
        _add_message(file.message_type.add(name=name), fields)
    pool = descriptor_pool.DescriptorPool()
    pool.AddSerializedFile(file.SerializeToString())
    return {
        name: message_factory.GetMessageClass(
            pool.FindMessageTypeByName(f"{_PACKAGE}.{name}")
        )
        for name in MESSAGES
    }


def _add_message(message: Any, fields: str) -> None:
    for text in filter(None, fields.split(",")):
        name, number, mark, kind = _matched(text.strip())
        field = message.field.add(name=name, number=int(number))
        field.label = _Field.LABEL_REPEATED if mark else _Field.LABEL_OPTIONAL
        if mark == "{":
            kind = _add_entry(message, name, kind)
        _set_type(field, kind)
        if text.endswith("?"):
            if not message.oneof_decl:
                message.oneof_decl.add(name="choice")
            field.oneof_index = 0


def _matched(text: str) -> tuple[str, str, str, str]:
    found = _FIELD.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is no field: name:number type")
    name, number, mark, kind = found.groups()
    return name, number, mark, kind


def _add_entry(message: Any, field_name: str, kind: str) -> str:
    """The entry of a map, inside the message and named after the field."""
    name = "".join(map(str.capitalize, field_name.split("_"))) + "Entry"
    entry = message.nested_type.add(name=name)
    entry.options.map_entry = True
    for number, (key, type_name) in enumerate((("key", "string"), ("value", kind)), 1):
        part = entry.field.add(name=key, number=number, label=_Field.LABEL_OPTIONAL)
        _set_type(part, type_name)
    return f"{message.name}.{name}"


def _set_type(field: Any, kind: str) -> None:
    if kind[0].islower():
        field.type = _Field.Type.Value(f"TYPE_{kind.upper()}")
    else:
        field.type = _Field.TYPE_MESSAGE
        field.type_name = f".{_PACKAGE}.{kind}"


_CLASSES = _build_classes()
