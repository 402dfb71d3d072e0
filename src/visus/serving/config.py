"""How answers are made: batches, queues, deadlines, workers."""

from typing import Literal

from pydantic import Field

from visus.core.settings import Settings

InputRange = Literal["pixels", "unit"]


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
