"""visus certify: what a model can and cannot do, measured in a given time, signed."""

import math
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from visus.bundles import Bundle, load_bundle
from visus.certifying.certificate import (
    Certificate,
    CertifiedData,
    CertifiedModel,
    GateResult,
    Section,
    now,
)
from visus.certifying.gates import Gates, read_gates
from visus.certifying.limits import limits_of
from visus.certifying.signed import Signed, seal
from visus.certifying.signing import own_key
from visus.core.errors import ConfigError, ModelError
from visus.core.files import digest_of_file
from visus.core.progress import Progress, SilentProgress
from visus.data.writers.folders import require_place
from visus.pipeline.backbone import ORIGIN
from visus.pipeline.certificate.answered import answer_test
from visus.pipeline.certificate.clock import Clock
from visus.pipeline.certificate.data import data_section, look_at_data, small_pictures
from visus.pipeline.certificate.explanations import explanations_section
from visus.pipeline.certificate.files import VERB, free_folder, write_certificate
from visus.pipeline.certificate.parts import (
    accuracy_section,
    answers_section,
    calibration_section,
    export_section,
    fairness_section,
)
from visus.pipeline.certificate.robustness import (
    adversarial_section,
    corruptions_section,
)
from visus.pipeline.certificate.work import Measured, Work

MINUTES = 5.0

# In the order of their worth: what comes last is what a short time leaves out.
MEASURED: tuple[Measured, ...] = (
    calibration_section,
    answers_section,
    fairness_section,
    export_section,
    corruptions_section,
    adversarial_section,
    explanations_section,
)
# In the order in which they are read.
READ = (
    "accuracy",
    "calibration",
    "answers",
    "corruptions",
    "adversarial",
    "fairness",
    "explanations",
    "export",
    "data",
)
# Where a metric would be found, so that a gate can say why it was not.
SECTION_OF = {
    "calibration_error": "calibration",
    "answered": "answers",
    "answered_accuracy": "answers",
    "set_coverage": "answers",
    "false_rejections": "answers",
    "corrupted_accuracy": "corruptions",
    "shift_drop": "corruptions",
    "fgsm_accuracy": "adversarial",
    "pgd_accuracy": "adversarial",
    "accuracy_gap": "fairness",
    "export_difference": "export",
    "blocking_checks": "data",
}


@dataclass(frozen=True)
class CertifyRequest:
    """What a person asked for.

    Args:
        bundle: the `.visus` file.
        source: labelled pictures, as `read_source` takes them.
        minutes: for all of it.
        gates: a TOML file of what the model must reach; `None`: nothing.
        group: a column whose groups are held against each other.
        target: column of the truth; `None`: as it was called when the bundle learned.
        out: the folder; `None`: the first free `certificates/<data>-<number>`.
        offline: never open a connection.
        force: replace what an earlier certificate wrote there.
    """

    bundle: Path
    source: Any
    minutes: float = MINUTES
    gates: Path | None = None
    group: str | None = None
    target: str | None = None
    out: Path | None = None
    offline: bool = False
    force: bool = False


@dataclass(frozen=True)
class Certified:
    """A certificate, written.

    Args:
        signed: what it says.
        folder: where it lies.
    """

    signed: Signed
    folder: Path

    @property
    def certificate(self) -> Certificate:
        """What is signed."""
        return self.signed.certificate

    @property
    def failed(self) -> tuple[GateResult, ...]:
        """The gates that do not hold."""
        return self.certificate.failed

    def to_json(self) -> dict[str, Any]:
        """As `visus certify --json` prints it."""
        return {
            **self.signed.values,
            "fingerprint": self.signed.fingerprint,
            "passed": not self.failed,
            "out": str(self.folder),
        }


