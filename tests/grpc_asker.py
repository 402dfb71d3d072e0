"""A gRPC server on a thread, and a client of nothing but grpcio, for tests."""

import asyncio
import io
import threading
from contextlib import contextmanager

import grpc
import numpy as np
import pytest

from served import drawn_pixels
from visus.serving import Engine, EngineConfig, Repository
from visus.serving.config import HttpConfig
from visus.serving.grpc import GrpcListener
from visus.serving.grpc.messages import message_class
from visus.serving.keeper import Keeper, silent
from visus.serving.keys import ApiKeys
from visus.serving.log import Log
from visus.serving.metrics import Metrics
from visus.serving.service import Service
from visus.serving.sources import NamedFiles

PIXELS = drawn_pixels(5)
FLAT = PIXELS.ravel()
TENSORFLOW = "tensorflow.serving.PredictionService"
MODELS = "tensorflow.serving.ModelService"
INFERENCE = "inference.GRPCInferenceService"
INVALID = grpc.StatusCode.INVALID_ARGUMENT
NOT_FOUND = grpc.StatusCode.NOT_FOUND


class Asker:
    """A client of nothing but grpcio."""

    def __init__(self, port, channel=None):
        self.channel = channel or grpc.insecure_channel(f"127.0.0.1:{port}")

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
def served_models(folder, files, *, admin=True, keys=(), engine=None, **config):
    """A server on a thread of its own: its port, what it shares, how to stop it."""
    service = made_service(folder, files, admin, keys, EngineConfig(**(engine or {})))
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    def run(coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, loop).result(30)

    async def start():
        listener = GrpcListener(service, HttpConfig(**config), 0)
        await listener.start()
        return listener

    listener = run(start())
    try:
        port = int(listener.address.rpartition(":")[2])
        yield port, service, lambda: run(listener.stop(5))
    finally:
        run(listener.stop(5))
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
        service.keeper.close()
        service.engine.close()


def made_service(folder, files, admin, keys, config):
    repository = Repository()
    source = NamedFiles([(name, folder / f"{name}.visus") for name in files])
    keeper = Keeper(source, repository, config, silent)
    keeper.update()
    engine = Engine(repository, config)
    metrics, log = Metrics(repository), Log(io.BytesIO())
    return Service(engine, keeper, metrics, log, ApiKeys(keys), admin)


def tensor_of(array, dtype, **fields):
    tensor = message_class("TensorProto")(dtype=dtype, **fields)
    for size in array.shape:
        tensor.tensor_shape.dim.add(size=size)
    return tensor


def sized(*sizes, **fields):
    tensor = message_class("TensorProto")(dtype=1, **fields)
    for size in sizes:
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


def raw_bytes(values):
    """A BYTES tensor: each value after its length."""
    return b"".join(len(value).to_bytes(4, "little") + value for value in values)
