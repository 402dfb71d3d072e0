"""Cats and dogs from scratch: 2,000 photographs to learn from, 1,000 to be scored on.

The recipe `photographs` of Visus beside the course's convnet-photo, plain
(rmsprop, batch 32, 30 epochs) and augmented (flip, rotation, zoom; 100 epochs). All are
trained by Visus and hold the same tenth of the training pictures for validation; the
course's rows keep the weights of their best validation epoch, as its listing does.
The `val` folder is the test, seen once at the end.

    python -m benchmarks.cats_dogs [--quick] [--seeds N]

ratio: the error rate of the plain row over ours.
"""

from benchmarks.data import own_home, scratch_folder, shared_archive, unpack
from benchmarks.measure import describe_machine
from benchmarks.whole_runs import (
    Row,
    arguments,
    error_ratio,
    measure_rows,
    tell_results,
)

ARCHIVE = "cats_dogs_180.zip"
QUICK = "every fourth picture and a fifth of the epochs; no claim about accuracy."
# The epochs of the recipe `photographs` come from the recipe itself.
QUICK_SHARE = 5
PLAIN_EPOCHS = 30
AUGMENTED_EPOCHS = 100
OURS = "Visus, photographs"
PLAIN = "course, plain"
AUGMENTED = "course, augmented"
LISTING = {
    "data.validation_share": 0.1,
    "training.batch_size": 32,
    "training.learning_rate": 0.001,
    "training.keep": "best",
}
# Keras's RandomRotation(0.1) turns by up to a tenth of 360 degrees.
AUGMENTATION = {
    "training.augment.flip": True,
    "training.augment.rotate": 36,
    "training.augment.zoom": 0.2,
}


def main() -> None:
    """Measure, print, keep."""
    asked = arguments("Cats and dogs, from scratch.", QUICK)
    archive = shared_archive(ARCHIVE)
    machine = describe_machine()
    rows = _rows(asked.quick)
    with scratch_folder() as folder, own_home(folder):
        unpack(archive, folder / "pictures", every=4 if asked.quick else 1)
        source = folder / "pictures" / "cats_dogs"
        measurements = measure_rows(rows, source, folder, asked.seeds)
    ratios = {
        f"error of {peer} / error of {OURS}": error_ratio(measurements, peer, OURS)
        for peer in (PLAIN, AUGMENTED)
    }
    note = QUICK if asked.quick else ""
    tell_results("cats_dogs", rows, measurements, ratios, machine=machine, quick=note)


def _rows(quick: bool) -> list[Row]:
    from visus.training.recipes import RECIPES

    divisor = QUICK_SHARE if quick else 1
    own_epochs = RECIPES["photographs"].values["training"]["epochs"]
    return [
        Row(
            PLAIN, "course-rmsprop", "convnet-photo", _listing(PLAIN_EPOCHS // divisor)
        ),
        Row(
            AUGMENTED,
            "course-rmsprop",
            "convnet-photo",
            _listing(AUGMENTED_EPOCHS // divisor) | AUGMENTATION,
        ),
        Row(OURS, "photographs", settings={"training.epochs": own_epochs // divisor}),
    ]


def _listing(epochs: int) -> dict[str, object]:
    return LISTING | {"training.epochs": epochs}


if __name__ == "__main__":
    main()
