"""TensorFlow Serving over gRPC: PredictionService and ModelService.

Codes and sentences are those of its own server, where it has one for the case
(`predict_util.cc`, `get_model_metadata_impl.cc`, `get_model_status_impl.cc`).
"""

from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any

import numpy as np

from visus.serving.engine import Engine, Inputs, Reply
from visus.serving.grpc.calls import Call, Sent
from visus.serving.grpc.examples import read_examples
from visus.serving.grpc.messages import message_class
from visus.serving.grpc.tensors import BY_DTYPE, read_tensor, write_tensor
from visus.serving.offloading import NAMED_NUMBER, NUMBER, in_thread_if_large
from visus.serving.refusals import Code, Refusal, invalid
from visus.serving.served import Served
from visus.serving.signature import (
    INPUT,
    OUTPUT,
    SIGNATURES,
    require_method,
    takes_pixels,
)
from visus.serving.versions import State, Wanted

PREDICT = "tensorflow/serving/predict"
CLASSIFY = "tensorflow/serving/classify"
REGRESS = "tensorflow/serving/regress"
STATES = {
    State.START: 10,
    State.LOADING: 20,
    State.AVAILABLE: 30,
    State.UNLOADING: 40,
    State.END: 50,
}


class PredictionCalls:
    """Predict, Classify, Regress, MultiInference, GetModelMetadata.

    Args:
        engine: that answers.
    """

    name = "tensorflow.serving.PredictionService"
    protocol = "tensorflow_grpc"

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @property
    def calls(self) -> Mapping[str, Call]:
        """The methods by name."""
        asking = {
            "Predict": (self.predict, "Predict", "predict"),
            "Classify": (self.classify, "Classification", "classify"),
            "Regress": (self.regress, "Regression", "regress"),
            "MultiInference": (self.multi_inference, "MultiInference", "multi"),
            "GetModelMetadata": (self.metadata, "GetModelMetadata", "metadata"),
        }
        return {
            name: Call(answer, f"{kind}Request", f"{kind}Response", counted)
            for name, (answer, kind, counted) in asking.items()
        }

    async def predict(self, request: Any, sent: Sent) -> Any:
        """Scores of the tensor or the pictures in `images`."""
        wanted = wanted_model(request)
        signature = _signature(request.model_spec)
        _require_input(set(request.inputs))
        _require_outputs(request.output_filter)
        inputs = await sent.read(read_tensor, INPUT, request.inputs[INPUT])
        reply = await self._engine.ask(wanted, inputs, sent.seconds)
        answer = message_class("PredictResponse")()
        size = reply.scores.size * NUMBER
        tensor = await in_thread_if_large(size, write_tensor, reply.scores)
        answer.outputs[OUTPUT].CopyFrom(tensor)
        _name(answer.model_spec, reply.served, signature)
        return answer

    async def classify(self, request: Any, sent: Sent) -> Any:
        """Labels and scores of pictures in tf.Example messages."""
        reply = await self._ask_examples(request, sent, "classify")
        size = reply.scores.size * NAMED_NUMBER
        result = await in_thread_if_large(size, _classified, reply)
        answer = message_class("ClassificationResponse")(result=result)
        _name(answer.model_spec, reply.served, _signature(request.model_spec))
        return answer

    async def regress(self, request: Any, sent: Sent) -> Any:
        """The numbers that a model of one number gives."""
        reply = await self._ask_examples(request, sent, "regress")
        size = reply.scores.size * NAMED_NUMBER
        result = await in_thread_if_large(size, _regressed, reply)
        answer = message_class("RegressionResponse")(result=result)
        _name(answer.model_spec, reply.served, _signature(request.model_spec))
        return answer

    async def multi_inference(self, request: Any, sent: Sent) -> Any:
        """Several of the two above over the same pictures, which are run once."""
        _require_one_model(request.tasks)
        parts = {
            CLASSIFY: ("classification_result", _classified),
            REGRESS: ("regression_result", _regressed),
        }
        for task in request.tasks:
            if task.method_name not in parts:
                raise Refusal(
                    Code.UNIMPLEMENTED,
                    f"Unsupported signature method_name: {task.method_name}",
                )
        wanted = wanted_model(request.tasks[0])
        served = self._engine.repository.find(wanted)
        for task in request.tasks:
            require_method(served, task.method_name.rpartition("/")[2])
        inputs = await sent.read(self._examples, served, request.input)
        reply = await self._engine.ask(wanted, inputs, sent.seconds)
        answer = message_class("MultiInferenceResponse")()
        for task in request.tasks:
            field, told = parts[task.method_name]
            size = reply.scores.size * NAMED_NUMBER
            made = await in_thread_if_large(size, told, reply)
            result = answer.results.add(**{field: made})
            _name(result.model_spec, reply.served, _signature(task.model_spec))
        return answer

    async def metadata(self, request: Any, sent: Sent) -> Any:
        """The signatures of a model, the only metadata there are."""
        wanted = wanted_model(request)
        if not request.metadata_field:
            raise invalid(
                "GetModelMetadataRequest must specify at least one metadata_field"
            )
        for name in request.metadata_field:
            if name != "signature_def":
                raise invalid(f"Metadata field {name} is not supported")
        served = self._engine.repository.find(wanted)
        signatures = message_class("SignatureDefMap")()
        for name in SIGNATURES:
            signatures.signature_def[name].CopyFrom(signature_of(served))
        answer = message_class("GetModelMetadataResponse")()
        answer.model_spec.name = served.name
        answer.model_spec.version.value = served.version
        packed = answer.metadata["signature_def"]
        packed.type_url = "type.googleapis.com/tensorflow.serving.SignatureDefMap"
        packed.value = signatures.SerializeToString()
        return answer

    async def _ask_examples(self, request: Any, sent: Sent, method: str) -> Reply:
        wanted = wanted_model(request)
        _signature(request.model_spec)
        served = self._engine.repository.find(wanted)
        require_method(served, method)
        inputs = await sent.read(self._examples, served, request.input)
        return await self._engine.ask(wanted, inputs, sent.seconds)

    def _examples(self, served: Served, given: Any) -> Inputs:
        # An Example has no shape: its pixels come in a row.
        fits = partial(self._engine.require_room, served)
        return read_examples(given, served.spec.input_shape, fits)


