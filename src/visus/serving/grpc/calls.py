"""What all calls share: messages in and out, refusals as status codes, keys, counting.

A function of a service takes its request's message and the seconds that the client is
still willing to wait, and gives the answer's message; it knows nothing of gRPC.
"""

import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import grpc
from google.protobuf.message import DecodeError

from visus.serving.grpc.messages import message_class
from visus.serving.keys import bearer
from visus.serving.refusals import Code, Refusal, invalid
from visus.serving.service import Service

# What a client may see of a status; gRPC puts it into a header.
MOST_DETAILS = 2000
_CODES = {code.value[0]: code for code in grpc.StatusCode}


@dataclass(frozen=True)
class Call:
    """One method of a service.

    Args:
        answer: from the request, and the seconds that are left, to the answer.
        request: name of the request's message.
        response: name of the answer's message.
        counted: what metrics call it; empty: it is not counted.
        stream: many requests on one call, answered in their order; a refusal ends
            only its own request and is put into an answer by this function.
    """

    answer: Callable[[Any, float | None], Awaitable[Any]]
    request: str
    response: str
    counted: str = ""
    stream: Callable[[Refusal], Any] | None = None


class Calls(Protocol):
    """A gRPC service: its full name, what metrics call its protocol, its methods."""

    name: str
    protocol: str

    @property
    def calls(self) -> Mapping[str, Call]:
        """The methods by name."""


def service_handler(calls: Calls, service: Service) -> grpc.GenericRpcHandler:
    """What a gRPC server needs to know of a service."""
    handlers = {
        method: _Handling(call, calls.protocol, service).handler()
        for method, call in calls.calls.items()
    }
    return grpc.method_handlers_generic_handler(calls.name, handlers)


@dataclass(frozen=True)
class _Handling:
    call: Call
    protocol: str
    service: Service

    def handler(self) -> grpc.RpcMethodHandler:
        # Requests arrive as bytes: what does not parse is the sender's mistake, which
        # gRPC itself would call unknown and write into the log.
        codec = message_class(self.call.response).SerializeToString
        if self.call.stream is None:
            return grpc.unary_unary_rpc_method_handler(
                self._unary, response_serializer=codec
            )
        return grpc.stream_stream_rpc_method_handler(
            self._stream, response_serializer=codec
        )

    async def _unary(self, content: bytes, context: Any) -> Any:
        try:
            self._require_key(context)
            return await self._counted(content, context)
        except Refusal as refusal:
            await _abort(context, refusal)

    async def _stream(
        self, contents: AsyncIterator[bytes], context: Any
    ) -> AsyncIterator[Any]:
        try:
            self._require_key(context)
        except Refusal as refusal:
            await _abort(context, refusal)
        async for content in contents:
            try:
                yield await self._counted(content, context)
            except Refusal as refusal:
                if self.call.stream is not None:
                    yield self.call.stream(refusal)

    async def _counted(self, content: bytes, context: Any) -> Any:
        began, code, request = time.monotonic(), Code.OK, None
        try:
            request = _parsed(self.call.request, content)
            return await self.call.answer(request, context.time_remaining())
        except Refusal as refusal:
            code = refusal.code
            raise
        except Exception as error:
            # One request must not end the server, nor tell a client how it is made.
            code = Code.INTERNAL
            self.service.log.tell(
                "grpc_failed", method=self.call.counted, reason=repr(error)
            )
            raise _unforeseen(error) from error
        finally:
            if self.call.counted:
                self._count(_model_of(request), code, time.monotonic() - began)

    def _count(self, model: str, code: Code, seconds: float) -> None:
        self.service.metrics.seen(
            model, self.protocol, self.call.counted, code, seconds
        )

    def _require_key(self, context: Any) -> None:
        if self.service.keys.needed:
            sent = {key: value for key, value in context.invocation_metadata() or ()}
            key = sent.get("x-api-key") or bearer(str(sent.get("authorization", "")))
            self.service.keys.require(str(key) if key else None)


def _model_of(request: Any) -> str:
    """The model that a request names, whatever its protocol calls that."""
    if hasattr(request, "model_spec"):
        return str(request.model_spec.name)
    return str(getattr(request, "model_name", ""))


def _parsed(name: str, content: bytes) -> Any:
    try:
        return message_class(name).FromString(content)
    except DecodeError as error:
        raise invalid(
            f"{len(content):,} bytes that are no {name}.",
            "a message of this protocol.",
            "Use a client that is made for it.",
        ) from error


async def _abort(context: Any, refusal: Refusal) -> None:
    await context.abort(_CODES[refusal.code], refusal.words[:MOST_DETAILS])


def _unforeseen(error: Exception) -> Refusal:
    return Refusal(
        Code.INTERNAL,
        received=f"The server failed: {type(error).__name__}.",
        expected="an answer.",
        remedy="See the server's log.",
    )
