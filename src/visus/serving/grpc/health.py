"""grpc.health.v1: what load balancers and orchestrators ask.

The package `grpcio-health-checking` demands a newer protobuf than most clients allow,
and these are two messages of one field.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import grpc

from visus.serving.grpc.messages import message_class

SERVICE = "grpc.health.v1.Health"
SERVING, NOT_SERVING, SERVICE_UNKNOWN = 1, 2, 3
# How often those who watch are told of a change.
LOOK_SECONDS = 1.0


def health_handler(
    ready: Callable[[], bool],
    draining: Callable[[], bool],
    services: tuple[str, ...],
) -> grpc.GenericRpcHandler:
    """Check and Watch.

    Args:
        ready: whether the server may be sent requests.
        draining: whether it is about to stop, and waits for what has begun.
        services: names that may be asked about; the empty one is the whole server.
    """
    answered = message_class("HealthCheckResponse")

    def status(request: Any) -> int:
        if request.service and request.service not in services:
            return SERVICE_UNKNOWN
        return SERVING if ready() else NOT_SERVING

    async def check(request: Any, context: Any) -> Any:
        found = status(request)
        if found == SERVICE_UNKNOWN:
            await context.abort(grpc.StatusCode.NOT_FOUND, "Unknown service.")
        return answered(status=found)

    async def watch(request: Any, context: Any) -> AsyncIterator[Any]:
        told = None
        while True:
            # Before the status: whoever watches hears of the end, and then it is one.
            last = draining()
            found = status(request)
            if found != told:
                yield answered(status=found)
            told = found
            if last:
                # Who watches must not keep the server from its end.
                return
            await asyncio.sleep(LOOK_SECONDS)

    codecs = {
        "request_deserializer": message_class("HealthCheckRequest").FromString,
        "response_serializer": answered.SerializeToString,
    }
    handlers = {
        "Check": grpc.unary_unary_rpc_method_handler(check, **codecs),
        "Watch": grpc.unary_stream_rpc_method_handler(watch, **codecs),
    }
    return grpc.method_handlers_generic_handler(SERVICE, handlers)
