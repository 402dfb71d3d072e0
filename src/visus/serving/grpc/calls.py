"""What all calls share: messages in and out, refusals as status codes, keys, counting.

A function of a service takes its request's message and what else is known of it, and
gives the answer's message; it knows nothing of gRPC.
"""

import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import grpc
from google.protobuf.message import DecodeError

from visus.serving.grpc.messages import message_class
from visus.serving.keys import bearer
from visus.serving.offloading import Made, in_thread_if_large
from visus.serving.refusals import Code, Refusal, invalid, readable
from visus.serving.request_ids import request_id
from visus.serving.service import Service

# What a client may see of a status; gRPC puts it into a header.
MOST_DETAILS = 2000
_CODES = {code.value[0]: code for code in grpc.StatusCode}


@dataclass(frozen=True)
class Sent:
    """What is known of a request beside its message.

    Args:
        seconds: that the client is still willing to wait; `None`: it did not say.
        size: of the message, in bytes.
    """

    seconds: float | None
    size: int

    async def read(self, read: Callable[..., Made], *words: Any) -> Made:
        """`read(*words)` about the message: in a thread where it is large."""
        return await in_thread_if_large(self.size, read, *words)


@dataclass(frozen=True)
class Call:
    """One method of a service.

    Args:
        answer: from the request, and what else is known of it, to the answer.
        request: name of the request's message.
        response: name of the answer's message.
        counted: what metrics call it; empty: it is not counted.
        open: whether it needs no key.
        stream: many requests on one call, answered in their order; a refusal ends
            only its own request and is put into an answer by this function.
    """

    answer: Callable[[Any, Sent], Awaitable[Any]]
    request: str
    response: str
    counted: str = ""
    open: bool = False
    stream: Callable[[Refusal], Any] | None = None


class Calls(Protocol):
    """A gRPC service: its full name, what metrics call its protocol, its methods."""

    name: str
    protocol: str

    @property
    def calls(self) -> Mapping[str, Call]:
        """The methods by name."""


def service_handler(
    calls: Calls, service: Service, *, log_requests: bool
) -> grpc.GenericRpcHandler:
    """What a gRPC server needs to know of a service."""
    handlers = {
        method: _Handling(call, calls.protocol, service, log_requests).handler()
        for method, call in calls.calls.items()
    }
    return grpc.method_handlers_generic_handler(calls.name, handlers)


@dataclass(frozen=True)
class _Handling:
    call: Call
    protocol: str
    service: Service
    log_requests: bool

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
        sent = _metadata(context)
        name = request_id(sent.get("x-request-id", ""))
        context.set_trailing_metadata((("x-request-id", name),))
        try:
            self._require_key(sent)
            return await self._noted(content, context, name)
        except Refusal as refusal:
            await _abort(context, refusal)

    async def _stream(
        self, contents: AsyncIterator[bytes], context: Any
    ) -> AsyncIterator[Any]:
        sent = _metadata(context)
        try:
            self._require_key(sent)
        except Refusal as refusal:
            await _abort(context, refusal)
        async for content in contents:
            try:
                yield await self._noted(content, context, request_id(""))
            except Refusal as refusal:
                if self.call.stream is not None:
                    yield self.call.stream(refusal)

    async def _noted(self, content: bytes, context: Any, name: str) -> Any:
        """Answer one request, and count it and log it however it ends."""
        began, code, request = time.monotonic(), Code.CANCELLED, None
        try:
            # In a thread where it is large: others are answered meanwhile.
            size, name_of_it = len(content), self.call.request
            request = await in_thread_if_large(size, _parsed, name_of_it, content)
            sent = Sent(context.time_remaining(), size)
            answer = await self.call.answer(request, sent)
            code = Code.OK
            return answer
        except Refusal as refusal:
            code = refusal.code
            raise
        except Exception as error:
            # One request must not end the server, nor tell a client how it is made.
            code = Code.INTERNAL
            self.service.log.tell("grpc_failed", id=name, reason=repr(error))
            raise _unforeseen(error) from error
        finally:
            if self.call.counted:
                self._note(name, _model_of(request), code, time.monotonic() - began)

    def _note(self, name: str, model: str, code: Code, seconds: float) -> None:
        method = self.call.counted
        self.service.metrics.seen(model, self.protocol, method, code, seconds)
        if self.log_requests:
            self.service.log.add(
                "request",
                {
                    "id": name,
                    "protocol": self.protocol,
                    "method": method,
                    "model": model[:100],
                    "code": code.name,
                    "seconds": round(seconds, 6),
                },
            )

    def _require_key(self, sent: Mapping[str, str]) -> None:
        if self.service.keys.needed and not self.call.open:
            key = sent.get("x-api-key") or bearer(sent.get("authorization", ""))
            self.service.keys.require(key)


def _metadata(context: Any) -> dict[str, str]:
    """What came beside the message; values may be bytes, of which none are ours."""
    sent = context.invocation_metadata() or ()
    return {key: value for key, value in sent if isinstance(value, str)}


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
    await context.abort(_CODES[refusal.code], readable(refusal.words)[:MOST_DETAILS])


def _unforeseen(error: Exception) -> Refusal:
    return Refusal(
        Code.INTERNAL,
        received=f"The server failed: {type(error).__name__}.",
        expected="an answer.",
        remedy="See the server's log.",
    )
