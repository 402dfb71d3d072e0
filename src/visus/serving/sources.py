"""Where the models of a server lie: files that were named, or a repository folder.

A repository is `<name>/<version>/model.visus`, and beside the versions perhaps a
`serving.toml` with the model's policy. Names that begin with a dot are not looked at,
so a version is published by renaming a complete folder, and rolled back by renaming it
away.
"""

import os
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import final

from visus.core.errors import ConfigError, ModelError
from visus.core.settings import read_settings, read_toml
from visus.data.names import printable_name
from visus.serving.versions import MOST_VERSION, Found, ModelFolder, Policy

BUNDLE = "model.visus"
POLICY = "serving.toml"


class ModelSource(ABC):
    """Says which bundles lie ready."""

    @abstractmethod
    def look(self) -> Mapping[str, ModelFolder]:
        """The models by name.

        Raises:
            OSError: the place as a whole cannot be read just now.
        """


@final
class NamedFiles(ModelSource):
    """Bundles that were named one by one; each is version 1 of its model.

    Args:
        files: name and path of each.

    Raises:
        ConfigError: two have one name.
        ModelError: one does not exist.
    """

    def __init__(self, files: Sequence[tuple[str, Path]]) -> None:
        names = [name for name, _ in files]
        for name in names:
            if names.count(name) > 1:
                raise ConfigError(
                    received=f"Two models are named {name!r}.",
                    expected="a name of its own for each.",
                    remedy="Give as many --name as there are bundles.",
                )
        for _, path in files:
            if not path.is_file():
                raise _missing(path)
        self._files = files

    def look(self) -> Mapping[str, ModelFolder]:
        """Those that are there at this moment."""
        return {
            name: ModelFolder(found={1: _found(path)} if path.is_file() else {})
            for name, path in self._files
        }


@final
class RepositoryFolder(ModelSource):
    """A folder of models that may change while the server runs.

    Args:
        folder: of the models.
        policy: of models that have none of their own.

    Raises:
        ModelError: there is no such folder.
    """

    def __init__(self, folder: Path, policy: Policy) -> None:
        if not folder.is_dir():
            raise ModelError(
                received=f"{folder} is no folder.",
                expected="a repository of models: NAME/VERSION/model.visus.",
                remedy="Check the path; it is taken from the folder you are in.",
            )
        self._folder = folder
        self._policy = policy

    def look(self) -> Mapping[str, ModelFolder]:
        """What lies there at this moment."""
        with os.scandir(self._folder) as entries:
            names = sorted(e.name for e in entries if _is_shown_folder(e))
        # No client can ask for a name that is no text, but everybody may see the index.
        return {printable_name(n): self._model(self._folder / n) for n in names}

    def _model(self, folder: Path) -> ModelFolder:
        try:
            return ModelFolder(self._policy_of(folder), _versions(folder))
        except ConfigError as error:
            return ModelFolder(self._policy, _versions(folder), problem=str(error))
        except OSError as error:
            return ModelFolder(self._policy, problem=f"{folder}: {error.strerror}")

    def _policy_of(self, folder: Path) -> Policy:
        path = folder / POLICY
        if not path.is_file():
            return self._policy
        own = {**self._policy.model_dump(), **read_toml(path)}
        return read_settings(Policy, own, str(path))


def name_of_bundle(path: Path) -> str:
    """What a bundle's model is called when nobody says: its run, or its file."""
    name = path.resolve().parent.name if path.name == BUNDLE else path.stem
    return printable_name(name)


def _versions(folder: Path) -> dict[int, Found]:
    found = {}
    with os.scandir(folder) as entries:
        for entry in entries:
            path = folder / entry.name / BUNDLE
            # int() takes more than the digits of a version: +1, 1_0, and other scripts.
            plain = entry.name.isascii() and entry.name.isdecimal()
            if plain and int(entry.name) <= MOST_VERSION and path.is_file():
                found[int(entry.name)] = _found(path)
    return found


def _found(path: Path) -> Found:
    status = path.stat()
    return Found(path, (status.st_ino, status.st_size, status.st_mtime_ns))


def _is_shown_folder(entry: "os.DirEntry[str]") -> bool:
    return not entry.name.startswith(".") and entry.is_dir()


def _missing(path: Path) -> ModelError:
    return ModelError(
        received=f"{path} does not exist.",
        expected="a bundle that `visus train` wrote, such as runs/a/model.visus.",
        remedy="Check the path, or see `visus runs`.",
    )
