"""Repository: which models there are, and the one that a request asks for.

Lookups read one snapshot that never changes; whoever changes anything puts another in
its place. So a request never waits for a model that is being loaded.
"""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from visus.serving.refusals import Code, Refusal, invalid, not_found
from visus.serving.served import Served
from visus.serving.versions import State, VersionStatus, Wanted

# Of versions that are gone; a year of releases must not fill the status.
MOST_ENDED = 20
COMING = (State.START, State.LOADING)


@dataclass(frozen=True)
class Model:
    """One model at one moment.

    Args:
        available: by version.
        labels: versions by name; those that are not available are not served.
        statuses: of all versions that were met, by version.
        problem: why nothing of it can be served, where its folder itself is wrong.
    """

    available: Mapping[int, Served] = field(default_factory=dict)
    labels: Mapping[str, int] = field(default_factory=dict)
    statuses: Mapping[int, VersionStatus] = field(default_factory=dict)
    problem: str = ""

    @property
    def latest(self) -> Served | None:
        """The highest version that answers."""
        return self.available[max(self.available)] if self.available else None


class Repository:
    """The models of a server; every method may be called from any thread."""

    def __init__(self) -> None:
        self._models: Mapping[str, Model] = {}
        self._lock = threading.Lock()
        self._settled = False
        self._ending = False

    def names(self) -> tuple[str, ...]:
        """All models, whether or not they answer, sorted."""
        return tuple(sorted(self._models))

    def knows(self, name: str) -> bool:
        """Whether there is a model of that name."""
        return name in self._models

    def model(self, name: str) -> Model:
        """One model at this moment.

        Raises:
            Refusal: there is none of that name.
        """
        model = self._models.get(name)
        if model is None:
            if not self._settled:
                raise still_loading()
            raise not_found(f"Could not find any versions of model {name}")
        return model

    def find(self, wanted: Wanted) -> Served:
        """The version that is asked for.

        Raises:
            Refusal: it is not available, worded as TensorFlow Serving words it; or it
                is not yet, and asking again helps.
        """
        model = self._models.get(wanted.name)
        if wanted.label is not None:
            return self._labelled(model, wanted.label)
        if wanted.version is None or _means_default(model, wanted.version):
            served = model.latest if model else None
            if served is None:
                refusal = _not_served(f"Latest({wanted.name})")
                raise self._unless_coming(refusal, model, None)
            return served
        served = model.available.get(wanted.version) if model else None
        if served is None:
            refusal = _not_served(f"Specific({wanted.name}, {wanted.version})")
            raise self._unless_coming(refusal, model, wanted.version)
        return served

    @contextmanager
    def using(self, wanted: Wanted) -> Iterator[Served]:
        """The version that is asked for, kept alive until it is left."""
        served = self.find(wanted)
        while not served.enter():
            # Dropped between the two lines above: there is a newer one, or none.
            served = self.find(wanted)
        try:
            yield served
        finally:
            served.leave()

    def statuses(
        self, name: str, version: int | None = None, label: str | None = None
    ) -> tuple[VersionStatus, ...]:
        """What became of a model's versions, the highest first.

        Raises:
            Refusal: there is no such model, version or label.
        """
        model = self.model(name)
        if label is not None:
            if label not in model.labels:
                raise _unknown_label(label)
            version = model.labels[label]
        if version is not None and not _means_default(model, version):
            if version not in model.statuses:
                raise not_found(f"Could not find version {version} of model {name}")
            return (model.statuses[version],)
        found = tuple(
            model.statuses[key] for key in sorted(model.statuses, reverse=True)
        )
        if not found:
            raise not_found(f"Could not find any versions of model {name}")
        return found

    def labels(self, name: str) -> Mapping[str, int]:
        """Versions of a model by label; `Refusal` when there is no such model."""
        return self.model(name).labels

    def served(self) -> tuple[Served, ...]:
        """All versions of all models that answer."""
        models = self._models
        return tuple(
            models[name].available[version]
            for name in sorted(models)
            for version in sorted(models[name].available)
        )

    @property
    def ready(self) -> bool:
        """Whether all models were tried once, and one or more answer."""
        answering = any(model.available for model in self._models.values())
        return self._settled and not self._ending and answering

    @property
    def settled(self) -> bool:
        """Whether all models were tried once."""
        return self._settled

    def is_ready(self, wanted: Wanted) -> bool:
        """Whether that version answers."""
        try:
            self.find(wanted)
        except Refusal:
            return False
        return True

    def settle(self) -> None:
        """All models have been tried."""
        self._settled = True

    def unsettle(self) -> None:
        """The server is about to stop: no longer ready, though it still answers."""
        self._ending = True

    def put(self, name: str, served: Served) -> Served | None:
        """Let a version answer from now on; the one of that number that it replaces."""
        status = VersionStatus(served.version, State.AVAILABLE)
        with self._lock:
            model = self._models.get(name, Model())
            before = model.available.get(served.version)
            available = {**model.available, served.version: served}
            self._replace(name, replace(model, available=available), status)
        return before

    def drop(self, name: str, version: int) -> Served | None:
        """Let a version answer nothing new; it still ends what it has begun."""
        with self._lock:
            model = self._models[name]
            available = dict(model.available)
            served = available.pop(version, None)
            status = VersionStatus(version, State.UNLOADING)
            self._replace(name, replace(model, available=available), status)
        return served

    def note(self, name: str, status: VersionStatus) -> None:
        """What became of a version."""
        with self._lock:
            self._replace(name, self._models.get(name, Model()), status)

    def describe(self, name: str, labels: Mapping[str, int], problem: str = "") -> None:
        """What is known of a model as a whole."""
        with self._lock:
            model = self._models.get(name, Model())
            self._replace(name, replace(model, labels=dict(labels), problem=problem))

    def forget(self, name: str) -> None:
        """A model that nobody has any more."""
        with self._lock:
            self._models = {k: m for k, m in self._models.items() if k != name}

    def _replace(
        self, name: str, model: Model, status: VersionStatus | None = None
    ) -> None:
        if status is not None:
            statuses = {**model.statuses, status.version: status}
            ended = sorted(v for v, s in statuses.items() if s.state == State.END)
            for version in ended[:-MOST_ENDED]:
                del statuses[version]
            model = replace(model, statuses=statuses)
        self._models = {**self._models, name: model}

    def _labelled(self, model: Model | None, label: str) -> Served:
        version = model.labels.get(label) if model else None
        served = model.available.get(version) if model and version is not None else None
        if served is None:
            # No version has that number.
            wanted = -1 if version is None else version
            raise self._unless_coming(_unknown_label(label), model, wanted)
        return served

    def _unless_coming(
        self, refusal: Refusal, model: Model | None, version: int | None
    ) -> Refusal:
        """The refusal; or that the version, `None` for any, is still being loaded."""
        if model is None or not model.statuses:
            return refusal if self._settled else still_loading()
        coming = any(
            status.state in COMING and version in (None, status.version)
            for status in model.statuses.values()
        )
        return still_loading() if coming else refusal


def _means_default(model: Model | None, version: int) -> bool:
    """OpenVINO's clients always send a version, and mean the default one by 0."""
    return version == 0 and (model is None or 0 not in model.statuses)


def still_loading() -> Refusal:
    """What is asked for is not there yet."""
    return Refusal(
        Code.UNAVAILABLE,
        received="The models are still loading.",
        expected="a server that is ready, as /ready and /v2/health/ready say.",
        remedy="Ask again in a second.",
        retry_after_seconds=1,
    )


def _not_served(which: str) -> Refusal:
    return Refusal(Code.NOT_FOUND, f"Servable not found for request: {which}")


def _unknown_label(label: str) -> Refusal:
    return invalid(f"Unrecognized servable version label: {label}")
