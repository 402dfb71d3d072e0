"""The files of a certificate: the page, the signed facts, and the model card."""

from collections.abc import Iterator
from pathlib import Path

from visus.certifying.certificate import Certificate
from visus.certifying.model_card import model_card
from visus.certifying.signed import Signed
from visus.core.files import write_text
from visus.core.report import Fact, Finding, Report, Table
from visus.data.writers.folders import folder_aside
from visus.reporting.sections import sections_html

VERB = "certify"
CERTIFICATES = Path("certificates")
FACTS, PAGE, CARD = "certificate.json", "certificate.html", "README.md"
# For who answers for the model, on paper.
BY_HAND = ("name", "place and date", "signature")
# What a person wants to see first.
HEADLINES = (
    "accuracy",
    "mean_average_precision",
    "mean_absolute_error",
    "calibration_error",
    "answered",
    "corrupted_accuracy",
    "pgd_accuracy",
    "accuracy_gap",
)


def write_certificate(signed: Signed, folder: Path) -> None:
    """Write all three, whole or not at all.

    Raises:
        MachineError: the folder cannot be written.
    """
    with folder_aside(folder, verb=VERB) as aside:
        write_text(aside / PAGE, certificate_html(signed))
        write_text(aside / CARD, model_card(signed))
        write_text(aside / FACTS, signed.text())


def free_folder(name: str) -> Path:
    """The first free `certificates/<data>-<number>`."""
    stem = "".join(letter if letter.isalnum() else "-" for letter in name)
    number = 1
    while (folder := CERTIFICATES / f"{stem.strip('-')[:40]}-{number:03d}").exists():
        number += 1
    return folder


def certificate_html(signed: Signed) -> str:
    """The page, from the same facts as the signed file."""
    certificate = signed.certificate
    sections = [part.report() for part in certificate.sections]
    parts = [*sections, _proof(signed)]
    return sections_html(head_report(signed), parts, by_hand=BY_HAND)


def head_report(signed: Signed) -> Report:
    """What stands on top of the page, and in the terminal."""
    certificate = signed.certificate
    facts = certificate.facts
    return Report(
        title=f"Certificate of {certificate.model.network}: "
        f"{certificate.model.file_name}",
        facts=(
            _words("gates", certificate.verdict()),
            *(facts[name] for name in HEADLINES if name in facts),
        ),
        findings=tuple(_findings(certificate)),
        tables=(*_gates(certificate), _contents(certificate), _limits(certificate)),
    )


def _findings(certificate: Certificate) -> Iterator[Finding]:
    for gate in certificate.failed:
        message = (
            f"The gate {gate.metric} ({gate.bound}) fails: {gate.reason.rstrip('.')}."
        )
        yield Finding(severity="error", message=message)
    data = certificate.data
    counts = [count for count in data.by_class.values() if count]
    if certificate.model.task == "single-label" and len(counts) == 1:
        message = (
            "All test pictures are of one class: these figures say nothing of whether "
            "the model tells classes apart."
        )
        yield Finding(severity="warning", message=message)
    absent = [part.title for part in certificate.sections if part.absent]
    if absent:
        message = f"Not measured, each with its reason below: {', '.join(absent)}."
        yield Finding(severity="info", message=message)


def _gates(certificate: Certificate) -> tuple[Table, ...]:
    if not certificate.gates:
        return ()
    return (
        Table(
            title="Gates",
            columns=("metric", "verdict", "why"),
            rows=tuple(
                (gate.metric, "passed" if gate.passed else "FAILED", gate.reason)
                for gate in certificate.gates
            ),
            note="A gate holds when the whole 95 % interval is on the right side of "
            "its limit; what was not measured fails.",
        ),
    )


def _contents(certificate: Certificate) -> Table:
    return Table(
        title="What was measured",
        columns=("section", "pictures", "seconds"),
        rows=tuple(
            (part.title, "not measured" if part.absent else part.pictures, part.seconds)
            for part in certificate.sections
        ),
        note=f"In {certificate.seconds:,.0f} seconds; {certificate.minutes:g} minutes "
        "were given.",
    )


def _limits(certificate: Certificate) -> Table:
    return Table(
        title="Limits: what is not known",
        columns=("in plain words",),
        rows=tuple((limit,) for limit in certificate.limits),
    )


def _proof(signed: Signed) -> Report:
    certificate = signed.certificate
    model, data = certificate.model, certificate.data
    height, width = model.image_size
    rows = (
        ("made", certificate.made),
        ("by", f"Visus {certificate.visus}"),
        ("model", f"{model.file_name}, {model.size:,} bytes"),
        ("SHA-256 of the model", model.sha256),
        ("task", model.task),
        ("classes", ", ".join(model.class_names[:30])),
        ("picture size", f"{height} x {width} pixels, {model.channels} channels"),
        ("learned from", model.learned_from or "not known"),
        ("its fingerprint", model.learned_fingerprint or "not known"),
        ("tested on", f"{data.pictures:,} pictures of {data.name}"),
        ("their fingerprint", data.fingerprint),
        ("signed with", signed.fingerprint),
    )
    return Report(
        title="What this is about, and who signed it",
        tables=(
            Table(
                title="Proof",
                columns=("what", "value"),
                rows=rows,
                note="This page is not signed; certificate.json beside it is, and says "
                "the same. Check it: visus verify certificate.json "
                f"{model.file_name}",
            ),
        ),
    )


def _words(name: str, text: str) -> Fact:
    return Fact(name=name, value=text, text=text)