class ModelCalls:
    """GetModelStatus; configurations are files here and not sent over the network.

    Args:
        engine: whose models are asked about.
    """

    name = "tensorflow.serving.ModelService"
    protocol = "tensorflow_grpc"

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @property
    def calls(self) -> Mapping[str, Call]:
        """The methods by name."""
        return {
            "GetModelStatus": Call(
                self.status,
                "GetModelStatusRequest",
                "GetModelStatusResponse",
                "status",
            ),
            "HandleReloadConfigRequest": Call(
                self.reload, "ReloadConfigRequest", "ReloadConfigResponse"
            ),
        }

    async def status(self, request: Any, sent: Sent) -> Any:
        """What became of the versions of a model."""
        wanted = wanted_model(request)
        statuses = self._engine.repository.statuses(
            wanted.name, wanted.version, wanted.label
        )
        answer = message_class("GetModelStatusResponse")()
        for status in statuses:
            told = answer.model_version_status.add(
                version=status.version, state=STATES[status.state]
            )
            told.status.error_code = int(status.code)
            told.status.error_message = status.message
        return answer

    async def reload(self, request: Any, sent: Sent) -> Any:
        """Refused."""
        raise Refusal(
            Code.UNIMPLEMENTED,
            "A configuration sent by HandleReloadConfigRequest.",
            "models that lie in the repository's folder.",
            "Put the version into the folder; it is found by itself.",
        )


def wanted_model(request: Any) -> Wanted:
    """Which model a request with a `model_spec` asks for."""
    if not request.HasField("model_spec"):
        raise invalid("Missing ModelSpec")
    spec = request.model_spec
    version = spec.version.value if spec.HasField("version") else None
    return Wanted(spec.name, version, spec.version_label or None)


def signature_of(served: Served) -> Any:
    """What goes in and what comes out, as TensorFlow's SignatureDef."""
    signature = message_class("SignatureDef")(method_name=PREDICT)
    dtype = "uint8" if takes_pixels(served) else "float32"
    for place, name, kind, sizes in (
        (signature.inputs, INPUT, dtype, served.spec.input_shape),
        (signature.outputs, OUTPUT, "float32", (served.outputs,)),
    ):
        place[name].name = f"{name}:0"
        place[name].dtype = BY_DTYPE[kind].number
        for size in (-1, *sizes):
            place[name].tensor_shape.dim.add(size=size)
    return signature


def _signature(spec: Any) -> str:
    name = spec.signature_name or SIGNATURES[0]
    if name not in SIGNATURES:
        raise Refusal(
            Code.FAILED_PRECONDITION, f'Serving signature key "{name}" not found.'
        )
    return str(name)


def _require_input(sent: set[str]) -> None:
    if sent == {INPUT}:
        return
    names, extra = _joined(sent), _joined(sent - {INPUT})
    missing = _joined({INPUT} - sent)
    raise invalid(
        f"input size does not match signature: {len(sent)}!=1 len({{{names}}}) != "
        f"len({{{INPUT}}}). Sent extra: {{{extra}}}. Missing but required: "
        f"{{{missing}}}."
    )


def _require_outputs(asked: Iterable[str]) -> None:
    seen = set()
    for name in asked:
        if name != OUTPUT:
            raise invalid(
                f"output tensor alias not found in signature: {name} Outputs expected "
                f"to be in the set {{{OUTPUT}}}."
            )
        if name in seen:
            raise invalid(f"duplicate output tensor alias: {name}")
        seen.add(name)


def _require_one_model(tasks: Any) -> None:
    names = [task.model_spec.name for task in tasks]
    if not all(names) or not names:
        raise invalid("Found ModelSpec with an empty model name.")
    if len(set(names)) > 1:
        raise invalid(
            "All ModelSpecs in a MultiInferenceRequest must access the same model name."
        )
    seen = set()
    for task in tasks:
        signature = _signature(task.model_spec)
        if signature in seen:
            raise invalid(f"Duplicate evaluation of signature: {signature}")
        seen.add(signature)


def _name(spec: Any, served: Served, signature: str) -> None:
    spec.name = served.name
    spec.version.value = served.version
    spec.signature_name = signature


def _classified(reply: Reply) -> Any:
    result = message_class("ClassificationResult")()
    for row in reply.scores.tolist():
        classes = result.classifications.add().classes
        for label, score in zip(reply.class_names, row, strict=True):
            classes.add(label=label, score=score)
    return result


def _regressed(reply: Reply) -> Any:
    result = message_class("RegressionResult")()
    for value in np.ravel(reply.scores).tolist():
        result.regressions.add(value=value)
    return result


def _joined(names: set[str]) -> str:
    return ",".join(sorted(names))
