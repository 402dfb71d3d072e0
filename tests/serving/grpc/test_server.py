"""Both gRPC protocols over a real port, asked with messages of our own table."""

import asyncio
import threading
from contextlib import contextmanager

import grpc
import numpy as np
import pytest
from served import CLASSES, drawn_pixels, write_bundle
from visus.serving.keeper import Keeper, silent
from visus.serving.sources import NamedFiles

from visus.data.encode import encode_png
from visus.serving import Code, Engine, EngineConfig, Refusal, Repository
from visus.serving.grpc.contents import as_raw
from visus.serving.grpc.messages import message_class
from visus.serving.grpc.server import GrpcConfig, GrpcServer

PIXELS = drawn_pixels(5)
TENSORFLOW = "tensorflow.serving.PredictionService"
MODELS = "tensorflow.serving.ModelService"
INFERENCE = "inference.GRPCInferenceService"
INVALID = grpc.StatusCode.INVALID_ARGUMENT
ONE_NUMBER = {"name": "numeric", "mean": 0.0, "spread": 1.0}


class Asker:
    """A client of nothing but grpcio."""

    def __init__(self, port):
        self.channel = grpc.insecure_channel(f"127.0.0.1:{port}")

    def ask(self, method, request, response, metadata=(), timeout=30):
        call = self.channel.unary_unary(
            f"/{method}",
            request_serializer=lambda message: message.SerializeToString(),
            response_deserializer=message_class(response).FromString,
        )
        return call(request, metadata=metadata, timeout=timeout)

    def refused(self, method, request, response, **told):
        with pytest.raises(grpc.RpcError) as error:
            self.ask(method, request, response, **told)
        return error.value.code(), error.value.details()

    def predict(self, request):
        return self.ask(f"{TENSORFLOW}/Predict", request, "PredictResponse")

    def infer(self, request):
        return self.ask(f"{INFERENCE}/ModelInfer", request, "ModelInferResponse")


@contextmanager
def served_models(folder, files, *, admin=True, admit=None, **config):
    """A server on a loop of its own thread: its port, and the engine."""
    repository, engine_config = Repository(), EngineConfig()
    source = NamedFiles([(name, folder / f"{name}.visus") for name in files])
    keeper = Keeper(source, repository, engine_config, silent)
    keeper.update()
    engine = Engine(repository, engine_config)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    def run(coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, loop).result(30)

    async def make():
        kept = keeper if admin else None
        server = GrpcServer(engine, GrpcConfig(port=0, **config), admit, kept)
        return server, await server.start()

    server, port = run(make())
    try:
        yield port, engine, lambda: run(server.stop(5))
    finally:
        run(server.stop(5))
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
        keeper.close()
        engine.close()


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    write_bundle(folder / "digits.visus")
    write_bundle(folder / "age.visus", names=("years",), task=ONE_NUMBER)
    with served_models(folder, ["digits", "age"]) as (port, engine, _):
        yield Asker(port), engine


@pytest.fixture
def asker(models):
    return models[0]


@pytest.fixture
def expected(models):
    return models[1].repository.model("digits").latest.bundle.scores(PIXELS)


def tensor_of(array, dtype, **fields):
    tensor = message_class("TensorProto")(dtype=dtype, **fields)
    for size in array.shape:
        tensor.tensor_shape.dim.add(size=size)
    return tensor


def predict_request(tensor=None, name="digits", **spec):
    request = message_class("PredictRequest")()
    request.model_spec.name = name
    for field, value in spec.items():
        setattr(request.model_spec, field, value)
    if tensor is None:
        tensor = tensor_of(PIXELS, 4, tensor_content=PIXELS.tobytes())
    request.inputs["images"].CopyFrom(tensor)
    return request


