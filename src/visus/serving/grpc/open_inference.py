"""Open Inference Protocol over gRPC, with what Triton's client adds to it."""

import asyncio
from collections.abc import Iterable, Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from visus.serving.best_classes import best_classes
from visus.serving.engine import Engine, Reply
from visus.serving.grpc.calls import Call, Sent
from visus.serving.grpc.contents import FIELDS, read_input
from visus.serving.grpc.messages import message_class
from visus.serving.keeper import Keeper
from visus.serving.listing import counted, index
from visus.serving.offloading import NAMED_NUMBER, NUMBER, in_thread_if_large
from visus.serving.refusals import Code, Refusal, invalid
from visus.serving.served import Served
from visus.serving.signature import (
    INPUT,
    OUTPUT,
    PLATFORM,
    input_datatype,
    takes_pixels,
)
from visus.serving.statistics import Duration
from visus.serving.tensors import BYTES, bytes_of
from visus.serving.versions import MOST_VERSION, Wanted

EXTENSIONS = ("classification", "statistics", "model_configuration")
# Triton's numbers of the types of a model's configuration.
TYPE_UINT8, TYPE_FP32 = 2, 11


class InferenceCalls:
    """GRPCInferenceService.

    Args:
        engine: that answers.
        keeper: loads and drops models; `None`: nobody may ask for that.
    """

    name = "inference.GRPCInferenceService"
    protocol = "open_inference_grpc"

    def __init__(self, engine: Engine, keeper: Keeper | None) -> None:
        self._engine = engine
        self._keeper = keeper

    @property
    def calls(self) -> Mapping[str, Call]:
        """The methods by name."""
        asking = {
            "ModelReady": (self.model_ready, ""),
            "ServerMetadata": (self.server_metadata, ""),
            "ModelMetadata": (self.model_metadata, "metadata"),
            "ModelInfer": (self.infer, "infer"),
            "ModelConfig": (self.model_config, "metadata"),
            "ModelStatistics": (self.statistics, "statistics"),
            "RepositoryIndex": (self.index, "index"),
            "RepositoryModelLoad": (self.load, "load"),
            "RepositoryModelUnload": (self.unload, "unload"),
        }
        calls = {
            name: Call(answer, f"{name}Request", f"{name}Response", kind)
            for name, (answer, kind) in asking.items()
        }
        # As over HTTP, whether it lives and is ready is told to everybody.
        for name, answer in (
            ("ServerLive", self.server_live),
            ("ServerReady", self.server_ready),
        ):
            words = f"{name}Request", f"{name}Response"
            calls[name] = Call(answer, *words, open=True)
        stream = Call(
            self.stream_infer,
            "ModelInferRequest",
            "ModelStreamInferResponse",
            "infer",
            stream=_stream_refusal,
        )
        return calls | {"ModelStreamInfer": stream}

    async def server_live(self, request: Any, sent: Sent) -> Any:
        """Whoever can answer lives."""
        return message_class("ServerLiveResponse")(live=True)

    async def server_ready(self, request: Any, sent: Sent) -> Any:
        """Whether models answer."""
        ready = self._engine.repository.ready
        return message_class("ServerReadyResponse")(ready=ready)

    async def model_ready(self, request: Any, sent: Sent) -> Any:
        """Whether that version of that model answers."""
        wanted = wanted_version(request.name, request.version)
        ready = self._engine.repository.is_ready(wanted)
        return message_class("ModelReadyResponse")(ready=ready)

    async def server_metadata(self, request: Any, sent: Sent) -> Any:
        """Who answers, and what else it can do."""
        extensions = [*EXTENSIONS, *(["model_repository"] if self._keeper else [])]
        return message_class("ServerMetadataResponse")(
            name="visus", version=_own_version(), extensions=extensions
        )

    async def model_metadata(self, request: Any, sent: Sent) -> Any:
        """What goes in and what comes out."""
        served = self._find(request.name, request.version)
        available = self._engine.repository.model(served.name).available
        answer = message_class("ModelMetadataResponse")(
            name=served.name,
            versions=[str(number) for number in sorted(available)],
            platform=PLATFORM,
        )
        answer.inputs.add(
            name=INPUT,
            datatype=input_datatype(served),
            shape=(-1, *served.spec.input_shape),
        )
        answer.outputs.add(name=OUTPUT, datatype="FP32", shape=(-1, served.outputs))
        return answer

    async def model_config(self, request: Any, sent: Sent) -> Any:
        """The same in the words of Triton's configuration."""
        served = self._find(request.name, request.version)
        pixels = takes_pixels(served)
        answer = message_class("ModelConfigResponse")()
        config = answer.config
        config.name, config.platform = served.name, PLATFORM
        config.max_batch_size = self._engine.config.max_batch
        config.input.add(
            name=INPUT,
            data_type=TYPE_UINT8 if pixels else TYPE_FP32,
            dims=served.spec.input_shape,
        )
        config.output.add(name=OUTPUT, data_type=TYPE_FP32, dims=(served.outputs,))
        return answer

    async def infer(self, request: Any, sent: Sent) -> Any:
        """Scores of the tensor or the pictures in `images`."""
        wanted = wanted_version(request.model_name, request.model_version)
        best = _wanted_classes(request)
        inputs = await sent.read(read_input, *_only_input(request))
        patience = _patience(request, sent.seconds)
        reply = await self._engine.ask(wanted, inputs, patience)
        answer = message_class("ModelInferResponse")(
            model_name=reply.served.name,
            model_version=str(reply.served.version),
            id=request.id,
        )
        size = reply.scores.size * (NAMED_NUMBER if best else NUMBER)
        raw = bool(request.raw_input_contents)
        await in_thread_if_large(size, _write_output, answer, reply, best, raw)
        return answer

    async def stream_infer(self, request: Any, sent: Sent) -> Any:
        """One request of a stream."""
        answered = await self.infer(request, sent)
        return message_class("ModelStreamInferResponse")(infer_response=answered)

    async def statistics(self, request: Any, sent: Sent) -> Any:
        """What was answered, and how long it took."""
        answer = message_class("ModelStatisticsResponse")()
        name, number = request.name, request.version
        wanted = wanted_version(name, number) if name else None
        for served in counted(self._engine.repository, wanted):
            _count(answer.model_stats.add(), served)
        return answer

    async def index(self, request: Any, sent: Sent) -> Any:
        """All versions that were met, and whether they answer."""
        answer = message_class("RepositoryIndexResponse")()
        for one in index(self._engine.repository, ready_only=request.ready):
            answer.models.add(**vars(one))
        return answer

    async def load(self, request: Any, sent: Sent) -> Any:
        """Load a model, or load it again."""
        name = await self._change("load", request)
        return message_class("RepositoryModelLoadResponse")(
            model_name=name, is_loaded=True
        )

    async def unload(self, request: Any, sent: Sent) -> Any:
        """Drop a model until it is asked for again."""
        name = await self._change("unload", request)
        return message_class("RepositoryModelUnloadResponse")(
            model_name=name, is_unloaded=True
        )

    async def _change(self, what: str, request: Any) -> str:
        if self._keeper is None:
            raise Refusal(
                Code.PERMISSION_DENIED,
                f"This server does not {what} models when it is asked to.",
                "a server that was started with --admin.",
                "Start it so, or change the folder of its models.",
            )
        # See the table of messages: KServe's clients use the first field.
        name = request.model_name or request.repository_name
        await asyncio.to_thread(getattr(self._keeper, what), name)
        return str(name)

    def _find(self, name: str, number: str) -> Served:
        return self._engine.repository.find(wanted_version(name, number))


