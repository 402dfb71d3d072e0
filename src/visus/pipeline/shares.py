"""The shares of the test and of validation: used, or refused where nothing is carved.

A share stays unset where the source gives that split, so `config.toml` holds only what
was used, and a resumed run asks for nothing that would be refused.
"""

from collections.abc import Mapping
from typing import Any

from visus.core.errors import ConfigError
from visus.data.config import DataConfig
from visus.data.records import ImageDataset

TEST_SHARE = 0.2
VALIDATION_SHARE = 0.1


def with_shares(
    config: DataConfig, dataset: ImageDataset, asked: Mapping[str, Any]
) -> DataConfig:
    """The settings with the shares that splits will use, and no others.

    Args:
        config: with the recipe's choices.
        dataset: as its source gives it.
        asked: what a person chose of `data`.

    Raises:
        ConfigError: a share was asked for, and the source gives that split.
    """
    if config.fold is not None:
        return _of_fold(config, asked)
    given = {record.split for record in dataset.records} - {None, "train"}
    shares: dict[str, float | None] = {}
    for name, default, needless in (
        # A validation split without a test becomes the test.
        ("test_share", TEST_SHARE, bool(given)),
        ("validation_share", VALIDATION_SHARE, len(given) == 2),
    ):
        if needless and asked.get(name) is not None:
            raise _unused(name, asked[name], dataset)
        value = getattr(config, name)
        shares[name] = None if needless else default if value is None else value
    return config.model_copy(update=shares)


def _of_fold(config: DataConfig, asked: Mapping[str, Any]) -> DataConfig:
    """Each fold is a test; its validation is carved out of the other folds."""
    if asked.get("test_share") is not None:
        raise ConfigError(
            received=f"data.test_share = {asked['test_share']} (--split sets it too) "
            f"with {config.fold[1] if config.fold else ''} folds.",
            expected="no share of the test: each fold is the test of one run.",
            remedy="Leave it out; data.validation_share says how many of the training "
            "pictures are held for choices.",
        )
    value = config.validation_share
    return config.model_copy(
        update={
            "test_share": None,
            "validation_share": VALIDATION_SHARE if value is None else value,
        }
    )


def _unused(name: str, value: Any, dataset: ImageDataset) -> ConfigError:
    counts = {split: sum(n.values()) for split, n in dataset.counts().items()}
    held = ", ".join(f"{split} {count:,}" for split, count in counts.items())
    return ConfigError(
        received=f"data.{name} = {value} (--split sets it too) for {dataset.name}, "
        f"which has its own split: {held}.",
        expected="a share only of what is carved out; here it would be ignored (a "
        "validation without a test is the test).",
        remedy="Leave it out. Where there is only a test, data.validation_share says "
        "how many of the training pictures are held for choices.",
    )