def certify_bundle(
    request: CertifyRequest, progress: Progress | None = None
) -> Certified:
    """Measure, hold against the gates, sign, and write the certificate.

    It is written whether or not the gates hold; `Certified.failed` tells.

    Args:
        request: what is to be certified, and how.
        progress: who is told.

    Raises:
        ConfigError: minutes, gates or the place cannot be used.
        ModelError: the bundle cannot be used, or changed meanwhile.
        DataError: the pictures cannot be used, or the model has learned from all.
        MachineError: something cannot be written.
    """
    progress = progress or SilentProgress()
    clock = _clock(request.minutes)
    gates = Gates() if request.gates is None else read_gates(request.gates)
    if request.out is not None:
        require_place(request.out, force=request.force, verb=VERB)
    # What cannot be signed should not be measured for minutes.
    key = own_key()
    bundle = load_bundle(request.bundle)
    digest = digest_of_file(request.bundle, "sha256")
    test = answer_test(
        bundle,
        request.source,
        clock,
        target=request.target,
        group=request.group,
        offline=request.offline,
        progress=progress,
    )
    work = Work(bundle, test, clock, request.group, progress)
    sections = _sections(work)
    model = _model(bundle, digest)
    data = _data(work)
    if digest_of_file(request.bundle, "sha256") != digest:
        raise _changed(request.bundle)
    certificate = Certificate(
        made=now(),
        visus=version("visus"),
        minutes=request.minutes,
        seconds=round(clock.seconds, 1),
        model=model,
        data=data,
        sections=sections,
        limits=limits_of(model, data, sections),
    )
    checked = gates.check(certificate.facts, _reasons(sections))
    signed = seal(certificate.model_copy(update={"gates": checked}), key)
    folder = request.out or free_folder(test.dataset.name)
    write_certificate(signed, folder)
    return Certified(signed, folder)


def _clock(minutes: float) -> Clock:
    if not (0 < minutes < math.inf):
        raise ConfigError(
            received=f"--minutes {minutes:g}.",
            expected="a time above 0.",
            remedy="Write, for example, --minutes 5.",
        )
    return Clock(minutes)


def _sections(work: Work) -> tuple[Section, ...]:
    """All of them, measured by worth and put in reading order."""
    audited = look_at_data(work.test, work.clock, work.progress)
    small = small_pictures(work.bundle, audited, work.tested.test.ids)
    measures: tuple[Measured, ...] = (
        lambda work: accuracy_section(work, small),
        lambda work: data_section(work, audited),
        *MEASURED,
    )
    found = [_timed(measure, work) for measure in measures]
    return tuple(sorted(found, key=lambda section: READ.index(section.name)))


def _timed(measure: Measured, work: Work) -> Section:
    begun = work.clock.seconds
    section = measure(work)
    seconds = round(work.clock.seconds - begun, 2)
    return section.model_copy(update={"seconds": seconds})


def _reasons(sections: tuple[Section, ...]) -> dict[str, str]:
    """Why a metric was not measured, as its section tells."""
    by_name = {section.name: section for section in sections}
    reasons = {}
    for metric, name in SECTION_OF.items():
        section = by_name[name]
        said = [finding.message for finding in section.findings]
        reasons[metric] = section.absent or " ".join(said)
    return reasons


def _model(bundle: Bundle, digest: str) -> CertifiedModel:
    origin = bundle.origin
    learned = origin.get("data", {})
    backbone = origin.get(ORIGIN, {})
    parameters = origin.get("parameters")
    return CertifiedModel(
        file_name=bundle.path.name,
        sha256=digest,
        size=bundle.path.stat().st_size,
        network=str(origin.get("network", "unknown")),
        parameters=parameters if isinstance(parameters, int) else None,
        task=bundle.task.kind,
        class_names=bundle.class_names,
        image_size=bundle.spec.image_size,
        channels=bundle.spec.channels,
        licence=str(origin.get("licence") or backbone.get("licence") or ""),
        learned_from=str(learned.get("name", "")),
        learned_fingerprint=str(learned.get("fingerprint", "")),
    )


def _data(work: Work) -> CertifiedData:
    test = work.test
    records = test.records
    counts: dict[str, int] = {}
    for record in records.records:
        for label in record.labels:
            counts[label] = counts.get(label, 0) + 1
    return CertifiedData(
        name=test.dataset.name,
        fingerprint=records.fingerprint,
        pictures=work.count,
        of=test.of,
        left_out=test.left_out,
        found=test.ledger.found,
        quarantined=len(test.ledger.quarantined),
        by_class=counts,
        group=work.group or "",
    )


def _changed(path: Path) -> ModelError:
    return ModelError(
        received=f"{path} was replaced while it was measured.",
        expected="one file from beginning to end.",
        remedy="Certify it again when nobody writes there.",
    )
