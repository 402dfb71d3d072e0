"""A backbone made ready, and all pictures through it once: the frozen half of a run."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from visus.bundles.runtime import Session
from visus.core.files import digest_of_file
from visus.core.progress import Progress
from visus.data.described import Describer, describe_pictures
from visus.data.feature_cache import FeatureCache
from visus.data.ledger import Ledger
from visus.data.looks import Looks
from visus.data.preprocess import PreprocessSpec
from visus.data.records import ImageDataset
from visus.data.sources.base import Access
from visus.data.stand_ins import STAND_INS
from visus.data.survey import SMALL_SIDE
from visus.models.joined import VERSION, Joined, joined_network
from visus.models.pretrained import BACKBONES, find_backbone
from visus.models.pretrained.card import Card
from visus.models.pretrained.weights import find_weights, weights_here
from visus.pipeline.plan import Plan
from visus.pipeline.prepare import PreparedData, prepare_scanned
from visus.tasks.base import Head
from visus.training.head.config import FrozenConfig

Floats = NDArray[np.float32]
Pixels = NDArray[np.uint8]
# The middle of a photograph, closer and wider than a backbone usually looks at it.
CLOSE, WIDE = 0.7, 1.0


@dataclass(frozen=True)
class ReadyBackbone:
    """A backbone whose graph and weights are here.

    Args:
        card: what is known of it.
        weights: its file.
        digest: SHA-256 of that.
        spec: how pictures are prepared.
        joined: its graphs, with a head whose numbers are to be replaced.
    """

    card: Card
    weights: Path
    digest: str
    spec: PreprocessSpec
    joined: Joined

    @cached_property
    def session(self) -> Session:
        """The running graph of the features.

        Made for the first picture that has to be looked at: a refit has none.
        """
        return Session(self.joined.features, threads=1)

    def describer(self) -> Describer:
        """What gives the features of pictures as they are."""
        return self._describer("", self.spec, self._as_they_are)

    def view_describers(self, views: str) -> dict[str, tuple[Describer, ...]]:
        """What gives the features of other views, by the choices they are for.

        Args:
            views: of `frozen.views`; "auto" asks for all.
        """
        flip = self._describer("flip", self.spec, self._flipped)
        closer, wider = (
            self._describer("", self._cropped(share), self._as_they_are)
            for share in (CLOSE, WIDE)
        )
        choices = {"flip": (flip,), "crops": (flip, closer, wider)}
        return {n: v for n, v in choices.items() if views in (n, "auto")}

    def _as_they_are(self, pixels: Pixels) -> Floats:
        return self.session.scores(pixels)

    def stand_in_describers(self) -> dict[str, Describer]:
        """What gives the features of stand-ins of foreign pictures, by their kind."""
        return {
            name: self._describer(
                f"stand-in {name}", self.spec, partial(self._stood_in, made)
            )
            for name, made in STAND_INS.items()
        }

    def _stood_in(self, made: Callable[[Pixels], Pixels], pixels: Pixels) -> Floats:
        return self.session.scores(made(pixels))

    def _flipped(self, pixels: Pixels) -> Floats:
        return self.session.scores(np.ascontiguousarray(pixels[:, :, ::-1]))

    def _cropped(self, share: float) -> PreprocessSpec:
        return self.spec.model_copy(update={"fit": "crop", "crop_share": share})

    def _describer(
        self, view: str, spec: PreprocessSpec, describe: Callable[[Pixels], Floats]
    ) -> Describer:
        words = f"{VERSION} {self.card.name} {self.digest} {view}".rstrip()
        cache = FeatureCache.of(words, spec, self.card.feature_count)
        return Describer(describe, spec, cache, f"Looking with {self.card.name}")


def ready_backbone(plan: Plan, progress: Progress) -> ReadyBackbone:
    """Find the weights and make the graphs, from what is kept or once with Keras.

    Raises:
        MachineError: the weights are nowhere; three ways to bring them are named.
        ModelError: the file is not of that backbone, or pictures are too small for it.
    """
    name, weights = plan.config.frozen.backbone, weights_of(plan, progress)
    return _ready(name, _card(plan), weights, plan.spec, plan.task.head, progress)


def _ready(
    name: str,
    card: Card,
    weights: Path,
    spec: PreprocessSpec,
    head: Head,
    progress: Progress,
) -> ReadyBackbone:
    # A preset of a library has a name, and no file of its own.
    digest = digest_of_file(weights, "sha256") if weights.is_file() else f"{weights}"

    def features() -> Any:
        with progress.stage(f"Making {card.name} ready, once"):
            return find_backbone(name).features(weights, spec.input_shape)

    words = f"{card.name} {digest} {spec.input_shape}"
    joined = joined_network(card.name, words, features, head)
    return ReadyBackbone(card, weights, digest, spec, joined)


def photographs_seen(
    dataset: ImageDataset, looks: Looks, progress: Progress
) -> Callable[[], Floats] | None:
    """What gives the usual backbone's features of a data set, when they are wanted.

    Args:
        dataset: pictures that can be read.
        looks: one row a record.
        progress: who is told.

    Returns:
        `None` for small pictures, and where the weights are not on this machine.
    """
    longest = np.maximum(looks.heights, looks.widths)
    name = FrozenConfig().backbone
    card: Card = BACKBONES.part(name).facts["card"]
    weights = weights_here(card)
    if float(np.median(longest)) <= SMALL_SIDE or weights is None:
        return None

    def seen() -> Floats:
        head = Head(max(2, len(dataset.class_names)))
        backbone = _ready(name, card, weights, card.spec, head, progress)
        describer = backbone.describer()
        ledger = Ledger(tuple(record.id for record in dataset.records))
        return describe_pictures(dataset, ledger, describer, progress).features

    return seen


def weights_of(plan: Plan, progress: Progress) -> Path:
    """The file of the backbone's weights.

    Raises:
        MachineError: it is nowhere; three ways to bring it are named.
        ModelError: what `frozen.weights` names has none.
    """
    frozen = plan.config.frozen
    given = None if frozen.weights is None else Path(frozen.weights)
    access = Access(plan.config.offline, progress)
    if frozen.backbone in BACKBONES:
        return find_weights(_card(plan), given, access)
    return find_backbone(frozen.backbone).find_weights(given, access)


def _card(plan: Plan) -> Card:
    if plan.backbone is None:
        raise ValueError("the plan has no backbone")
    return plan.backbone


def prepare_described(
    plan: Plan, backbone: ReadyBackbone, progress: Progress
) -> PreparedData:
    """Look at every picture once, account for every file, and split what is usable.

    Raises:
        DataError: too little is usable, or the given test leaks.
    """
    describer = backbone.describer()
    described = describe_pictures(plan.dataset, plan.ledger, describer, progress)
    return prepare_scanned(plan, described, progress)


def describe_views(
    plan: Plan, backbone: ReadyBackbone, data: PreparedData, progress: Progress
) -> dict[str, tuple[Floats, ...]]:
    """Features of the asked views of the training pictures, by the choice for them."""
    train = data.dataset.split("train")
    found: dict[str, tuple[Floats, ...]] = {}
    seen: dict[str, Floats] = {}
    for name, describers in backbone.view_describers(plan.config.frozen.views).items():
        for describer in describers:
            key = describer.cache.key
            if key not in seen:
                described = describe_pictures(train, data.ledger, describer, progress)
                seen[key] = described.features
        found[name] = tuple(seen[d.cache.key] for d in describers)
    return found