FLAT = PIXELS.ravel()
PREDICT_TENSORS = {
    "bytes of uint8": lambda: tensor_of(PIXELS, 4, tensor_content=PIXELS.tobytes()),
    "values of uint8": lambda: tensor_of(PIXELS, 4, int_val=FLAT.tolist()),
    "values of float": lambda: tensor_of(PIXELS, 1, float_val=FLAT.tolist()),
    "bytes of double": lambda: tensor_of(
        PIXELS, 2, tensor_content=PIXELS.astype("<f8").tobytes()
    ),
    "values of int64": lambda: tensor_of(PIXELS, 9, int64_val=FLAT.tolist()),
    "values of half": lambda: tensor_of(
        PIXELS, 19, half_val=FLAT.astype(np.float16).view(np.uint16).tolist()
    ),
    "pictures": lambda: tensor_of(
        np.empty(5), 7, string_val=[encode_png(p) for p in PIXELS]
    ),
}


@pytest.mark.parametrize("kind", PREDICT_TENSORS)
def test_predict_takes_every_way_of_writing_a_tensor(asker, expected, kind):
    answer = asker.predict(predict_request(PREDICT_TENSORS[kind]()))
    scores = answer.outputs["scores"]
    assert [dim.size for dim in scores.tensor_shape.dim] == [5, len(CLASSES)]
    found = np.reshape(scores.float_val, expected.shape)
    np.testing.assert_allclose(found, expected, atol=1e-6)
    spec = answer.model_spec
    assert (spec.name, spec.version.value) == ("digits", 1)
    assert spec.signature_name == "serving_default"


def test_the_last_value_stands_for_those_that_are_missing(asker, models):
    white = np.full((1, 8, 8, 1), 255, np.uint8)
    answer = asker.predict(predict_request(tensor_of(white, 4, int_val=[255])))
    expected = models[1].repository.model("digits").latest.bundle.scores(white)
    np.testing.assert_allclose(answer.outputs["scores"].float_val, expected[0], 1e-5)


NOT_FOUND = grpc.StatusCode.NOT_FOUND
PREDICT_REFUSALS = {
    "unknown model": (
        lambda: predict_request(name="half"),
        NOT_FOUND,
        "Servable not found for request: Latest(half)",
    ),
    "unknown label": (
        lambda: predict_request(version_label="stable"),
        INVALID,
        "Unrecognized servable version label: stable",
    ),
    "unknown signature": (
        lambda: predict_request(signature_name="other"),
        grpc.StatusCode.FAILED_PRECONDITION,
        'Serving signature key "other" not found.',
    ),
    "no model": (lambda: message_class("PredictRequest")(), INVALID, "Missing Model"),
    "unknown type": (
        lambda: predict_request(tensor_of(PIXELS, 8)),
        INVALID,
        "type number 8",
    ),
    "negative size": (
        lambda: predict_request(
            tensor_of(np.empty(()), 1, tensor_shape={"dim": [{"size": -1}]})
        ),
        INVALID,
        "[-1]",
    ),
    "sizes past 64 bits": (
        lambda: predict_request(
            tensor_of(np.empty(()), 1, tensor_shape={"dim": [{"size": 2**32}] * 2})
        ),
        INVALID,
        "4294967296",
    ),
    "sizes hidden by a zero": (
        lambda: predict_request(
            tensor_of(
                np.empty(()), 1, tensor_shape={"dim": [{"size": 0}, {"size": 2**62}]}
            )
        ),
        INVALID,
        "4611686018427387904",
    ),
    "one value for a shape of gigabytes": (
        lambda: predict_request(
            tensor_of(
                np.empty(()), 1, float_val=[1], tensor_shape={"dim": [{"size": 2**32}]}
            )
        ),
        INVALID,
        "1 values",
    ),
    "too few bytes": (
        lambda: predict_request(tensor_of(PIXELS, 4, tensor_content=b"abc")),
        INVALID,
        "3 values",
    ),
    "no whole values": (
        lambda: predict_request(tensor_of(PIXELS, 1, tensor_content=b"abc")),
        INVALID,
        "3 bytes",
    ),
    "value past its type": (
        lambda: predict_request(tensor_of(PIXELS, 4, int_val=[300] * PIXELS.size)),
        INVALID,
        "DT_UINT8",
    ),
    "fractions": (
        lambda: predict_request(tensor_of(PIXELS, 1, float_val=(FLAT / 255).tolist())),
        INVALID,
        "--input unit",
    ),
    "another size": (
        lambda: predict_request(
            tensor_of(PIXELS[:, 1:], 4, tensor_content=PIXELS[:, 1:].tobytes())
        ),
        INVALID,
        "(5, 7, 8, 1)",
    ),
    "no picture": (
        lambda: predict_request(tensor_of(np.empty(1), 7, string_val=[b"no"])),
        INVALID,
        "Picture 0 cannot be read",
    ),
}


