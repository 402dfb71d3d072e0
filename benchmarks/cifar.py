"""CIFAR-10: the recipe that Visus chooses beside the course's convnet.

50,000 JPEG pictures of 32 by 32, a fifth of them held out as the test by Visus's own
split, the same for both rows. The course's row is `convnet` with the recipe course-adam
(batch 128, 15 epochs, a tenth for validation).

    python -m benchmarks.cifar [--quick] [--seeds N]

ratio: the error rate of the convnet over ours.
"""

from benchmarks.data import own_home, scratch_folder, shared_archive, unpack
from benchmarks.measure import describe_machine, ratio_of_means, values_of
from benchmarks.whole_runs import (
    Row,
    arguments,
    error_ratio,
    measure_rows,
    tell_results,
)

ARCHIVE = "cifar10_jpg_train.tar.xz"
QUICK = "every tenth picture; no claim about accuracy."
TEST_SHARE = {"data.test_share": 0.2}
COURSE = Row("course, convnet", "course-adam", "convnet", TEST_SHARE)
OURS = Row("Visus, resnet", network="resnet", settings=TEST_SHARE)


def main() -> None:
    """Measure, print, keep."""
    asked = arguments("CIFAR-10, from scratch.", QUICK)
    archive = shared_archive(ARCHIVE)
    machine = describe_machine()
    rows = [COURSE, OURS]
    with scratch_folder() as folder, own_home(folder):
        unpack(archive, folder / "pictures", every=10 if asked.quick else 1)
        source = folder / "pictures" / "cifar10_jpg" / "train"
        measurements = measure_rows(rows, source, folder, asked.seeds)
    seconds = [
        values_of(measurements, "training_seconds", side=row.name) for row in rows
    ]
    ratios = {
        f"error of {COURSE.name} / error of {OURS.name}": error_ratio(
            measurements, COURSE.name, OURS.name
        ),
        "training time, the same way round": ratio_of_means(*seconds),
    }
    note = QUICK if asked.quick else ""
    tell_results("cifar", rows, measurements, ratios, machine=machine, quick=note)


if __name__ == "__main__":
    main()
