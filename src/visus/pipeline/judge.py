"""The tests of explanations, asked of every map of one picture."""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from visus.bundles.runtime import Session
from visus.bundles.shuffled import shuffled_graph
from visus.core.errors import ConfigError, ModelError, VisusError
from visus.core.registry import Part
from visus.data.decode import decode_image, read_file
from visus.data.sources import read_source
from visus.data.sources.base import Access
from visus.explanation import EXPLAINERS
from visus.explanation.base import (
    Explainer,
    Floats,
    HeatMap,
    MapExplainer,
    Pixels,
    Plates,
    Subject,
)
from visus.explanation.faithfulness import (
    Curves,
    Faith,
    curves_of,
    random_curves,
)
from visus.explanation.marked import mask_of
from visus.explanation.pointing_game import hits
from visus.explanation.sanity import SHUFFLES, Sanity, sanity_of
from visus.models.opened import OpenedNetwork
from visus.models.shuffled import ShuffledNetworks
from visus.pipeline.known import NothingLearned
from visus.pipeline.question import Opened, make_explainer

BASELINE = "random-map"
ShuffledNetwork = tuple[Callable[[Pixels], Floats], Callable[[], OpenedNetwork]]


@dataclass(frozen=True)
class Judged:
    """What one method gave, and how it stood the tests.

    Args:
        part: of the registry.
        found: what it gave; `None` where it does not apply.
        reason: why it does not apply.
        faith: deletion and insertion against chance; of maps only.
        sanity: whether the map hangs on the weights.
        hit: whether its strongest place lies on the thing; `None`: not known.
    """

    part: Part
    found: HeatMap | Plates | None
    reason: str = ""
    faith: Faith | None = None
    sanity: Sanity | None = None
    hit: bool | None = None

    @property
    def faults(self) -> tuple[str, ...]:
        """Why the map is not to be trusted; the baseline has no such duty."""
        if self.part.name == BASELINE or self.faith is None or self.sanity is None:
            return ()
        found = []
        if not self.faith.beats_random:
            count = len(self.faith.random)
            found.append(
                f"it beats {self.faith.beaten} of {count} maps drawn by chance"
            )
        if not self.sanity.changes:
            found.append(
                "it hardly changes when the weights are shuffled "
                f"(rank correlation {self.sanity.likeness:.2f})"
            )
        return tuple(found)

    def to_json(self) -> dict[str, Any]:
        """As `visus explain --all --json` prints it, without what was not measured."""
        told: dict[str, Any] = {"method": self.part.name}
        if self.found is None:
            return told | {"does_not_apply": self.reason}
        if self.faith is not None and self.sanity is not None:
            told |= {
                "deletion": self.faith.curves.deletion_area,
                "insertion": self.faith.curves.insertion_area,
                "random_maps_beaten": self.faith.beaten,
                "random_maps": len(self.faith.random),
                "likeness_with_shuffled_weights": self.sanity.likeness,
            }
            if self.part.name != BASELINE:
                told |= {"trusted": not self.faults, "faults": list(self.faults)}
        return told if self.hit is None else told | {"points_at_it": self.hit}


class Judge:
    """Asks all methods of one picture, and tests their maps.

    Args:
        opened: the model and the picture.
    """

    def __init__(self, opened: Opened) -> None:
        self.opened = opened
        self.subject = opened.subject()

    def beside(self, pixels: Pixels) -> "Judge":
        """The same networks asked of another picture; to open them takes seconds.

        Args:
            pixels: uint8 `(height, width, channels)`, prepared.
        """
        other = Judge(replace(self.opened, pixels=pixels))
        other.subject = replace(other.subject, opened=self.subject.opened)
        other.shuffled_networks = self.shuffled_networks
        return other

    def all(self, methods: Collection[str] | None = None) -> Iterator[Judged]:
        """Every method in turn, or these; those that do not apply say why."""
        parts = [p for p in EXPLAINERS if methods is None or p.name in methods]
        with self.opened.progress.stage("Explaining and testing", len(parts)):
            for part in parts:
                yield self.one(part)
                self.opened.progress.advance()

    def one(self, part: Part) -> Judged:
        """One method."""
        explainer = make_explainer(part, self.opened.question.settings)
        try:
            found = explainer.explain(self.subject)
        except (ConfigError, ModelError, NothingLearned) as error:
            return Judged(part, None, _reason(error))
        if isinstance(found, Plates):
            return Judged(part, found)
        faith = Faith(curves_of(self.subject, found.values), self.random)
        return Judged(
            part,
            found,
            faith=faith,
            sanity=self._sanity(found, explainer),
            hit=None if self.mask is None else hits(found.values, self.mask),
        )

    @cached_property
    def random(self) -> tuple[Curves, ...]:
        """The curves of maps drawn by chance."""
        return random_curves(self.subject)

    @cached_property
    def mask(self) -> NDArray[np.bool_] | None:
        """Where the thing lies, if `--data` tells of this very file."""
        question = self.opened.question
        if question.data is None:
            return None
        access = Access(question.offline, self.opened.progress)
        dataset, _ = read_source(question.data, access)
        here = question.picture.resolve()
        for record in dataset.records:
            location = record.location
            if not (record.boxes and isinstance(location, Path)):
                continue
            if location.resolve() == here:
                # Without a label every box is the picture's; else only its class's.
                name = self.opened.class_name
                wanted = [box for box in record.boxes if box.label in (name, "")]
                size = decode_image(read_file(question.picture)).size
                spec = self.opened.bundle.spec
                return mask_of(wanted, size, spec) if wanted else None
        return None

    def _sanity(self, found: HeatMap, explainer: Explainer[Any]) -> Sanity:
        rough = explainer.rough() if isinstance(explainer, MapExplainer) else explainer

        def explain(subject: Subject) -> HeatMap:
            again = rough.explain(subject)
            if not isinstance(again, HeatMap):
                raise TypeError("a method that gives maps gave plates")
            return again

        return sanity_of(found.values, explain, self.shuffled)

    @property
    def shuffled(self) -> tuple[Subject, ...]:
        """The picture and score with networks of shuffled kernels."""
        return tuple(
            replace(self.subject, scores=scores, opened=opened)
            for scores, opened in self.shuffled_networks
        )

    @cached_property
    def shuffled_networks(self) -> tuple[ShuffledNetwork, ...]:
        """Networks of shuffled kernels: what gives their scores, and their layers.

        The layers are one network, shuffled again for each: ask them one by one.
        """
        network, kept = self.subject.network, list[ShuffledNetworks]()

        def networks() -> ShuffledNetworks:
            if not kept:
                kept.append(ShuffledNetworks(network()))
            return kept[0]

        seeds = range(1, SHUFFLES + 1)
        return tuple(self._shuffled_network(seed, networks) for seed in seeds)

    def _shuffled_network(
        self, seed: int, networks: Callable[[], ShuffledNetworks]
    ) -> ShuffledNetwork:
        graph = shuffled_graph(self.opened.bundle.contents.graph, seed)
        session, bundle = Session(graph), self.opened.bundle

        def scores(pixels: Pixels) -> Floats:
            # As those of the network that learned, which are calibrated.
            return bundle.calibrated(session.scores(pixels))

        return scores, lambda: networks().of(seed)


def _reason(error: VisusError) -> str:
    return f"{error.received} {error.remedy}"