@pytest.mark.parametrize("what", PREDICT_REFUSALS)
def test_predict_refuses_with_a_code_and_a_reason(asker, what):
    make, code, words = PREDICT_REFUSALS[what]
    found, said = asker.refused(f"{TENSORFLOW}/Predict", make(), "PredictResponse")
    assert found == code
    assert words in said
    assert asker.predict(predict_request()).outputs


def test_wrong_names_are_told_as_tensorflow_serving_tells_them(asker):
    request = predict_request()
    request.inputs["other"].CopyFrom(request.inputs["images"])
    code, said = asker.refused(f"{TENSORFLOW}/Predict", request, "PredictResponse")
    assert code == INVALID
    assert said == (
        "input size does not match signature: 2!=1 len({images,other}) != "
        "len({images}). Sent extra: {other}. Missing but required: {}."
    )
    request = predict_request()
    request.output_filter.append("other")
    code, said = asker.refused(f"{TENSORFLOW}/Predict", request, "PredictResponse")
    assert said == (
        "output tensor alias not found in signature: other Outputs expected to be in "
        "the set {scores}."
    )


def test_version_zero_is_the_latest_where_there_is_none_of_that_number(asker):
    request = predict_request()
    request.model_spec.version.value = 0
    assert asker.predict(request).model_spec.version.value == 1
    request.model_spec.version.value = 9
    code, said = asker.refused(f"{TENSORFLOW}/Predict", request, "PredictResponse")
    assert (code, said) == (
        NOT_FOUND,
        "Servable not found for request: Specific(digits, 9)",
    )


def examples_of(kind, values, name="images"):
    request = message_class("Input")()
    for value in values:
        features = request.example_list.examples.add().features.feature
        getattr(features[name], kind).value.extend(value)
    return request


def test_classify_and_regress_answer_examples(asker, expected):
    request = message_class("ClassificationRequest")(
        input=examples_of("bytes_list", [[encode_png(p)] for p in PIXELS])
    )
    request.model_spec.name = "digits"
    method = f"{TENSORFLOW}/Classify"
    answer = asker.ask(method, request, "ClassificationResponse")
    rows = answer.result.classifications
    assert [c.label for c in rows[0].classes] == list(CLASSES)
    found = [[c.score for c in row.classes] for row in rows]
    np.testing.assert_allclose(found, expected, atol=1e-6)
    code, said = asker.refused(f"{TENSORFLOW}/Regress", request, "RegressionResponse")
    assert code == INVALID and "Regress" in said
    values = examples_of("float_list", [p.ravel().tolist() for p in PIXELS])
    numbers = message_class("RegressionRequest")(input=values)
    numbers.model_spec.name = "age"
    answer = asker.ask(f"{TENSORFLOW}/Regress", numbers, "RegressionResponse")
    assert len(answer.result.regressions) == 5


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (lambda: message_class("Input")(), "Input is empty."),
        (lambda: examples_of("bytes_list", [[b"a", b"b"]]), "exactly one picture"),
        (lambda: examples_of("float_list", [[1, 2]]), "64 values in each"),
        (lambda: examples_of("float_list", [[1]], "other"), "the features other"),
    ],
    ids=["none", "two in one", "too few", "another name"],
)
def test_examples_that_do_not_fit_are_refused(asker, given, words):
    request = message_class("ClassificationRequest")(input=given())
    request.model_spec.name = "digits"
    code, said = asker.refused(
        f"{TENSORFLOW}/Classify", request, "ClassificationResponse"
    )
    assert code == INVALID and words in said


