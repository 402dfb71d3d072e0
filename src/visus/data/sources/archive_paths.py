"""Paths through archives: how a table names a picture that lies in a zip or tar.

`photos.zip/cat/1.jpg` is the member `cat/1.jpg` of `photos.zip`.
"""

from pathlib import Path

from visus.core.progress import SilentProgress
from visus.data.locations import ArchiveMember, Location
from visus.data.sources.archives import index_archive, is_archive


class ArchivePaths:
    """Looks members up; each archive's index is read once."""

    def __init__(self) -> None:
        self._indexes: dict[Path, dict[str, ArchiveMember]] = {}

    def find(self, path: Path) -> ArchiveMember | None:
        """The member that a path through an archive leads to; `None` for none.

        Raises:
            DataError: the archive is damaged.
        """
        for parent in path.parents:
            if parent.is_file():
                name = path.relative_to(parent).as_posix()
                return self._members(parent).get(name)
            if parent.is_dir():
                return None
        return None

    def path_of(self, location: Location | None) -> Path | None:
        """The path of a file, or through its archive; `None` where no path leads.

        A picture in memory, or in a file of records, has none.
        """
        if location is None or isinstance(location, Path):
            return location
        path = location.archive / location.name
        found = self.find(path)
        return path if found is not None and found.start == location.start else None

    def _members(self, archive: Path) -> dict[str, ArchiveMember]:
        if archive not in self._indexes:
            known = is_archive(archive)
            self._indexes[archive] = (
                index_archive(archive, SilentProgress()).members if known else {}
            )
        return self._indexes[archive]
