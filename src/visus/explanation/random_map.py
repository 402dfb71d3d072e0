"""random-map: a map drawn by chance, as smooth as those of the other methods."""

from typing import final

from pydantic import Field

from visus.core.seeds import random_generator
from visus.core.settings import Settings
from visus.explanation.base import Floats, HeatMap, MapExplainer, Subject
from visus.explanation.resize import enlarged


class RandomMapSettings(Settings):
    """How coarse."""

    cells: int = Field(7, ge=1, le=64, description="across and down")


@final
class RandomMap(MapExplainer[RandomMapSettings]):
    """Uniform noise in cells, enlarged; a method that does no better is worth nothing.

    Noise pixel by pixel would be no fair rival: what it deletes first looks like grain,
    which harms a network in a way of its own.
    """

    settings_class = RandomMapSettings

    def explain(self, subject: Subject) -> HeatMap:
        """Numbers from 0 to 1 that know nothing of the picture."""
        values = random_values(subject.seed, 0, subject.size, self.settings.cells)
        return HeatMap(values, "drawn by chance")


def random_values(
    seed: int, number: int, size: tuple[int, int], cells: int = 7
) -> Floats:
    """The map `(*size)` of that number; equal seeds and numbers give equal maps."""
    draws = random_generator(seed, "random-map", number)
    return enlarged(draws.random((cells, cells)), size)
