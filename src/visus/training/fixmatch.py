"""FixMatch: what each step sees of pictures without a label, and when.

Sohn et al., "FixMatch: simplifying semi-supervised learning with consistency and
confidence" (NeurIPS 2020): the network answers a weakly changed picture; where it is
sure, that answer is the label of the same picture, strongly changed. The arithmetic is
in `fixmatch_tensorflow`; here is which picture comes when, and how it is changed.

As in `epochs`, all depends on the seed, the epoch and the place in it alone.
"""

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from visus.core.seeds import derive_seed, random_generator
from visus.data.augment.draw import AugmentDraw, draw_changes
from visus.data.augment.numbers import Keys
from visus.data.augment.policies import policy_values
from visus.data.batches import Batch
from visus.data.config import AugmentConfig
from visus.training.config import TrainingConfig, UnlabelledConfig
from visus.training.epochs import EpochPlan
from visus.training.steps import Views, Work

Rows = NDArray[np.int64]
# Of what a strength stands for, what a picture without a label cannot have: a mix has
# two labels, and a picture that is answered should be seen whole.
NO_MIXING = {"mixup": 0.0, "cutmix": 0.0}
NO_HOLES = {"cutout": 0.0}


def steps_an_epoch(labelled: int, unlabelled: int, config: TrainingConfig) -> int:
    """Steps in which every picture is seen, those without a label once."""
    size = min(config.batch_size, labelled)
    others = -(-unlabelled // (size * config.unlabelled.ratio))
    return max(-(-labelled // size), others)


def view_changes(config: UnlabelledConfig) -> dict[str, AugmentConfig]:
    """How strongly each view may be changed, by its name."""
    kind = config.kind or "photographs"
    return {
        "weak": AugmentConfig(
            **{**policy_values(kind, config.weak), **NO_MIXING, **NO_HOLES}
        ),
        "strong": AugmentConfig(**{**policy_values(kind, config.strong), **NO_MIXING}),
    }


def plan_epoch(unlabelled: Batch | None, **plan: Any) -> EpochPlan:
    """One epoch, with pictures without a label where there are some.

    Args:
        unlabelled: those pictures.
        plan: see `EpochPlan`.
    """
    if unlabelled is None:
        return EpochPlan(**plan)
    return FixMatchPlan(**plan, others=unlabelled)


@dataclass(frozen=True)
class FixMatchPlan(EpochPlan):
    """One epoch: every picture without a label once, beside labelled ones in turns.

    Args:
        others: the pictures without a label.
    """

    others: Batch = field(kw_only=True)

    @property
    def steps(self) -> int:
        """As many as the larger of the two needs."""
        labelled = -(-len(self.pictures) // self.batch_size)
        return max(labelled, -(-len(self.others) // self._others_a_step))

    @property
    def most_steps_at_once(self) -> int:
        """How many steps fit into one piece of work."""
        ratio = self.config.unlabelled.ratio
        return max(1, super().most_steps_at_once // (1 + ratio))

    def order(self) -> Rows:
        """Labelled pictures `(steps, batch)`, in another order each time around."""
        wanted = self.steps * self.batch_size
        rounds = [
            random_generator(self.seed, "order", self.epoch, number).permutation(
                len(self.pictures)
            )
            for number in range(-(-wanted // len(self.pictures)))
        ]
        order = np.concatenate(rounds)[:wanted]
        return np.asarray(order.reshape(self.steps, self.batch_size))

    def work(self, order: Rows, first: int, steps: int) -> Work:
        """Lay out the inputs of some consecutive steps of this epoch."""
        return replace(
            super().work(order, first, steps), views=self._views(first, steps)
        )

    @property
    def _others_a_step(self) -> int:
        return self.batch_size * self.config.unlabelled.ratio

    def _counted(self, seen: Rows) -> NDArray[np.bool_]:
        # Nothing is filling: a labelled picture that comes again counts again.
        return np.ones(seen.shape, dtype=bool)

    def _keys(self, rows: Rows, seen: Rows) -> Keys:
        # Another change each time around.
        around = (seen // len(self.pictures)).astype(np.uint64)
        return np.asarray(self.pictures.keys[rows] + around)

    def _views(self, first: int, steps: int) -> Views:
        generator = random_generator(self.seed, "unlabelled order", self.epoch)
        order = generator.permutation(len(self.others))
        rows = np.resize(order, (self.steps, self._others_a_step))[
            first : first + steps
        ]
        changes = view_changes(self.config.unlabelled)
        return Views(
            pixels=self.others.pixels[rows],
            weak=self._drawn("weak", changes["weak"], rows),
            strong=self._drawn("strong", changes["strong"], rows),
        )

    def _drawn(
        self, view: str, changes: AugmentConfig, rows: Rows
    ) -> AugmentDraw | None:
        return draw_changes(
            changes,
            self.others.pixels.shape[1:],
            self.others.keys[rows],
            seed=derive_seed(self.seed, view),
            epoch=self.epoch,
        )
