"""TensorFlow Serving over gRPC: each way of writing a tensor, and of being wrong."""

import grpc
import numpy as np
import pytest

from grpc_asker import (
    FLAT,
    INVALID,
    MODELS,
    NOT_FOUND,
    PIXELS,
    TENSORFLOW,
    Asker,
    predict_request,
    served_models,
    sized,
    tensor_of,
)
from served import CLASSES, write_bundle
from visus.data.encode import encode_png
from visus.serving.grpc.examples import read_examples
from visus.serving.grpc.messages import message_class

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
        lambda: predict_request(sized(-1)),
        INVALID,
        "[-1]",
    ),
    "sizes past 64 bits": (
        lambda: predict_request(sized(2**32, 2**32)),
        INVALID,
        "4294967296",
    ),
    "sizes hidden by a zero": (
        lambda: predict_request(sized(0, 2**62)),
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
    assert code == INVALID and "tensorflow/serving/regress. Was:" in said
    request.model_spec.name = "age"
    code, said = asker.refused(method, request, "ClassificationResponse")
    assert code == INVALID and "tensorflow/serving/classify. Was:" in said
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


def sharing(kind, value, count):
    """A request of so many empty examples, and a context with the picture."""
    request = message_class("ClassificationRequest")()
    request.model_spec.name = "digits"
    given = request.input.example_list_with_context
    getattr(given.context.features.feature["images"], kind).value.extend(value)
    for _ in range(count):
        given.examples.add()
    return request


def test_what_all_examples_share_is_read_once_and_held_to_a_bound(tmp_path, expected):
    write_bundle(tmp_path / "digits.visus")
    method, room = f"{TENSORFLOW}/Classify", {"max_pixel_bytes": 10 * 64}
    shared = {
        "float_list": PIXELS[0].ravel().tolist(),
        "bytes_list": [encode_png(PIXELS[0])],
    }
    with served_models(tmp_path, ["digits"], engine=room) as (port, _, _):
        small = Asker(port)
        for kind, value in shared.items():
            request = sharing(kind, value, 10)
            answer = small.ask(method, request, "ClassificationResponse")
            rows = answer.result.classifications
            found = [[c.score for c in row.classes] for row in rows]
            np.testing.assert_allclose(found, [expected[0]] * 10, atol=1e-6)
            code, said = small.refused(
                method, sharing(kind, value, 5000), "ClassificationResponse"
            )
            assert code == INVALID and "5000 pictures in one request" in said
    request = sharing("bytes_list", shared["bytes_list"], 3)
    first, *others = read_examples(request.input, (8, 8, 1), lambda count: None)
    assert all(other is first for other in others)


def test_multi_inference_answers_each_task(asker):
    request = message_class("MultiInferenceRequest")(
        input=examples_of("bytes_list", [[encode_png(PIXELS[0])]])
    )
    task = request.tasks.add(method_name="tensorflow/serving/classify")
    task.model_spec.name = "digits"
    method = f"{TENSORFLOW}/MultiInference"
    (result,) = asker.ask(method, request, "MultiInferenceResponse").results
    assert len(result.classification_result.classifications) == 1
    request.tasks[0].method_name = "tensorflow/serving/regress"
    code, said = asker.refused(method, request, "MultiInferenceResponse")
    assert code == INVALID and "Was: tensorflow/serving/classify" in said
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
