"""tritonclient over gRPC: raw contents, typed ones, streams, and what it offers."""

import queue

import numpy as np
import tritonclient.grpc as triton
from asked import (
    CLASS_NAMES,
    GRPC,
    MODEL,
    PIXELS,
    PNG,
    SCORES,
    require_refusal,
    require_scores,
)
from tritonclient.grpc import service_pb2, service_pb2_grpc
from tritonclient.utils import InferenceServerException


def pixels_input(pixels, datatype="UINT8"):
    given = triton.InferInput("images", list(pixels.shape), datatype)
    given.set_data_from_numpy(pixels)
    return given


def refused(*words, **changed):
    told = {"model_name": MODEL, "inputs": [pixels_input(PIXELS)]} | changed
    try:
        client.infer(**told)
    except InferenceServerException as error:
        require_refusal(error, *words)
        return error.status()
    raise AssertionError(f"not refused: {changed}")


client = triton.InferenceServerClient(GRPC)
assert client.is_server_live() and client.is_server_ready()
assert client.is_model_ready(MODEL) and client.is_model_ready(MODEL, "1")
assert client.get_server_metadata().name == "visus"

metadata = client.get_model_metadata(MODEL, as_json=True)
assert metadata["versions"] == ["1"]
assert metadata["inputs"][0]["shape"] == ["-1", *map(str, PIXELS.shape[1:])]
config = client.get_model_config(MODEL).config
assert config.name == MODEL and config.max_batch_size > 0
assert list(config.input[0].dims) == list(PIXELS.shape[1:])

result = client.infer(MODEL, [pixels_input(PIXELS)], request_id="my own")
require_scores(result.as_numpy("scores"))
assert result.get_response().id == "my own"
assert result.get_response().model_version == "1"
floats = PIXELS.astype(np.float32)
require_scores(client.infer(MODEL, [pixels_input(floats, "FP32")]).as_numpy("scores"))

best = [triton.InferRequestedOutput("scores", class_count=2)]
rows = client.infer(MODEL, [pixels_input(PIXELS)], outputs=best).as_numpy("scores")
for row, scores in zip(rows, SCORES, strict=True):
    value, index, label = row[0].decode().split(":")
    assert int(index) == scores.argmax() and label == CLASS_NAMES[int(index)]

picture = np.array([PNG], dtype=np.object_)
encoded = client.infer(MODEL, [pixels_input(picture, "BYTES")])
require_scores(encoded.as_numpy("scores"), SCORES[:1])

# Contents by type, which this client never writes itself.
typed = service_pb2.ModelInferRequest(model_name=MODEL)
tensor = typed.inputs.add(name="images", datatype="FP32", shape=PIXELS.shape)
tensor.contents.fp32_contents.extend(floats.ravel().tolist())
answer = service_pb2_grpc.GRPCInferenceServiceStub(client._channel).ModelInfer(typed)
assert not answer.raw_output_contents
require_scores(np.reshape(answer.outputs[0].contents.fp32_contents, SCORES.shape))

answers = queue.Queue()
client.start_stream(lambda result, error: answers.put((result, error)))
for row in range(4):
    client.async_stream_infer(MODEL, [pixels_input(PIXELS[[row]])], request_id=str(row))
client.async_stream_infer("nobody", [pixels_input(PIXELS[:1])])
for row in range(4):
    result, error = answers.get(timeout=30)
    assert error is None, error
    assert result.get_response().id == str(row)
    require_scores(result.as_numpy("scores"), SCORES[[row]])
result, error = answers.get(timeout=30)
require_refusal(error, "nobody")
client.stop_stream()

(counted,) = client.get_inference_statistics(MODEL).model_stats
assert counted.inference_count >= 3 * len(PIXELS)
assert counted.inference_stats.success.count >= 6

assert refused("nobody", model_name="nobody") == "StatusCode.NOT_FOUND"
assert refused("9", model_version="9") == "StatusCode.NOT_FOUND"
unknown = [triton.InferRequestedOutput("nothing")]
assert refused("nothing", outputs=unknown) == "StatusCode.INVALID_ARGUMENT"
cut = [pixels_input(PIXELS[:, :-1])]
assert refused("of shape", inputs=cut) == "StatusCode.INVALID_ARGUMENT"

(listed,) = client.get_model_repository_index().models
assert (listed.name, listed.version, listed.state) == (MODEL, "1", "READY")
client.unload_model(MODEL)
assert not client.is_model_ready(MODEL)
client.load_model(MODEL)
assert client.is_model_ready(MODEL)
require_scores(client.infer(MODEL, [pixels_input(PIXELS)]).as_numpy("scores"))
