"""Certificates for Python: the same verbs as on the command line."""

from pathlib import Path
from typing import Any

from visus.core.progress import Progress
from visus.pipeline.certify import (
    MINUTES,
    Certified,
    CertifyRequest,
    certify_bundle,
)
from visus.pipeline.verify import Verified, verify_certificate

__all__ = ["certify", "verify"]


def certify(
    bundle: str | Path,
    source: Any,
    *,
    minutes: float = MINUTES,
    gates: str | Path | None = None,
    group: str | None = None,
    target: str | None = None,
    out: str | Path | None = None,
    offline: bool = False,
    force: bool = False,
    progress: Progress | None = None,
) -> Certified:
    """Measure all that is known of a model in a given time, and sign it.

    Args:
        bundle: the `.visus` file.
        source: labelled pictures, as `train` takes them.
        minutes: for all of it; with less, fewer pictures.
        gates: a TOML file of what it must reach; see docs/certificate.md.
        group: a column whose groups are held against each other.
        target: column of the truth; `None`: as it was called when the bundle learned.
        out: a new folder; `None`: the first free one under `certificates/`.
        offline: never open a connection.
        force: replace what an earlier certificate wrote there.
        progress: who is told; nobody by default.

    Raises:
        VisusError: with what was received, what was expected, and what to do.

    Example:
        >>> done = certify("model.visus", "photos/")     # doctest: +SKIP
        >>> done.failed                                  # doctest: +SKIP
        ()
    """
    request = CertifyRequest(
        Path(bundle),
        source,
        minutes,
        None if gates is None else Path(gates),
        group,
        target,
        None if out is None else Path(out),
        offline,
        force,
    )
    return certify_bundle(request, progress)


def verify(
    certificate: str | Path, bundle: str | Path, *, key: str | None = None
) -> Verified:
    """Check a certificate: its signature, its model; `failed` has the gates that fail.

    Args:
        certificate: `certificate.json`.
        bundle: the `.visus` file.
        key: the signer's public key, its file, or its fingerprint; `None`: anybody's.

    Raises:
        VisusError: with what was received, what was expected, and what to do.
    """
    return verify_certificate(Path(certificate), Path(bundle), key)