def wanted_version(name: str, number: str) -> Wanted:
    """A model by name and by the digits of a version; none: the latest."""
    if not number:
        return Wanted(name)
    # Python reads no number of thousands of digits.
    plain = number.isascii() and number.isdecimal() and len(number) <= 19
    if not (plain and int(number) <= MOST_VERSION):
        raise invalid(
            f"The version {number[:64]!r}.",
            "a whole number.",
            "Send digits, or nothing for the latest version.",
        )
    return Wanted(name, int(number))


def _write_output(answer: Any, reply: Reply, best: int, raw: bool) -> None:
    """All scores, or so many best classes: as bytes where the request came so."""
    tensor = answer.outputs.add(name=OUTPUT)
    if best:
        rows = best_classes(reply, best)
        told = [text for row in rows for text in row]
        tensor.datatype = BYTES
        tensor.shape.extend((len(rows), len(rows[0])))
        content = bytes_of(told)
        values: Iterable[Any] = (text.encode() for text in told)
    else:
        tensor.datatype = "FP32"
        tensor.shape.extend(reply.scores.shape)
        content = reply.scores.astype("<f4", copy=False).tobytes()
        values = reply.scores.ravel().tolist()
    if raw:
        answer.raw_output_contents.append(content)
    else:
        getattr(tensor.contents, FIELDS[tensor.datatype]).extend(values)


