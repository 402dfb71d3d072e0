"""tritonclient over HTTP: binary in both directions by default, and all it offers."""

import numpy as np
import tritonclient.http as triton
from asked import (
    CLASS_NAMES,
    HTTP,
    MODEL,
    PIXELS,
    PNG,
    SCORES,
    require_refusal,
    require_scores,
)
from tritonclient.utils import InferenceServerException


def pixels_input(pixels, datatype="UINT8", binary_data=True):
    name = "images"
    given = triton.InferInput(name, list(pixels.shape), datatype)
    given.set_data_from_numpy(pixels, binary_data=binary_data)
    return given


def refused(*words, **changed):
    told = {"model_name": MODEL, "inputs": [pixels_input(PIXELS)]} | changed
    try:
        client.infer(**told)
    except InferenceServerException as error:
        require_refusal(error, *words)
    else:
        raise AssertionError(f"not refused: {changed}")


client = triton.InferenceServerClient(HTTP, concurrency=8)
assert client.is_server_live() and client.is_server_ready()
assert client.is_model_ready(MODEL) and client.is_model_ready(MODEL, "1")
assert not client.is_model_ready("nobody")
assert "binary_tensor_data" in client.get_server_metadata()["extensions"]

metadata = client.get_model_metadata(MODEL)
(given,), (answer,) = metadata["inputs"], metadata["outputs"]
assert metadata["name"] == MODEL and metadata["versions"] == ["1"]
assert given["shape"] == [-1, *PIXELS.shape[1:]]
assert answer["shape"] == [-1, len(CLASS_NAMES)] and answer["datatype"] == "FP32"

result = client.infer(MODEL, [pixels_input(PIXELS)], request_id="my own")
require_scores(result.as_numpy("scores"))
assert result.get_response()["id"] == "my own"
floats = PIXELS.astype(np.float32)
require_scores(client.infer(MODEL, [pixels_input(floats, "FP32")]).as_numpy("scores"))
as_json = client.infer(MODEL, [pixels_input(floats, "FP32", False)], "1")
require_scores(as_json.as_numpy("scores"))
wanted = [triton.InferRequestedOutput("scores", binary_data=False)]
require_scores(
    client.infer(MODEL, [pixels_input(PIXELS)], outputs=wanted).as_numpy("scores")
)

best = [triton.InferRequestedOutput("scores", class_count=2)]
rows = client.infer(MODEL, [pixels_input(PIXELS)], outputs=best).as_numpy("scores")
assert rows.shape == (len(PIXELS), 2)
for row, scores in zip(rows, SCORES, strict=True):
    value, index, label = row[0].decode().split(":")
    assert int(index) == scores.argmax() and label == CLASS_NAMES[int(index)]
    assert abs(float(value) - scores.max()) < 1e-5

picture = np.array([PNG], dtype=np.object_)
encoded = client.infer(MODEL, [pixels_input(picture, "BYTES")])
require_scores(encoded.as_numpy("scores"), SCORES[:1])

waiting = [client.async_infer(MODEL, [pixels_input(PIXELS[[row]])]) for row in range(8)]
for row, later in enumerate(waiting):
    require_scores(later.get_result().as_numpy("scores"), SCORES[[row]])

(counted,) = client.get_inference_statistics(MODEL)["model_stats"]
assert counted["name"] == MODEL and counted["version"] == "1"
assert counted["inference_count"] >= 5 * len(PIXELS) + 9
assert 0 < counted["execution_count"] <= counted["inference_count"]

refused("nobody", model_name="nobody")
refused("9", model_version="9")
refused("nothing", outputs=[triton.InferRequestedOutput("nothing")])
refused("of shape", inputs=[pixels_input(PIXELS[:, :-1])])

index = client.get_model_repository_index()
assert [(m["name"], m["version"], m["state"]) for m in index] == [(MODEL, "1", "READY")]
client.unload_model(MODEL)
assert not client.is_model_ready(MODEL)
client.load_model(MODEL)
assert client.is_model_ready(MODEL)
require_scores(client.infer(MODEL, [pixels_input(PIXELS)]).as_numpy("scores"))
