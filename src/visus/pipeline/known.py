"""Pictures that a model has learned from, found again by their content."""

import hashlib

import numpy as np
from numpy.typing import NDArray

from visus.bundles import Bundle
from visus.core.errors import DataError, ModelError
from visus.data.described import Describer, describe_pictures
from visus.data.feature_cache import FeatureCache
from visus.data.sources import read_source
from visus.data.sources.base import Access
from visus.explanation.known import KnownPictures

Floats = NDArray[np.float32]
Pixels = NDArray[np.uint8]


class NothingLearned(DataError):
    """The model has learned from none of a source's pictures."""


def known_pictures(bundle: Bundle, source: str, access: Access) -> KnownPictures:
    """The pictures of a source that the bundle has learned from, with their features.

    Features are kept under `VISUS_HOME` by the network's graph and the picture's
    content: the second question about a model looks at no picture again.

    Raises:
        NothingLearned: none of the pictures was learned from.
        ModelError: the network has no features.
    """
    # A server that explains needs none of it, and has no `onnx`.
    from visus.bundles.inner import InnerSession

    inner = InnerSession(bundle.contents.graph)

    def features_of(pixels: Pixels) -> Floats:
        features = inner.answer(pixels)[1]
        if features is None:
            raise _no_features(bundle)
        return features

    width = features_of(np.zeros((1, *bundle.spec.input_shape), np.uint8)).shape[1]
    graph = hashlib.sha256(bundle.contents.graph).hexdigest()
    describer = Describer(
        describe=features_of,
        spec=bundle.spec,
        cache=FeatureCache.of(f"bundle {graph}", bundle.spec, width),
        label="Looking at the pictures it learned from",
    )
    dataset, ledger = read_source(source, access)
    described = describe_pictures(dataset, ledger, describer, access.progress)
    hashes = (record.content_hash for record in described.dataset.records)
    rows = np.flatnonzero(bundle.trained_on(hashes, labelled=True))
    if not len(rows):
        raise NothingLearned(
            received=f"Of {dataset.name}, the model has learned from no picture.",
            expected="the data that it learned from, unchanged.",
            remedy="Name that folder or table with --data.",
        )
    return KnownPictures(
        records=tuple(described.dataset.records[row] for row in rows),
        features=described.features[rows],
        pixels=lambda row: np.asarray(described.pictures.pixels[rows[[row]]][0]),
        features_of=features_of,
    )


def _no_features(bundle: Bundle) -> ModelError:
    return ModelError(
        received=f"The network of {bundle.path} does not end in a linear layer of a "
        "usable width.",
        expected="features to compare pictures by.",
        remedy="Use another method: --method occlusion, for example.",
    )
