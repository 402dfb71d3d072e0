"""Who learns and who tests: splits that depend on content, never on order or names.

What belongs together stays together: equal content, twins, and pictures of one group
make a unit, and a unit lies on one side whole. Every class is divided alike, as far as
units let it be.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from visus.core.errors import ConfigError, DataError
from visus.core.seeds import derive_seed
from visus.data.records import ImageDataset, Split
from visus.data.stratify import Unit, choose_iteratively, rank
from visus.data.twins import join_rows

Clusters = Iterable[Sequence[int]]
Strata = Sequence[Sequence[str]]


def assign_splits(
    dataset: ImageDataset,
    *,
    validation_share: float,
    test_share: float,
    seed: int,
    clusters: Clusters = (),
    strata: Strata | None = None,
) -> ImageDataset:
    """Give every record a split; splits that are given are kept.

    Where there is a validation split and no test split, it becomes the test, since
    choices may not be made on what is reported. Whatever is missing is carved out of
    the training pictures, unit by unit; every class that has units for it keeps some to
    learn from.

    Args:
        dataset: records with content hashes, perhaps with groups.
        validation_share: of the training pictures, 0 to 1.
        test_share: of all pictures, where no test is given.
        seed: of the run.
        clusters: rows that belong together, such as `Twins.clusters`.
        strata: what each record counts as when shares are divided alike; `None`: its
            label. Where some count as several, they are divided label by label.
    """
    given = {record.split for record in dataset.records}
    if "test" not in given and "validation" in given:
        dataset = _renamed(dataset, "validation", "test")
        given = {record.split for record in dataset.records}
    dataset = _renamed(dataset, None, "train")
    joined = tuple(clusters)
    if "test" not in given:
        dataset = _carve(dataset, "test", test_share, seed, joined, strata)
    if "validation" not in given and validation_share:
        dataset = _carve(dataset, "validation", validation_share, seed, joined, strata)
    return dataset


def kfold_splits(
    dataset: ImageDataset,
    folds: int,
    seed: int,
    clusters: Clusters = (),
    strata: Strata | None = None,
) -> tuple[ImageDataset, ...]:
    """The same data once a fold, in which that fold is the test and the rest trains.

    Each picture is in the test exactly once, but for those of a given test (or of a
    validation without a test): they take no part, and get no split. A validation beside
    a given test plays no part.

    Args:
        dataset: records with content hashes, perhaps with groups.
        folds: how many, at least 2.
        seed: another one gives other folds.
        clusters: rows that belong together, such as `Twins.clusters`.
        strata: what each record counts as; `None`: its label.

    Raises:
        ConfigError: fewer than two folds.
        DataError: fewer units than folds.
    """
    fold_of = _fold_of(dataset, folds, seed, clusters, strata)
    return tuple(_tested_on(dataset, fold_of, fold) for fold in range(folds))


def fold_split(
    dataset: ImageDataset,
    number: int,
    folds: int,
    *,
    validation_share: float,
    seed: int,
    clusters: Clusters = (),
    strata: Strata | None = None,
) -> ImageDataset:
    """One of `kfold_splits`, with a validation carved out of what it learns from.

    Args:
        dataset: records with content hashes, perhaps with groups.
        number: which fold is the test, from 1.
        folds: of how many.
        validation_share: of the other folds, 0 to 1.
        seed: another one gives other folds.
        clusters: rows that belong together.
        strata: what each record counts as; `None`: its label.

    Raises:
        ConfigError: there is no such fold, or fewer than two.
        DataError: fewer units than folds.
    """
    joined = tuple(clusters)
    fold_of = _fold_of(dataset, folds, seed, joined, strata)
    if not 1 <= number <= folds:
        raise ConfigError(
            received=f"Fold {number} of {folds}.",
            expected=f"a fold from 1 to {folds}.",
            remedy="Write, for example, --set data.fold=[1,5].",
        )
    dataset = _tested_on(dataset, fold_of, number - 1)
    if not validation_share:
        return dataset
    return _carve(dataset, "validation", validation_share, seed, joined, strata)


def fold_numbers(
    dataset: ImageDataset,
    folds: int,
    seed: int,
    clusters: Clusters = (),
    strata: Strata | None = None,
) -> tuple[int, ...]:
    """The fold of each record, from 0: for choices among what is learned from.

    Where there are fewer units than folds, each unit is a fold.

    Args:
        dataset: records with content hashes, perhaps with groups; their splits play no
            part.
        folds: how many, at least 2.
        seed: another one gives other folds.
        clusters: rows that belong together, such as `Twins.clusters`.
        strata: what each record counts as; `None`: its label.
    """
    units = list(make_units(dataset, clusters, strata))
    dealt = _deal(units, min(folds, len(units)), derive_seed(seed, "folds"))
    return tuple(dealt[row] for row in range(len(dataset)))


def _fold_of(
    dataset: ImageDataset,
    folds: int,
    seed: int,
    clusters: Clusters,
    strata: Strata | None,
) -> dict[int, int]:
    """The fold of each row that takes part, from 0."""
    if folds < 2:
        raise ConfigError(
            received=f"{folds} folds.",
            expected="at least 2: one to test on, the others to learn from.",
            remedy="Ask for 5 or 10 folds.",
        )
    given = {record.split for record in dataset.records}
    held = "test" if "test" in given else "validation"
    rows = {r for r, record in enumerate(dataset.records) if record.split != held}
    units = [
        _within(unit, rows, dataset, strata)
        for unit in make_units(dataset, clusters, strata)
        if not rows.isdisjoint(unit.rows)
    ]
    if len(units) < folds:
        raise DataError(
            received=f"{dataset.name} has {len(units)} units (pictures, twins or "
            f"groups that stay together) for {folds} folds.",
            expected="at least one unit a fold.",
            remedy="Ask for fewer folds, or add pictures.",
        )
    return _deal(units, folds, derive_seed(seed, "folds"))


def unit_numbers(dataset: ImageDataset, clusters: Clusters = ()) -> NDArray[np.intp]:
    """Which unit each record is of `(num_images,)`; see `make_units`."""
    numbers = np.empty(len(dataset), dtype=np.intp)
    for number, unit in enumerate(make_units(dataset, clusters)):
        numbers[list(unit.rows)] = number
    return numbers


def make_units(
    dataset: ImageDataset, clusters: Clusters = (), strata: Strata | None = None
) -> Iterator[Unit]:
    """The units of a data set, in order of their first rows.

    Args:
        dataset: content hashes and groups join records.
        clusters: rows that belong together besides.
        strata: what each record counts as; `None`: its label.
    """
    rows_of: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
    for row, record in enumerate(dataset.records):
        if record.content_hash:
            rows_of["content", record.content_hash].append(row)
        if record.group is not None:
            rows_of["group", record.group].append(row)
    together = (*rows_of.values(), *clusters)
    joined = join_rows(pair for rows in together for pair in pairwise(rows))
    cluster_of = {rows[0]: rows for rows in joined}
    others = {row for rows in joined for row in rows[1:]}
    for row in range(len(dataset)):
        if row not in others:
            yield _unit(cluster_of.get(row, (row,)), dataset, strata)


def _unit(
    rows: tuple[int, ...], dataset: ImageDataset, strata: Strata | None = None
) -> Unit:
    records = [dataset.records[row] for row in rows]
    if len(records) == 1:
        # Nearly all are alone, and there may be many.
        counted = strata[rows[0]] if strata else (records[0].label,)
        return Unit(
            rows,
            dict.fromkeys(counted, 1),
            records[0].content_hash or records[0].id,
        )
    classes: dict[str, int] = {}
    for row, record in zip(rows, records, strict=True):
        for name in strata[row] if strata else (record.label,):
            classes[name] = classes.get(name, 0) + 1
    key = "\n".join(sorted(record.content_hash or record.id for record in records))
    return Unit(rows, classes, key)


def _renamed(
    dataset: ImageDataset, old: Split | None, new: Split | None
) -> ImageDataset:
    return dataset.with_records(
        replace(record, split=new) if record.split == old else record
        for record in dataset.records
    )


def _carve(
    dataset: ImageDataset,
    split: Split,
    share: float,
    seed: int,
    clusters: tuple[Sequence[int], ...],
    strata: Strata | None,
) -> ImageDataset:
    training = {
        r for r, record in enumerate(dataset.records) if record.split == "train"
    }
    units = [
        _within(unit, training, dataset, strata)
        for unit in make_units(dataset, clusters, strata)
        if not training.isdisjoint(unit.rows)
    ]
    several = strata is not None and any(len(names) > 1 for names in strata)
    choose = choose_iteratively if several else _choose
    chosen = choose(units, share, derive_seed(seed, f"split {split}"))
    return dataset.with_records(
        replace(record, split=split) if row in chosen else record
        for row, record in enumerate(dataset.records)
    )


def _within(
    unit: Unit, rows: set[int], dataset: ImageDataset, strata: Strata | None
) -> Unit:
    """The part of a unit that lies in these rows."""
    if rows.issuperset(unit.rows):
        return unit
    return _unit(tuple(row for row in unit.rows if row in rows), dataset, strata)


def _choose(units: list[Unit], share: float, purpose: int) -> set[int]:
    """Rows of units that together have about this share of every class."""
    left: Counter[str] = Counter()
    for unit in units:
        left.update(unit.classes)
    # The last picture of a class stays: it must be learned.
    missing = {
        name: min(max(1, round(share * count)), count - 1)
        for name, count in left.items()
    }
    chosen: set[int] = set()
    # A content hash is random already; the seed turns it into another order.
    waiting = sorted(units, key=lambda unit: rank(unit.key, purpose))
    taken = True
    while taken and any(missing.values()):
        taken, others = False, []
        for unit in waiting:
            if not _fits(unit, missing, left):
                others.append(unit)
                continue
            taken = True
            chosen.update(unit.rows)
            for name, count in unit.classes.items():
                missing[name] -= count
                left[name] -= count
        waiting = others
    return chosen


def _fits(unit: Unit, missing: dict[str, int], left: Counter[str]) -> bool:
    """Whether the shares come nearer with this unit, and no class goes untaught."""
    if any(left[name] <= count for name, count in unit.classes.items()):
        return False
    nearer = sum(
        abs(missing[name]) - abs(missing[name] - count)
        for name, count in unit.classes.items()
    )
    return nearer > 0


def _deal(units: list[Unit], folds: int, purpose: int) -> dict[int, int]:
    """The fold of each row: large units first, each where there is least of it."""
    dealt = [Counter[str]() for _ in range(folds)]
    fold_of: dict[int, int] = {}
    order = sorted(units, key=lambda u: (-len(u.rows), rank(u.key, purpose)))
    for unit in order:

        def load(fold: int, unit: Unit = unit) -> tuple[int, int, int]:
            alike = sum(dealt[fold][name] * n for name, n in unit.classes.items())
            return alike, dealt[fold].total(), fold

        fold = min(range(folds), key=load)
        dealt[fold].update(unit.classes)
        fold_of |= dict.fromkeys(unit.rows, fold)
    return fold_of


def _tested_on(
    dataset: ImageDataset, fold_of: dict[int, int], fold: int
) -> ImageDataset:
    def side(row: int) -> Split | None:
        if row not in fold_of:
            return None
        return "test" if fold_of[row] == fold else "train"

    return dataset.with_records(
        replace(record, split=side(row)) for row, record in enumerate(dataset.records)
    )
