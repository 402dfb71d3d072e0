"""What an evaluation measures on request: groups, costs, views, and what is weak."""

import csv
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from visus.bundles import Bundle
from visus.core.errors import ConfigError, ModelError
from visus.core.progress import Progress
from visus.data.records import ImageDataset
from visus.data.scan import Scan
from visus.evaluation.costs import Costs, measure_costs
from visus.evaluation.curves import measure_curves
from visus.evaluation.fairness import measure_fairness, require_groups
from visus.evaluation.parts import Parts, Tested
from visus.evaluation.robustness.attacks import Attacks
from visus.evaluation.slices import measure_slices, right_answers
from visus.evaluation.views import measure_views
from visus.pipeline.attacked import victim_of
from visus.pipeline.shifted import Elsewhere, look_elsewhere
from visus.pipeline.traits import groups_of, traits_of
from visus.tasks.base import Task

Measure = Callable[[Tested], Parts]

# Each is answered a hundred times.
CORRUPTED = 200
# These only four times.
BACKGROUNDS = 1_000


@dataclass(frozen=True)
class Deeper:
    """What is measured beside the usual.

    Args:
        group: a column whose groups are held against each other.
        views: "flip" or "shifts": whether answering several views pays.
        costs: a CSV file of costs, a row a true class and a column an answer.
        corruptions: what corrupted and shifted pictures do to answers.
        pictures: that are corrupted, at most.
        attacks: which changes are sought that fool the model.
        elsewhere: pictures of another place, how far they are from the model's own.
        backgrounds: whether the model looks at things or at where they stand.
    """

    group: str | None = None
    views: str = "none"
    costs: Path | None = None
    corruptions: bool = False
    pictures: int = CORRUPTED
    attacks: Attacks = field(default_factory=Attacks)
    elsewhere: Elsewhere = field(default_factory=Elsewhere)
    backgrounds: bool = False

    def require_fitting(self, bundle: Bundle) -> None:
        """Refuse what has no meaning for the model.

        Raises:
            ConfigError: its task, or nobody, knows what is asked for; or the costs
                cannot be used.
            ModelError: attacks are, and it has no layers.
        """
        self.attacks.require_valid()
        self._require_task(bundle.task)
        self.elsewhere.require_possible()
        if self.attacks.names and bundle.contents.network is None:
            raise no_gradients(bundle.path)
        bundle.looking(self.views)
        if self.costs is not None:
            read_costs(self.costs, bundle.class_names)

    def read(self, dataset: ImageDataset, progress: Progress) -> "Deeper":
        """The same with all that it takes, before any picture is opened.

        Args:
            dataset: the test.
            progress: who is told.

        Raises:
            DataError: it has no such column, or not two groups in it; or there are no
                pictures of another place.
        """
        if self.group is not None:
            require_groups(self.group, groups_of(dataset, self.group).values())
        return replace(self, elsewhere=self.elsewhere.read(progress))

    def _require_task(self, task: Task) -> None:
        if task.kind == "single-label":
            return
        for name, value, usual in (
            ("--group", self.group, None),
            ("--views", self.views, "none"),
            ("--costs", self.costs, None),
            ("--corruptions", self.corruptions, False),
            ("--backgrounds", self.backgrounds, False),
            ("--attack", self.attacks.names, ()),
            ("--shifted", self.elsewhere.source, None),
        ):
            if value != usual:
                raise ConfigError(
                    received=f"{name}, and the model is {task.kind}.",
                    expected=f"{name} where a picture has one class.",
                    remedy="Leave it out.",
                )


def measures(
    asked: Deeper, bundle: Bundle, scan: Scan, target: str | None, progress: Progress
) -> list[Measure]:
    """What is to be measured, in reading order.

    Raises:
        ConfigError: the costs cannot be used.
        DataError: there is no such column.
    """
    if bundle.task.kind == "numeric":
        return []
    usual = _measures(asked, bundle, scan, target)
    robustness = [
        *_robustness(asked, bundle, progress),
        *_backgrounds(asked, bundle, scan),
        *_attacks(asked.attacks, bundle, progress),
    ]
    if asked.elsewhere.source is not None:
        robustness.append(look_elsewhere(asked.elsewhere, bundle, scan, progress))
    return [*usual, *robustness]