def test_multi_inference_answers_each_task(asker):
    request = message_class("MultiInferenceRequest")(
        input=examples_of("bytes_list", [[encode_png(PIXELS[0])]])
    )
    task = request.tasks.add(method_name="tensorflow/serving/classify")
    task.model_spec.name = "digits"
    method = f"{TENSORFLOW}/MultiInference"
    (result,) = asker.ask(method, request, "MultiInferenceResponse").results
    assert len(result.classification_result.classifications) == 1
    request.tasks[0].method_name = "other"
    code, _ = asker.refused(method, request, "MultiInferenceResponse")
    assert code == grpc.StatusCode.UNIMPLEMENTED


def test_metadata_tells_the_signatures(asker):
    request = message_class("GetModelMetadataRequest")(metadata_field=["signature_def"])
    request.model_spec.name = "digits"
    method = f"{TENSORFLOW}/GetModelMetadata"
    answer = asker.ask(method, request, "GetModelMetadataResponse")
    packed = answer.metadata["signature_def"]
    assert packed.type_url.endswith("/tensorflow.serving.SignatureDefMap")
    signatures = message_class("SignatureDefMap").FromString(packed.value)
    assert set(signatures.signature_def) == {"serving_default", "prediction"}
    given = signatures.signature_def["serving_default"].inputs["images"]
    assert [dim.size for dim in given.tensor_shape.dim] == [-1, 8, 8, 1]
    request.metadata_field[0] = "other"
    code, said = asker.refused(method, request, "GetModelMetadataResponse")
    assert (code, said) == (INVALID, "Metadata field other is not supported")


def test_status_tells_each_version(asker):
    request = message_class("GetModelStatusRequest")()
    request.model_spec.name = "digits"
    method = f"{MODELS}/GetModelStatus"
    (status,) = asker.ask(
        method, request, "GetModelStatusResponse"
    ).model_version_status
    assert (status.version, status.state, status.status.error_code) == (1, 30, 0)
    request.model_spec.name = "half"
    code, said = asker.refused(method, request, "GetModelStatusResponse")
    assert (code, said) == (NOT_FOUND, "Could not find any versions of model half")


def infer_request(
    raw=None, datatype="UINT8", shape=PIXELS.shape, name="images", **told
):
    request = message_class("ModelInferRequest")(model_name="digits", **told)
    request.inputs.add(name=name, datatype=datatype, shape=shape)
    request.raw_input_contents.append(PIXELS.tobytes() if raw is None else raw)
    return request


def scores_of(answer):
    (raw,) = answer.raw_output_contents
    return np.frombuffer(raw, "<f4").reshape(answer.outputs[0].shape)


def objects(values):
    array = np.empty(len(values), object)
    array[:] = values
    return array


def test_infer_answers_raw_contents_with_raw_ones(asker, expected):
    answer = asker.infer(infer_request(id="my own"))
    assert (answer.id, answer.model_version) == ("my own", "1")
    np.testing.assert_allclose(scores_of(answer), expected, atol=1e-6)
    floats = infer_request(PIXELS.astype("<f4").tobytes(), "FP32")
    np.testing.assert_allclose(scores_of(asker.infer(floats)), expected, atol=1e-6)
    pictures = as_raw(objects([encode_png(p) for p in PIXELS]))
    answer = asker.infer(infer_request(pictures, "BYTES", (5,)))
    np.testing.assert_allclose(scores_of(answer), expected, atol=1e-6)


