"""Open Inference Protocol over gRPC, as Triton's and KServe's clients speak it."""

import threading

import numpy as np
import pytest

from grpc_asker import (
    FLAT,
    INFERENCE,
    INVALID,
    PIXELS,
    infer_request,
    raw_bytes,
    scores_of,
)
from served import CLASSES, drawn_pixels
from visus.data.encode import encode_png
from visus.serving.grpc import calls
from visus.serving.grpc.contents import read_input
from visus.serving.grpc.messages import message_class


def test_infer_answers_raw_contents_with_raw_ones(asker, expected):
    answer = asker.infer(infer_request(id="my own"))
    assert (answer.id, answer.model_version) == ("my own", "1")
    np.testing.assert_allclose(scores_of(answer), expected, atol=1e-6)
    floats = infer_request(PIXELS.astype("<f4").tobytes(), "FP32")
    np.testing.assert_allclose(scores_of(asker.infer(floats)), expected, atol=1e-6)
    pictures = raw_bytes([encode_png(p) for p in PIXELS])
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
    "version of many digits": (
        lambda: infer_request(model_version="9" * 5000),
        "a whole number",
    ),
    "raw and typed": (twice_given, "typed"),
    "unknown datatype": (lambda: infer_request(datatype="FP8"), "'FP8'"),
    "negative size": (lambda: infer_request(shape=(-5, 8, 8, 1)), "-5"),
    "past 64 bits": (lambda: infer_request(shape=(2**32, 2**32)), "4294967296"),
    "too few": (lambda: infer_request(PIXELS.tobytes()[:-1]), "319 bytes"),
    "many axes": (lambda: infer_request(shape=(1,) * 100_000), "100000 axes"),
    "cut bytes": (
        lambda: infer_request(b"\xff\xff\xff\xff!", "BYTES", (1,)),
        "no BYTES tensor",
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


def test_large_messages_are_read_in_a_thread_and_small_ones_at_once(asker, monkeypatch):
    threads = {"parsed": [], "read": []}

    def spy(place, what, real):
        def call(*words):
            threads[what].append(threading.current_thread().name)
            return real(*words)

        monkeypatch.setattr(place, call)

    spy("visus.serving.grpc.calls._parsed", "parsed", calls._parsed)
    spy("visus.serving.grpc.open_inference.read_input", "read", read_input)
    for count in (5, 3000):
        pixels = drawn_pixels(count)
        request = infer_request(pixels.astype("<f4").tobytes(), "FP32", pixels.shape)
        assert len(scores_of(asker.infer(request))) == count
    for names in threads.values():
        small, large = names
        assert large.startswith("asyncio_") and small != large


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
