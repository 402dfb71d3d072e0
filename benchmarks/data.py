"""Where the benchmarks' pictures come from; everything lands in a temporary folder."""

import gzip
import os
import sys
import tarfile
import tempfile
import zipfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

SHARED = Path(__file__).parents[1].parent / "shared" / "data"
NO_DATA = 3


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """A temporary folder."""
    with tempfile.TemporaryDirectory(prefix="visus-benchmark-") as name:
        yield Path(name)


@contextmanager
def own_home(folder: Path) -> Iterator[None]:
    """Visus and Keras keep their own files in `folder` meanwhile, in sides too."""
    homes = {"VISUS_HOME": folder / "home", "KERAS_HOME": folder / "keras"}
    before = {name: os.environ.pop(name, None) for name in homes}
    os.environ.update({name: str(home) for name, home in homes.items()})
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name)
            if value is not None:
                os.environ[name] = value


def shared_archive(name: str) -> Path:
    """An archive of the shared real data; leaves with code 3 when it is absent."""
    path = SHARED / name
    if not path.is_file():
        print(
            f"The real data {name} is not there. Expected: it lies in shared/data "
            "beside the repository. Put it there and run this again.",
            file=sys.stderr,
        )
        raise SystemExit(NO_DATA)
    return path


def unpack(archive: Path, folder: Path, every: int = 1) -> None:
    """Unpack pictures into `folder`; of each folder inside, one in `every`."""
    if archive.suffix == ".zip":
        with zipfile.ZipFile(archive) as packed:
            names = [name for name in packed.namelist() if not name.endswith("/")]
            packed.extractall(folder, members=_one_in(every, names))
        return
    with tarfile.open(archive) as packed:
        members = {entry.name: entry for entry in packed.getmembers() if entry.isfile()}
        chosen = [members[name] for name in _one_in(every, list(members))]
        packed.extractall(folder, members=chosen, filter="data")


def _one_in(every: int, names: list[str]) -> list[str]:
    seen: Counter[str] = Counter()
    chosen = []
    for name in sorted(names):
        parent = name.rpartition("/")[0]
        if seen[parent] % every == 0:
            chosen.append(name)
        seen[parent] += 1
    return chosen


def mnist_files(folder: Path) -> Path:
    """MNIST as one file of arrays: from the person's cache, else the shared data."""
    from visus.core.errors import MachineError

    try:
        return source_files("mnist", folder, offline=True)
    except MachineError:
        with own_home(folder):
            place_mnist(folder / "home" / "data" / "mnist")
            return source_files("mnist", folder, offline=True)


def place_mnist(home: Path) -> None:
    home.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(shared_archive("mnist.zip")) as packed:
        for name in packed.namelist():
            if name.endswith(".gz"):
                content = gzip.decompress(packed.read(name))
                (home / Path(name).stem).write_bytes(content)


def source_files(source: str, folder: Path, *, offline: bool) -> Path:
    """A built-in source as one `.npz`: pixels, labels, and how many are for training.

    Raises:
        MachineError: it cannot be had.
    """
    from visus.data.sources import read_source
    from visus.data.sources.base import Access

    dataset, _ = read_source(source, Access(offline=offline))
    path = folder / f"{source}.npz"
    np.savez(
        path,
        pixels=np.stack([record.pixels for record in dataset.records]),
        labels=dataset.class_indices(),
        training=sum(record.split == "train" for record in dataset.records),
        class_names=np.array(dataset.class_names),
    )
    return path
