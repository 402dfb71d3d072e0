"""ovmsclient: TensorFlow Serving over gRPC and REST, without TensorFlow."""

import numpy as np
from asked import (
    GRPC,
    HTTP,
    MODEL,
    PIXELS,
    PNG,
    SCORES,
    require_refusal,
    require_scores,
)
from ovmsclient import make_grpc_client, make_http_client
from ovmsclient.tfs_compat.base.errors import InvalidInputError, ModelNotFoundError


def refused(kind, *words, **changed):
    told = {"inputs": {"images": PIXELS}, "model_name": MODEL} | changed
    try:
        client.predict(**told)
    except kind as error:
        require_refusal(error, *words)
    else:
        raise AssertionError(f"not refused: {changed}")


for make_client, place in ((make_grpc_client, GRPC), (make_http_client, HTTP)):
    client = make_client(place)
    # This client always names a version; 0 is its word for the default one.
    for version in (0, 1):
        require_scores(client.predict({"images": PIXELS}, MODEL, version))
    require_scores(client.predict({"images": PIXELS.astype(np.float32)}, MODEL))
    require_scores(client.predict({"images": PIXELS.tolist()}, MODEL))
    # Its REST side sends bytes as {"b64": ...}, its gRPC side as DT_STRING.
    require_scores(client.predict({"images": PNG}, MODEL), SCORES[:1])

    status = client.get_model_status(MODEL)
    assert status[1]["state"] == "AVAILABLE" and not status[1]["error_code"], status
    found = client.get_model_metadata(MODEL)
    if make_client is make_http_client:
        # It looks for names in camel case, which TensorFlow Serving does not send.
        signatures = found["metadata"]["signature_def"]["signature_def"]
        sizes = signatures["serving_default"]["inputs"]["images"]["tensor_shape"]["dim"]
        shape = [int(dim["size"]) for dim in sizes]
        assert found["model_spec"]["version"] == "1"
    else:
        shape = found["inputs"]["images"]["shape"]
        assert found["model_version"] == 1
    assert shape == [-1, *PIXELS.shape[1:]]

    refused(ModelNotFoundError, "nobody", model_name="nobody")
    refused(ModelNotFoundError, "9", model_version=9)
    refused(InvalidInputError, "Missing", inputs={"nothing": PIXELS})
    refused(InvalidInputError, "of shape", inputs={"images": PIXELS[:, :-1]})
