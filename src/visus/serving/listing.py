"""The repository's index and statistics, as Triton's extensions have them."""

from collections.abc import Iterator
from dataclasses import dataclass

from visus.serving.repository import Repository
from visus.serving.served import Served
from visus.serving.versions import State, Wanted

READY, LOADING, UNAVAILABLE = "READY", "LOADING", "UNAVAILABLE"
_STATES = {
    State.START: LOADING,
    State.LOADING: LOADING,
    State.AVAILABLE: READY,
    State.UNLOADING: UNAVAILABLE,
    State.END: UNAVAILABLE,
}


@dataclass(frozen=True)
class Listed:
    """One version in the index.

    Args:
        name: of the model.
        version: in digits.
        state: READY, LOADING or UNAVAILABLE.
        reason: why it is not ready, if anybody knows.
    """

    name: str
    version: str
    state: str
    reason: str


def index(repository: Repository, *, ready_only: bool) -> Iterator[Listed]:
    """All versions that were met, by name and number."""
    for name in repository.names():
        statuses = repository.model(name).statuses
        for version in sorted(statuses):
            status = statuses[version]
            state = _STATES[status.state]
            if state == READY or not ready_only:
                yield Listed(name, str(version), state, status.message)


def counted(repository: Repository, wanted: Wanted | None) -> tuple[Served, ...]:
    """The versions whose statistics are asked for: one, a model's, or all there are.

    Raises:
        Refusal: there is no such model or version.
    """
    if wanted is None:
        return repository.served()
    if wanted.version is not None:
        return (repository.find(wanted),)
    available = repository.model(wanted.name).available
    return tuple(available[version] for version in sorted(available))
