"""How answers are made: batches, queues, deadlines, workers."""

import re
from typing import Literal

from pydantic import Field, field_validator, model_validator

from visus.core.settings import Settings
from visus.serving.versions import Policy

InputRange = Literal["pixels", "unit"]
_ORIGIN = re.compile(r"[a-z][a-z0-9+.-]*://[a-z0-9._:\[\]-]+")


class EngineConfig(Settings):
    """Every choice about answering, whatever the protocol."""

    input: InputRange = Field(
        "pixels", description="values of tensors: pixels is 0..255, unit is 0..1"
    )
    max_batch: int = Field(32, ge=1, le=64, description="pictures in one run")
    max_delay_seconds: float = Field(
        0.0, ge=0, le=1, description="how long a run waits for more pictures"
    )
    max_queue: int = Field(
        512, ge=1, description="pictures that may wait, for each model"
    )
    deadline_seconds: float = Field(
        30.0, gt=0, description="how long a request may take from its last byte"
    )
    workers: int | None = Field(
        None, ge=1, le=256, description="runs at once, for each model; else one a core"
    )
    threads: int = Field(1, ge=1, le=256, description="cores that share one run")
    decoders: int | None = Field(
        None, ge=1, le=256, description="pictures decoded at once; else one a core"
    )
    max_pictures: int = Field(
        100_000, ge=1, description="pictures in one request, where its size allows"
    )
    max_pixel_bytes: int = Field(
        256 * 2**20, ge=1, description="of one request's pictures, once prepared"
    )


class ExplainConfig(Settings):
    """How much of the machine explanations may take: each asks a network often."""

    enabled: bool = Field(True, description="answer POST /explain")
    workers: int = Field(1, ge=1, le=64, description="answers explained at once")
    max_queue: int = Field(
        8, ge=1, description="that are explained or wait for it; then 503"
    )
    deadline_seconds: float = Field(
        60.0, gt=0, description="from the question to its answer"
    )


class HttpConfig(Settings):
    """What HTTP clients may ask for, and how long they may take."""

    host: str = Field("127.0.0.1", description="address that is listened to")
    port: int = Field(8501, ge=0, le=65535, description="0: any free one")
    max_body_bytes: int = Field(
        64 * 2**20, ge=1, description="of a request, also once unpacked"
    )
    max_header_bytes: int = Field(64 * 2**10, ge=1024, description="of a request")
    max_parts: int = Field(256, ge=1, description="files in one form")
    max_brackets: int = Field(
        1_000_000, ge=1, description="lists and objects in one JSON text"
    )
    header_seconds: float = Field(10.0, gt=0, description="for a request's header")
    body_seconds: float = Field(30.0, gt=0, description="for its body")
    idle_seconds: float = Field(65.0, gt=0, description="between two requests")
    max_connections: int = Field(1000, ge=1, description="at one time")
    tls_cert: str | None = Field(None, description="PEM file of the certificate")
    tls_key: str | None = Field(None, description="PEM file of its key")
    allow_urls: bool = Field(False, description="fetch pictures from public addresses")
    cors: tuple[str, ...] = Field(
        (), description="origins whose pages may ask, such as https://a.example; *: all"
    )
    log_requests: bool = Field(True, description="one line of log a request")

    @field_validator("cors")
    @classmethod
    def _origins_as_browsers_send_them(cls, cors: tuple[str, ...]) -> tuple[str, ...]:
        for origin in cors:
            if origin != "*" and not _ORIGIN.fullmatch(origin):
                # Compared letter by letter: any other would never match.
                raise ValueError(
                    f"{origin!r} is no origin, such as https://a.example or "
                    "http://localhost:3000: in small letters, without a path"
                )
        return cors

    @model_validator(mode="after")
    def _a_key_needs_its_certificate(self) -> "HttpConfig":
        if self.tls_key and not self.tls_cert:
            # Served without TLS, it would look as if it had it.
            raise ValueError("tls_key needs tls_cert")
        return self


class ServingConfig(Settings):
    """Every choice about a server; `--set engine.max_batch=8` and so on."""

    engine: EngineConfig = Field(default_factory=EngineConfig)
    http: HttpConfig = Field(default_factory=HttpConfig)
    explain: ExplainConfig = Field(default_factory=ExplainConfig)
    policy: Policy = Field(
        default_factory=Policy, description="of models that have no serving.toml"
    )
    poll_seconds: float | None = Field(
        None, gt=0, description="look for new versions so often"
    )
    drain_seconds: float = Field(
        25.0, ge=0, description="that requests have left once the server is to stop"
    )
    admin: bool = Field(False, description="clients may load and unload models")
