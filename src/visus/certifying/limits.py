"""Limits in plain words: what a model was not tested on, and so is not known."""

from collections.abc import Iterator, Sequence

from visus.certifying.certificate import CertifiedData, CertifiedModel, Section

# Of classes with fewer test pictures little can be said.
FEW_PICTURES = 30
MOST_NAMED = 10


def limits_of(
    model: CertifiedModel, data: CertifiedData, sections: Sequence[Section]
) -> tuple[str, ...]:
    """Sentences for a person who is about to rely on the model.

    Args:
        model: what it is about.
        data: what it was tested on.
        sections: what was measured.
    """
    return tuple(_limits(model, data, {part.name: part for part in sections}))


def _limits(
    model: CertifiedModel, data: CertifiedData, parts: dict[str, Section]
) -> Iterator[str]:
    yield (
        f"All figures are of {data.pictures:,} pictures of {data.name}. Pictures of "
        "another camera, place, time or use were not tested: there it may be worse."
    )
    yield from _pictures(data)
    if model.task != "numeric":
        yield from _classes(model, data)
    yield (
        "Only exact copies of pictures that the model learned from are left out of the "
        "test; those that are nearly the same count as new, and flatter it."
    )
    if "answers" in parts and not parts["answers"].absent:
        yield (
            "How well it knows pictures of another kind was tested with made stand-ins "
            "when it was trained, not with real ones."
        )
    if "corruptions" in parts and not parts["corruptions"].absent:
        yield (
            "Corruptions are computed, one at a time; real weather, dirt and wear are "
            "more than that."
        )
    if not data.group:
        yield (
            "Whether it is worse for some groups, of people or of places, was not "
            "tested: no group was named."
        )
    else:
        yield f"Groups were told by {data.group} alone; others were not looked at."
    for part in parts.values():
        if part.absent:
            yield f"{part.title}: not measured. {part.absent}"
    yield (
        "A certificate says what was measured with this file on these pictures. It "
        "does not say that the model is fit for a use; that is a person's to judge."
    )


def _pictures(data: CertifiedData) -> Iterator[str]:
    if data.pictures + data.left_out < data.of:
        yield (
            f"The time allowed for {data.pictures + data.left_out:,} of the "
            f"{data.of:,} test pictures; these were drawn."
        )
    if data.quarantined:
        yield (
            f"{data.quarantined:,} of the {data.found:,} files could not be used, and "
            "nothing is known of pictures like them."
        )


def _classes(model: CertifiedModel, data: CertifiedData) -> Iterator[str]:
    counts = {name: data.by_class.get(name, 0) for name in model.class_names}
    missing = [name for name, count in counts.items() if not count]
    few = [name for name, count in counts.items() if 0 < count < FEW_PICTURES]
    if missing:
        yield f"No test picture shows {_named(missing)}: nothing is known of it."
    if len(counts) - len(missing) == 1:
        yield (
            "All test pictures are of one class, so nothing is known of whether it "
            "tells classes apart: an answer that never changes would score as well."
        )
    if few:
        yield (
            f"Of {_named(few)} there are fewer than {FEW_PICTURES} test pictures: too "
            "few to say much."
        )


def _named(names: Sequence[str]) -> str:
    first = ", ".join(map(repr, names[:MOST_NAMED]))
    more = len(names) - MOST_NAMED
    return f"{first} and {more:,} more" if more > 0 else first
