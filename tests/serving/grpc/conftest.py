"""One gRPC server with two models for all tests of this folder."""

import pytest

from grpc_asker import PIXELS, Asker, served_models
from served import write_bundle

ONE_NUMBER = {"name": "numeric", "mean": 0.0, "spread": 1.0}


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    write_bundle(folder / "digits.visus")
    write_bundle(folder / "age.visus", names=("years",), task=ONE_NUMBER)
    with served_models(folder, ["digits", "age"]) as (port, service, _):
        yield Asker(port), service


@pytest.fixture
def asker(models):
    return models[0]


@pytest.fixture
def expected(models):
    return models[1].repository.model("digits").latest.bundle.scores(PIXELS)