@pytest.mark.parametrize(
    ("datatype", "field"),
    [("FP32", "fp32_contents"), ("INT32", "int_contents"), ("UINT8", "uint_contents")],
)
def test_infer_answers_typed_contents_with_typed_ones(asker, expected, datatype, field):
    request = message_class("ModelInferRequest")(model_name="digits")
    tensor = request.inputs.add(name="images", datatype=datatype, shape=PIXELS.shape)
    getattr(tensor.contents, field).extend(FLAT.tolist())
    answer = asker.infer(request)
    assert not answer.raw_output_contents
    found = np.reshape(answer.outputs[0].contents.fp32_contents, expected.shape)
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_classification_tells_scores_numbers_and_names(asker, expected):
    request = infer_request()
    wanted = request.outputs.add(name="scores")
    wanted.parameters["classification"].int64_param = 2
    answer = asker.infer(request)
    assert answer.outputs[0].datatype == "BYTES"
    assert list(answer.outputs[0].shape) == [5, 2]
    (raw,) = answer.raw_output_contents
    length = int.from_bytes(raw[:4], "little")
    value, number, name = raw[4 : 4 + length].decode().split(":")
    assert int(number) == expected[0].argmax() and name == CLASSES[int(number)]
    assert float(value) == pytest.approx(expected[0].max(), abs=1e-5)


def requested(*names):
    request = infer_request()
    for name in names:
        request.outputs.add(name=name)
    return request


def twice_given():
    request = infer_request()
    request.inputs[0].contents.uint_contents.append(1)
    return request


INFER_REFUSALS = {
    "unknown output": (lambda: requested("other"), "'other'"),
    "output twice": (lambda: requested("scores", "scores"), "once"),
    "unknown input": (lambda: infer_request(name="other"), "'other'"),
    "version in words": (lambda: infer_request(model_version="new"), "'new'"),
    "raw and typed": (twice_given, "typed"),
    "unknown datatype": (lambda: infer_request(datatype="FP8"), "'FP8'"),
    "negative size": (lambda: infer_request(shape=(-5, 8, 8, 1)), "-5"),
    "past 64 bits": (lambda: infer_request(shape=(2**32, 2**32)), "4294967296"),
    "too few": (lambda: infer_request(PIXELS.tobytes()[:-1]), "319 values"),
    "many axes": (lambda: infer_request(shape=(1,) * 100_000), "100000 axes"),
    "cut bytes": (
        lambda: infer_request(b"\xff\xff\xff\xff!", "BYTES", (1,)),
        "ends behind",
    ),
}


@pytest.mark.parametrize("what", INFER_REFUSALS)
def test_infer_refuses_with_a_code_and_a_reason(asker, what):
    make, words = INFER_REFUSALS[what]
    method = f"{INFERENCE}/ModelInfer"
    code, said = asker.refused(method, make(), "ModelInferResponse")
    assert code == INVALID
    assert words in said
    assert asker.infer(infer_request()).outputs


def test_a_stream_answers_each_in_turn_and_survives_a_refusal(asker, expected):
    call = asker.channel.stream_stream(
        f"/{INFERENCE}/ModelStreamInfer",
        request_serializer=lambda message: message.SerializeToString(),
        response_deserializer=message_class("ModelStreamInferResponse").FromString,
    )
    wrong = infer_request()
    wrong.model_name = "half"
    first, second, third = call(
        iter([infer_request(id="1"), wrong, infer_request(id="3")]), timeout=30
    )
    assert (first.infer_response.id, third.infer_response.id) == ("1", "3")
    assert "Latest(half)" in second.error_message
    np.testing.assert_allclose(scores_of(third.infer_response), expected, atol=1e-6)


