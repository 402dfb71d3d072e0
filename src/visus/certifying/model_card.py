"""The model card: Markdown with the front matter that Hugging Face reads.

The front matter is YAML (https://huggingface.co/docs/hub/model-cards); every word of it
that comes from outside is written as a JSON string, which YAML reads as it stands.
"""

import json
import re
from collections.abc import Iterator

from visus.certifying.certificate import Certificate, Section
from visus.certifying.signed import Signed
from visus.core.report import Fact, Table

# What a hub knows by name, and what we call it.
METRICS = {
    "accuracy": "accuracy",
    "macro_f1": "f1",
    "mean_absolute_error": "mae",
    "calibration_error": "expected_calibration_error",
}
PIPELINES = {
    "single-label": "image-classification",
    "multi-label": "image-classification",
}
# What Markdown would take for its own.
_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~$&])")
_BREAKS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]+")
MOST_ROWS = 40


def model_card(signed: Signed) -> str:
    """The card as Markdown, from the same facts as the certificate.

    Args:
        signed: the certificate.
    """
    certificate = signed.certificate
    lines = [
        *_front_matter(certificate),
        f"# {_plain(certificate.model.network)} on {_plain(certificate.data.name)}",
        "",
        *_use(certificate),
        *_gates(certificate),
        *(line for part in certificate.sections for line in _section(part)),
        "## Limits",
        "",
        *(f"- {_plain(limit)}" for limit in certificate.limits),
        "",
        "## Proof",
        "",
        f"Measured on {certificate.made} by Visus {_plain(certificate.visus)}, and "
        "signed: `visus verify certificate.json "
        f"{_code(certificate.model.file_name)}`. The key of the signer is "
        f"`{signed.fingerprint}`, SHA-256 of the model "
        f"`{certificate.model.sha256}`.",
    ]
    return "\n".join(lines) + "\n"


def _front_matter(certificate: Certificate) -> Iterator[str]:
    model, facts = certificate.model, certificate.facts
    yield "---"
    yield "library_name: visus"
    if model.task in PIPELINES:
        yield f"pipeline_tag: {PIPELINES[model.task]}"
    yield "tags:"
    for tag in ("visus", "onnx", "keras", model.task):
        yield f"- {json.dumps(tag)}"
    results = [(METRICS[n], f) for n, f in facts.items() if n in METRICS]
    if not results:
        yield "---"
        return
    yield "model-index:"
    yield f"- name: {json.dumps(model.network)}"
    yield "  results:"
    yield "  - task:"
    yield f"      type: {PIPELINES.get(model.task, 'other')}"
    yield "    dataset:"
    yield f"      name: {json.dumps(certificate.data.name)}"
    yield f"      type: {json.dumps(certificate.data.name)}"
    yield "    metrics:"
    for kind, fact in results:
        yield f"    - type: {kind}"
        yield f"      value: {json.dumps(fact.value)}"
        yield f"      name: {json.dumps(_title(fact))}"
    yield "---"


def _use(certificate: Certificate) -> Iterator[str]:
    model, data = certificate.model, certificate.data
    height, width = model.image_size
    learned = _plain(model.learned_from) or "pictures that are not named"
    weights = f", {model.parameters:,} weights" if model.parameters is not None else ""
    yield (
        f"A {model.task} model of pictures: {_plain(model.network)}{weights}, "
        f"learned from {learned}. "
        f"It takes {height} x {width} pixels with {model.channels} channels; it "
        f"answers {_named(model.class_names)}."
    )
    yield ""
    yield "```"
    yield f"visus predict {_code(model.file_name)} picture.jpg"
    yield "```"
    yield ""
    yield (
        f"Tested on {data.pictures:,} pictures of {_plain(data.name)} that it has not "
        "learned from."
    )
    yield ""
    if model.licence:
        # Of the whole it is the owner's to choose.
        yield f"The weights that it began with: {_plain(model.licence)}."
        yield ""


def _gates(certificate: Certificate) -> Iterator[str]:
    if not certificate.gates:
        return
    yield from ("## Gates", "", "| metric | verdict | why |", "| --- | --- | --- |")
    for gate in certificate.gates:
        verdict = "passed" if gate.passed else "**failed**"
        yield f"| {_plain(gate.metric)} | {verdict} | {_plain(gate.reason)} |"
    yield ""


def _section(part: Section) -> Iterator[str]:
    yield from (f"## {_plain(part.title)}", "")
    if part.absent:
        yield from (f"Not measured. {_plain(part.absent)}", "")
        return
    for fact in part.facts:
        yield f"- {_plain(_title(fact))}: {_plain(fact.text)}"
    if part.facts:
        yield ""
    for finding in part.findings:
        yield f"> {finding.severity.capitalize()}: {_plain(finding.message)}"
        yield ""
    for table in part.tables:
        yield from _table(table)


def _table(table: Table) -> Iterator[str]:
    yield from (f"### {_plain(table.title)}", "")
    yield f"| {' | '.join(map(_plain, table.columns))} |"
    yield f"| {' | '.join('---' for _ in table.columns)} |"
    for row in table.rows[:MOST_ROWS]:
        cells = ("" if value is None else _plain(str(value)) for value in row)
        yield f"| {' | '.join(cells)} |"
    more = len(table.rows) - MOST_ROWS
    left_out = f" {more:,} more rows are in the certificate." if more > 0 else ""
    if table.note or left_out:
        yield from ("", _plain(table.note) + left_out)
    yield ""


def _title(fact: Fact) -> str:
    return fact.name.replace("_", " ").capitalize()


def _named(names: tuple[str, ...]) -> str:
    first = ", ".join(map(_plain, names[:20]))
    more = len(names) - 20
    return f"{first} and {more:,} more" if more > 0 else first


def _plain(text: str) -> str:
    """Words that stay words: names of classes and files may hold any letters."""
    return _SPECIAL.sub(r"\\\1", _BREAKS.sub(" ", text))


def _code(text: str) -> str:
    return _BREAKS.sub(" ", text).replace("`", "'")
