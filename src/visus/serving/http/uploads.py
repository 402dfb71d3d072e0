"""Which model a request of a person names, and the picture files that it brings."""

from visus.serving.config import HttpConfig
from visus.serving.http.exchange import Request
from visus.serving.http.forms import read_files
from visus.serving.offloading import in_thread_if_large
from visus.serving.refusals import Code, Refusal, invalid, shown
from visus.serving.repository import Repository, still_loading
from visus.serving.versions import MOST_VERSION, Wanted


def wanted_model(request: Request, repository: Repository) -> Wanted:
    """The model that is named, or the only one there is.

    Raises:
        Refusal: there are several and none is named, there is none of that name or
            version, or not all are known yet.
    """
    names = repository.names()
    request.model = word(request, "model") or (names[0] if len(names) == 1 else "")
    if not (repository.settled or word(request, "model")):
        # The only one there is now may be the first of several.
        raise still_loading()
    if not request.model:
        raise invalid(
            f"{len(names)} models, and none is named.",
            f"one of {', '.join(names[:20]) or 'those in the repository, none now'}.",
            f"Name it: {request.path}?model=NAME",
        )
    version = count(request, "version")
    if version is not None and version > MOST_VERSION:
        raise invalid(f"The version {version}.", "a smaller number.", "Leave it out.")
    wanted = Wanted(request.model, version, word(request, "label"))
    _require_there(repository, wanted)
    return wanted


def _require_there(repository: Repository, wanted: Wanted) -> None:
    """The protocols' own words for what is missing are for their clients."""
    try:
        repository.find(wanted)
    except Refusal as refusal:
        if refusal.code == Code.UNAVAILABLE:
            raise
        raise _not_there(repository, wanted) from refusal


def _not_there(repository: Repository, wanted: Wanted) -> Refusal:
    models = {served.name for served in repository.served()}
    if wanted.name not in models:
        return Refusal(
            Code.NOT_FOUND,
            f"There is no model {shown(wanted.name)} that answers.",
            f"one of {', '.join(sorted(models)[:20]) or 'those that load: none does'}.",
            "See /v2/repository/index for why a model does not load.",
        )
    which = "label" if wanted.label is not None else "version"
    versions = sorted(repository.model(wanted.name).available)
    return Refusal(
        Code.NOT_FOUND,
        f"No version of {wanted.name} that answers has that {which}.",
        f"one of the versions {', '.join(map(str, versions[-20:]))}.",
        f"Leave the {which} out for the latest.",
    )


async def read_pictures(
    request: Request, config: HttpConfig
) -> list[tuple[str, bytes]]:
    """Name and content of each picture of a form, or of the one that is the body.

    Raises:
        Refusal: there is none, or the form is none.
    """
    if content_kind(request) == "multipart/form-data":
        most, size = config.max_parts, len(request.body)
        return await in_thread_if_large(size, _form, request, most)
    if not request.body:
        raise invalid(
            "An empty body.",
            "a picture file.",
            "Send it like: curl -F file=@picture.png",
        )
    return [("picture", request.body)]


def content_kind(request: Request) -> str:
    """Its content type, without parameters."""
    return request.header(b"content-type").partition(";")[0].strip().lower()


def word(request: Request, name: str) -> str | None:
    """A value of the query."""
    values = request.query.get(name)
    return values[0] if values else None


def count(request: Request, name: str) -> int | None:
    """A whole number of the query; `Refusal` where it is none."""
    digits = word(request, name)
    if digits is None:
        return None
    if not (digits.isascii() and digits.isdecimal() and 0 < len(digits) <= 19):
        raise invalid(f"{name}={digits[:64]!r}.", "a whole number.", "Leave it out.")
    return int(digits)


def _form(request: Request, most: int) -> list[tuple[str, bytes]]:
    return read_files(request.body, request.header(b"content-type"), most)
