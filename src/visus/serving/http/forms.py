"""The files of a multipart form."""

from dataclasses import dataclass, field

from python_multipart import MultipartParser
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import parse_options_header

from visus.serving.refusals import Refusal, invalid

_MOST_NAME = 200


@dataclass
class Part:
    """One part of a form, as far as it was read.

    Args:
        headers: by lower-case name.
        pieces: of its content.
    """

    headers: dict[bytes, bytes] = field(default_factory=dict)
    pieces: list[bytes] = field(default_factory=list)


@dataclass
class _Reader:
    """Hears what the parser finds."""

    most: int
    parts: list[Part] = field(default_factory=list)
    name: bytes = b""
    value: bytes = b""
    whole: bool = False

    def begin(self) -> None:
        if len(self.parts) >= self.most:
            raise _too_many(self.most)
        self.parts.append(Part())

    def data(self, data: bytes, start: int, end: int) -> None:
        self.parts[-1].pieces.append(data[start:end])

    def header_field(self, data: bytes, start: int, end: int) -> None:
        self.name += data[start:end]

    def header_value(self, data: bytes, start: int, end: int) -> None:
        self.value += data[start:end]

    def header_end(self) -> None:
        self.parts[-1].headers[self.name.lower()] = self.value
        self.name = self.value = b""

    def end(self) -> None:
        self.whole = True


def read_files(body: bytes, content_type: str, most: int) -> list[tuple[str, bytes]]:
    """Name and content of each file of a form; its other fields are left out.

    Args:
        body: of the request.
        content_type: its header, with the boundary.
        most: parts that a form may have.

    Raises:
        Refusal: it is no whole form, has too many parts, or no file.
    """
    _, options = parse_options_header(content_type)
    boundary = options.get(b"boundary")
    reader = _Reader(most)
    try:
        if not boundary:
            raise FormParserError("no boundary")
        parser = MultipartParser(
            boundary,
            {
                "on_part_begin": reader.begin,
                "on_part_data": reader.data,
                "on_header_field": reader.header_field,
                "on_header_value": reader.header_value,
                "on_header_end": reader.header_end,
                "on_end": reader.end,
            },
        )
        parser.write(body)
        parser.finalize()
    except FormParserError as error:
        raise _no_form(str(error)) from error
    if not reader.whole:
        raise _no_form("it is cut")
    files = [file for part in reader.parts if (file := _file(part)) is not None]
    if not files:
        raise _no_form("it holds no file")
    return files


def _file(part: Part) -> tuple[str, bytes] | None:
    disposition = part.headers.get(b"content-disposition", b"")
    _, options = parse_options_header(disposition)
    if b"filename" not in options:
        return None
    name = options[b"filename"].decode("utf-8", "replace")[:_MOST_NAME]
    return name, b"".join(part.pieces)


def _no_form(reason: str) -> Refusal:
    return invalid(
        f"A form that cannot be used: {reason[:200]}.",
        "multipart/form-data with a file in it.",
        "Send it like: curl -F file=@picture.png",
    )


def _too_many(most: int) -> Refusal:
    return invalid(
        f"A form of more than {most} parts.", f"at most {most}.", "Send fewer at once."
    )