def test_models_are_described_counted_and_listed(asker):
    def ask(what, **told):
        request = message_class(f"{what}Request")(**told)
        return asker.ask(f"{INFERENCE}/{what}", request, f"{what}Response")

    assert ask("ServerLive").live and ask("ServerReady").ready
    assert ask("ModelReady", name="digits", version="1").ready
    assert not ask("ModelReady", name="half").ready
    assert ask("ServerMetadata").name == "visus"
    described = ask("ModelMetadata", name="digits")
    assert list(described.versions) == ["1"]
    assert list(described.inputs[0].shape) == [-1, 8, 8, 1]
    assert list(ask("ModelConfig", name="digits").config.input[0].dims) == [8, 8, 1]
    asker.infer(infer_request())
    (counted,) = ask("ModelStatistics", name="digits").model_stats
    assert counted.inference_count >= counted.execution_count > 0
    assert counted.inference_stats.success.count > 0
    assert len(ask("ModelStatistics").model_stats) == 2
    listed = {model.name: model.state for model in ask("RepositoryIndex").models}
    assert listed == {"age": "READY", "digits": "READY"}
    ask("RepositoryModelUnload", model_name="age")
    assert not ask("ModelReady", name="age").ready
    ask("RepositoryModelLoad", repository_name="age")
    assert ask("ModelReady", name="age").ready


def test_health_is_told_as_orchestrators_ask(asker):
    def ask(service):
        request = message_class("HealthCheckRequest")(service=service)
        return asker.ask("grpc.health.v1.Health/Check", request, "HealthCheckResponse")

    assert ask("").status == ask("PredictionService").status == 1
    assert ask(INFERENCE).status == 1
    request = message_class("HealthCheckRequest")(service="other")
    code, _ = asker.refused(
        "grpc.health.v1.Health/Check", request, "HealthCheckResponse"
    )
    assert code == NOT_FOUND


def test_bytes_that_are_no_message_harm_nobody(asker):
    call = asker.channel.unary_unary(f"/{INFERENCE}/ModelInfer")
    with pytest.raises(grpc.RpcError) as error:
        call(b"\xff" * 100, timeout=30)
    assert error.value.code() == INVALID
    with pytest.raises(grpc.RpcError) as error:
        asker.channel.unary_unary("/other.Service/Method")(b"", timeout=30)
    assert error.value.code() == grpc.StatusCode.UNIMPLEMENTED
    assert asker.infer(infer_request()).outputs


def test_limits_keys_and_draining(tmp_path):
    write_bundle(tmp_path / "digits.visus")

    def admit(metadata, purpose):
        if metadata.get("x-api-key") != "secret":
            raise Refusal(Code.UNAUTHENTICATED, "No key.")

    with served_models(
        tmp_path, ["digits"], admin=False, admit=admit, most_bytes=10_000
    ) as (port, _, stop):
        asker = Asker(port)
        method, key = f"{INFERENCE}/ModelInfer", (("x-api-key", "secret"),)
        code, said = asker.refused(method, infer_request(), "ModelInferResponse")
        assert (code, said) == (grpc.StatusCode.UNAUTHENTICATED, "No key.")
        assert asker.ask(method, infer_request(), "ModelInferResponse", key).outputs
        large = infer_request(b"\0" * 20_000)
        code, _ = asker.refused(method, large, "ModelInferResponse", metadata=key)
        assert code == grpc.StatusCode.RESOURCE_EXHAUSTED
        code, said = asker.refused(
            f"{INFERENCE}/RepositoryModelUnload",
            message_class("RepositoryModelUnloadRequest")(model_name="digits"),
            "RepositoryModelUnloadResponse",
            metadata=key,
        )
        assert code == grpc.StatusCode.PERMISSION_DENIED and "--admin" in said
        stop()
        code, _ = asker.refused(
            method, infer_request(), "ModelInferResponse", metadata=key, timeout=5
        )
        assert code in (
            grpc.StatusCode.UNAVAILABLE,
            grpc.StatusCode.DEADLINE_EXCEEDED,
        )


def test_a_port_in_use_is_one_message(tmp_path):
    from visus.core.errors import MachineError

    write_bundle(tmp_path / "digits.visus")
    with served_models(tmp_path, ["digits"]) as (port, engine, _):
        second = GrpcServer(engine, GrpcConfig(port=port))
        with pytest.raises(MachineError, match=f"cannot listen on .*:{port}"):
            asyncio.run(second.start())
