"""KServe's inference client: both REST protocols and gRPC."""

import asyncio
import base64

import grpc
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
from kserve import InferenceGRPCClient, InferenceRESTClient, InferInput, InferRequest
from kserve.inference_client import RESTConfig

BASE = f"http://{HTTP}"


def request_of(pixels, datatype="UINT8", binary_data=True, model=MODEL):
    given = InferInput("images", list(pixels.shape), datatype)
    given.set_data_from_numpy(pixels, binary_data=binary_data)
    return InferRequest(model, [given], request_id="my own")


async def ask_v1():
    client = InferenceRESTClient(RESTConfig(protocol="v1"))
    rows = await client.infer(BASE, {"instances": PIXELS.tolist()}, model_name=MODEL)
    require_scores(rows["predictions"])
    encoded = {"b64": base64.b64encode(PNG).decode()}
    rows = await client.infer(BASE, {"instances": [encoded]}, model_name=MODEL)
    require_scores(rows["predictions"], SCORES[:1])
    await client.close()


async def ask_v2():
    client = InferenceRESTClient(RESTConfig(protocol="v2"))
    assert await client.is_server_live(BASE) and await client.is_server_ready(BASE)
    assert await client.is_model_ready(BASE, MODEL)
    assert not await client.is_model_ready(BASE, "nobody")
    floats = PIXELS.astype(np.float32)
    for sent in (
        request_of(PIXELS),
        request_of(PIXELS, binary_data=False),
        request_of(floats, "FP32"),
        request_of(floats, "FP32", binary_data=False),
    ):
        answer = await client.infer(BASE, sent, model_name=MODEL)
        assert answer.id == "my own"
        require_scores(answer.outputs[0].as_numpy())
    await client.close()


async def ask_grpc():
    client = InferenceGRPCClient(GRPC)
    assert await client.is_server_live() and await client.is_server_ready()
    assert await client.is_model_ready(MODEL)
    for binary_data in (True, False):
        answer = await client.infer(request_of(PIXELS, binary_data=binary_data))
        assert answer.id == "my own"
        require_scores(answer.outputs[0].as_numpy())
    try:
        await client.infer(request_of(PIXELS, model="nobody"))
    except grpc.RpcError as error:
        assert error.code() == grpc.StatusCode.NOT_FOUND
        require_refusal(error.details(), "nobody")
    else:
        raise AssertionError("an unknown model was not refused")
    await client.close()


async def main():
    await ask_v1()
    await ask_v2()
    await ask_grpc()


asyncio.run(main())