def _only_input(request: Any) -> tuple[Any, bytes | None]:
    raw = request.raw_input_contents
    names = [tensor.name for tensor in request.inputs]
    if names != [INPUT]:
        raise invalid(
            f"The inputs {', '.join(map(repr, names)) or 'none'}.",
            f"one input, {INPUT!r}.",
            f"Name the input {INPUT!r}.",
        )
    if raw and (len(raw) != 1 or request.inputs[0].HasField("contents")):
        raise invalid(
            f"{len(raw)} raw contents beside typed ones."
            if len(raw) == 1
            else f"{len(raw)} raw contents for one input.",
            "one entry of raw_input_contents, or contents in the input.",
            "Send the values once.",
        )
    return request.inputs[0], raw[0] if raw else None


def _wanted_classes(request: Any) -> int:
    """How many classes the output is to be told in; 0: it is to be scores."""
    names = [tensor.name for tensor in request.outputs]
    for name in names:
        if name != OUTPUT or names.count(name) > 1:
            raise invalid(
                f"The outputs {', '.join(map(repr, names))}.",
                f"{OUTPUT!r}, once.",
                f"Ask for {OUTPUT!r}, or for nothing, which is everything.",
            )
    if not names or "classification" not in request.outputs[0].parameters:
        return 0
    count = int(request.outputs[0].parameters["classification"].int64_param)
    if count < 1:
        raise invalid(f"{count} classes.", "one or more.", "Ask for one or more.")
    return count


def _own_version() -> str:
    try:
        return version("visus")
    except PackageNotFoundError:
        # Run from its source.
        return "unknown"


def _patience(request: Any, seconds: float | None) -> float | None:
    """Triton's clients can name a shorter wait, in microseconds."""
    asked = request.parameters["timeout"].int64_param if request.parameters else 0
    waits = [wait for wait in (seconds, asked / 1e6) if wait]
    return min(waits, default=None)


def _stream_refusal(refusal: Refusal) -> Any:
    return message_class("ModelStreamInferResponse")(error_message=refusal.words)


def _count(told: Any, served: Served) -> None:
    own = served.statistics
    with own.lock:
        told.name, told.version = served.name, str(served.version)
        told.last_inference = own.last_inference_ms
        told.inference_count = own.inference_count
        told.execution_count = own.execution_count
        stats = told.inference_stats
        _add(stats.success, own.success)
        _add(stats.fail, own.fail)
        _add(stats.queue, own.queue)
        _add(stats.compute_infer, own.compute)
        for size, duration in sorted(own.batches.items()):
            batch = told.batch_stats.add(batch_size=size)
            _add(batch.compute_infer, duration)


def _add(told: Any, duration: Duration) -> None:
    told.count, told.ns = duration.count, round(duration.seconds * 1e9)
