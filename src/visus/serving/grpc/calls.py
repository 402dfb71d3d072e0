"""What all calls share: messages in and out, refusals as status codes, deadlines.

A function of a service takes its request's message and the seconds that the client is
still willing to wait, and gives the answer's message; it knows nothing of gRPC.
"""

import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from visus.serving.refusals import Code, Refusal, invalid

import grpc
from google.protobuf.message import DecodeError
from visus.serving.grpc.messages import message_class

# What a client may see of a status; gRPC puts it into a header.
MOST_DETAILS = 2000

Answering = Callable[[Any, float | None], Awaitable[Any]]
# Whether a caller with these metadata may be answered, as `Refusal` or nothing.
Admission = Callable[[Mapping[str, str], str], None]

_log = logging.getLogger("visus.serving")
_CODES = {code.value[0]: code for code in grpc.StatusCode}


@dataclass(frozen=True)
class Call:
    """One method of a service.

    Args:
        answer: from the request to the answer.
        request: name of the request's message.
        response: name of the answer's message.
        stream: many requests on one call, answered in their order; a refusal ends
            only its own request and is put into an answer by this function.
        admin: changes what the server does.
    """

    answer: Answering
    request: str
    response: str
    stream: Callable[[Refusal], Any] | None = None
    admin: bool = False


def service_handler(
    name: str, calls: Mapping[str, Call], admit: Admission
) -> grpc.GenericRpcHandler:
    """What a gRPC server needs to know of a service."""
    handlers = {method: _handler(call, admit) for method, call in calls.items()}
    return grpc.method_handlers_generic_handler(name, handlers)


def _handler(call: Call, admit: Admission) -> grpc.RpcMethodHandler:
    # Requests arrive as bytes: what does not parse is the sender's mistake, which gRPC
    # itself would call unknown and write into the log.
    written = {"response_serializer": message_class(call.response).SerializeToString}
    if call.stream is None:
        return grpc.unary_unary_rpc_method_handler(_unary(call, admit), **written)
    return grpc.stream_stream_rpc_method_handler(_stream(call, admit), **written)


def _unary(call: Call, admit: Admission) -> Callable[[Any, Any], Awaitable[Any]]:
    async def answer(content: bytes, context: Any) -> Any:
        try:
            _admit(call, admit, context)
            request = _parsed(call.request, content)
            return await call.answer(request, context.time_remaining())
        except Refusal as refusal:
            await _abort(context, refusal)
        except Exception as error:  # noqa: BLE001
            # One request must not end the server, nor tell a client how it is made.
            await _abort(context, _unforeseen(error))

    return answer


def _stream(call: Call, admit: Admission) -> Callable[[Any, Any], AsyncIterator[Any]]:
    async def answer(
        contents: AsyncIterator[bytes], context: Any
    ) -> AsyncIterator[Any]:
        try:
            _admit(call, admit, context)
        except Refusal as refusal:
            await _abort(context, refusal)
        async for content in contents:
            try:
                request = _parsed(call.request, content)
                yield await call.answer(request, context.time_remaining())
            except Refusal as refusal:
                yield call.stream(refusal)
            except Exception as error:  # noqa: BLE001
                yield call.stream(_unforeseen(error))

    return answer


def _admit(call: Call, admit: Admission, context: Any) -> None:
    metadata = context.invocation_metadata() or ()
    told = {key: value for key, value in metadata if isinstance(value, str)}
    admit(told, "admin" if call.admin else "")


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
    _log.error("A gRPC call failed.", exc_info=error)
    return Refusal(
        Code.INTERNAL,
        received=f"The server failed: {type(error).__name__}.",
        expected="an answer.",
        remedy="See the server's log.",
    )
