"""Keeper: brings the repository to what its source has, and never to less than it was.

A version is loaded before another is dropped. One that does not load changes nothing
but its own status: what answered goes on answering.
"""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from visus.core.errors import VisusError
from visus.serving.config import EngineConfig
from visus.serving.refusals import Code, Refusal, not_found
from visus.serving.repository import Repository
from visus.serving.served import Served
from visus.serving.sources import ModelSource
from visus.serving.versions import Found, ModelFolder, State, VersionStatus

# Told of everything that happens to a model: what, and the facts.
Tell = Callable[..., None]
# Raises for a file that may not be served.
Permit = Callable[[Path], None]


def permit_all(path: Path) -> None:
    """Any file may be served."""


class Keeper:
    """Loads and drops versions; one thread at a time.

    Args:
        source: says what lies ready.
        repository: is brought to that.
        config: how versions answer.
        tell: hears what happens.
        permit: says which files may be served.
    """

    def __init__(
        self,
        source: ModelSource,
        repository: Repository,
        config: EngineConfig,
        tell: Tell,
        permit: Permit = permit_all,
    ) -> None:
        self._source = source
        self._repository = repository
        self._config = config
        self._tell = tell
        self._permit = permit
        self._lock = threading.Lock()
        self._stop = threading.Event()
        # What was tried, by model and version: a file that did not load is tried again
        # when it changes, not every second.
        self._loaded: dict[tuple[str, int], Found] = {}
        self._failed: dict[tuple[str, int], Found] = {}
        self._held_back: set[str] = set()
        self._watcher: threading.Thread | None = None
        self._closing: list[threading.Thread] = []

    def update(self) -> None:
        """Look once, and load and drop what is to be loaded and dropped."""
        with self._lock:
            try:
                folders = self._source.look()
            except OSError as error:
                # A disk that is away for a moment is no reason to drop a model.
                self._tell("repository_unreadable", reason=str(error))
                return
            for name, folder in folders.items():
                if name not in self._held_back and not self._stop.is_set():
                    self._update_model(name, folder)
            for name in set(self._repository.names()) - folders.keys():
                self._drop_all(name)
                self._repository.forget(name)
            self._repository.settle()

    def watch(self, poll_seconds: float) -> None:
        """Look again and again, in a thread of its own."""

        def look() -> None:
            while not self._stop.wait(poll_seconds):
                self.update()

        self._watcher = threading.Thread(target=look, name="watcher", daemon=True)
        self._watcher.start()

    def load(self, name: str) -> None:
        """Load a model that was held back, or one whose file did not load.

        Raises:
            Refusal: there is no such model, or no version of it loads.
        """
        self._held_back.discard(name)
        self._failed = {k: f for k, f in self._failed.items() if k[0] != name}
        self.update()
        model = self._repository.model(name)
        if not model.available:
            reasons = [s.message for s in model.statuses.values() if s.message]
            raise Refusal(
                Code.FAILED_PRECONDITION,
                f"{name} does not load: {(reasons or [model.problem or 'no file'])[0]}",
            )

    def unload(self, name: str) -> None:
        """Drop a model until `load` asks for it again.

        Raises:
            Refusal: there is no such model.
        """
        with self._lock:
            if name not in self._repository.names():
                raise not_found(f"Could not find any versions of model {name}")
            self._held_back.add(name)
            self._drop_all(name)

    def close(self) -> None:
        """Stop looking, and end all models once what they began is done."""
        self._stop.set()
        if self._watcher is not None:
            self._watcher.join()
        with self._lock:
            for name in self._repository.names():
                self._drop_all(name)
        for thread in self._closing:
            thread.join()

    def _update_model(self, name: str, folder: ModelFolder) -> None:
        self._repository.describe(name, folder.policy.labels, folder.problem)
        good = self._load_wanted(name, folder)
        if not good and folder.found:
            return
        for version in set(self._repository.model(name).available) - good:
            self._drop(name, version)

    def _load_wanted(self, name: str, folder: ModelFolder) -> set[int]:
        """From the highest down, as many as the policy asks for, that answer."""
        good: set[int] = set()
        most = folder.policy.most()
        for version in sorted(filter(folder.policy.wants, folder.found), reverse=True):
            if most is not None and len(good) >= most:
                break
            if self._answers(name, version, folder.found[version]):
                good.add(version)
        return good

    def _answers(self, name: str, version: int, found: Found) -> bool:
        key = (name, version)
        available = version in self._repository.model(name).available
        if self._failed.get(key) == found:
            return available
        if not available or self._loaded.get(key) != found:
            return self._load(key, found, available)
        return True

    def _load(self, key: tuple[str, int], found: Found, available: bool) -> bool:
        name, version = key
        if not available:
            self._note(name, VersionStatus(version, State.LOADING))
        try:
            served = self._permitted(name, version, found.path)
        except Exception as error:  # noqa: BLE001
            # Whatever is in a file, the models that are there must go on answering, and
            # this thread go on looking.
            self._failed[key] = found
            self._tell("model_failed", model=name, version=version, reason=str(error))
            if not available:
                code = Code.FAILED_PRECONDITION
                self._note(name, VersionStatus(version, State.END, code, str(error)))
            return available
        self._failed.pop(key, None)
        self._loaded[key] = found
        before = self._repository.put(name, served)
        self._tell("model_available", model=name, version=version)
        if before is not None:
            self._end(before, None)
        return True

    def _permitted(self, name: str, version: int, path: Path) -> Served:
        self._permit(path)
        served = Served.load(name, version, path, self._config)
        try:
            # Another file may have taken its place while it was read.
            self._permit(path)
        except VisusError:
            served.close(0)
            raise
        return served

    def _drop_all(self, name: str) -> None:
        for version in tuple(self._repository.model(name).available):
            self._drop(name, version)

    def _drop(self, name: str, version: int) -> None:
        served = self._repository.drop(name, version)
        self._loaded.pop((name, version), None)
        if served is not None:
            ended = VersionStatus(version, State.END)
            self._end(served, lambda: self._ended(name, ended))

    def _end(self, served: Served, after: Callable[[], None] | None) -> None:
        """Close a version in a thread: others must not wait for its last requests."""

        def close() -> None:
            served.close(self._config.deadline_seconds)
            if after is not None:
                after()

        thread = threading.Thread(target=close, name=f"close-{served.name}")
        thread.start()
        self._closing = [t for t in self._closing if t.is_alive()] + [thread]

    def _ended(self, name: str, status: VersionStatus) -> None:
        self._tell("model_unloaded", model=name, version=status.version)
        still = name in self._repository.names()
        if still and status.version not in self._repository.model(name).available:
            self._note(name, status)

    def _note(self, name: str, status: VersionStatus) -> None:
        self._repository.note(name, status)


def silent(event: str, **facts: Any) -> None:
    """Tell nobody."""