def _measures(
    asked: Deeper, bundle: Bundle, scan: Scan, target: str | None
) -> Iterator[Measure]:
    if asked.group is not None:
        column, of = asked.group, groups_of(scan.dataset, asked.group)
        yield lambda tested: measure_fairness(
            tested, column, [of[image_id] for image_id in tested.test.ids]
        )
    traits = traits_of(scan, target)

    def slices(tested: Tested) -> Parts:
        right = right_answers(tested.predictions, tested.test.targets)
        if right is None:
            return Parts(())
        return measure_slices(right, traits.of(tested.test.ids))

    yield slices
    yield measure_curves
    if asked.costs is not None:
        costs = read_costs(asked.costs, bundle.class_names)
        yield lambda tested: measure_costs(tested, costs)
    if asked.views != "none":
        looking = bundle.looking(asked.views)

        def views(tested: Tested) -> Parts:
            scores, _ = looking.answer(tested.test.pixels)
            viewed = looking.predictions(tested.test.ids, scores)
            return measure_views(tested.predictions, viewed, tested.test)

        yield views


def _robustness(asked: Deeper, bundle: Bundle, progress: Progress) -> list[Measure]:
    if not asked.corruptions:
        return []
    from visus.evaluation.robustness.corruptions import measure_corruptions
    from visus.evaluation.robustness.translation import measure_translation

    most = asked.pictures
    return [
        lambda tested: measure_corruptions(
            tested, bundle.answer, most=most, progress=progress
        ),
        lambda tested: measure_translation(tested, bundle.answer, most=most),
    ]


def _backgrounds(asked: Deeper, bundle: Bundle, scan: Scan) -> list[Measure]:
    if not asked.backgrounds:
        return []
    from visus.evaluation.robustness.backgrounds import measure_backgrounds
    from visus.pipeline.things import things_of

    thing_of = things_of(scan, bundle.spec)
    return [
        lambda tested: measure_backgrounds(
            tested, bundle.answer, thing_of, most=BACKGROUNDS
        )
    ]


def _attacks(attacks: Attacks, bundle: Bundle, progress: Progress) -> list[Measure]:
    if not attacks.names:
        return []

    def attacked(tested: Tested) -> Parts:
        from visus.evaluation.robustness.adversarial import measure_attacks

        victim = victim_of(bundle, progress)
        return measure_attacks(tested, victim, attacks, progress)

    return [attacked]


def no_gradients(path: Path) -> ModelError:
    """The one error for attacks on a model of which only the ONNX graph is there."""
    return ModelError(
        received=f"{path} holds the ONNX graph of its network, and not its layers.",
        expected="a bundle with the Keras network: attacks follow gradients.",
        remedy="Leave out --attack; --corruptions needs only the graph.",
    )


def read_costs(path: Path, names: tuple[str, ...]) -> Costs:
    """Costs of a CSV file: the first column names what is true, the others answers.

    Raises:
        ConfigError: it is no such table.

    Example:
        is,cat,dog
        cat,0,1
        dog,20,0
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
        head, *rows = [row for row in csv.reader(io.StringIO(text)) if row]
        told = {
            row[0]: dict(zip(head[1:], map(float, row[1:]), strict=True))
            for row in rows
        }
    except (OSError, UnicodeDecodeError, ValueError, csv.Error) as error:
        raise ConfigError(
            received=f"{path} cannot be read as a table of costs: "
            f"{getattr(error, 'strerror', None) or error}.",
            expected="a CSV file with a row for each true class: its name, and a "
            "number for each answer that the first row names.",
            remedy="Write, for example: is,cat,dog / cat,0,1 / dog,20,0.",
        ) from error
    return Costs.of(told, names)
