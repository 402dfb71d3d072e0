"""The small networks, each in turn."""

import keras
import pytest

from explained_networks import NETWORKS, randomised


@pytest.fixture(params=list(NETWORKS), scope="session")
def network(request) -> keras.Model:
    """Random weights, the same every time."""
    return randomised(NETWORKS[request.param]())
