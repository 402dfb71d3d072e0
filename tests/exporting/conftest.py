"""One small bundle for all tests of exporting."""

import pytest

from small_bundle import make_bundle


@pytest.fixture(scope="session")
def bundle(tmp_path_factory):
    return make_bundle(tmp_path_factory.mktemp("exporting") / "model.visus")
