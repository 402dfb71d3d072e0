"""visus verify: whether a certificate is whole, whose it is, and of which model.

`RequiredCertificate` is the same for verbs that refuse a model without one.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from visus.certifying.certificate import Certificate, GateResult
from visus.certifying.signed import Signed, read_certificate
from visus.certifying.signing import WantedKey
from visus.core.errors import ConfigError, ModelError
from visus.core.files import digest_of_file

# Of a folder of certificates; a folder of more is another one.
MOST_FILES = 10_000


@dataclass(frozen=True)
class Verified:
    """A certificate that is whole and of this very model.

    Args:
        signed: what it says.
        key_wanted: whether a key was asked for, and is this one.
    """

    signed: Signed
    key_wanted: bool

    @property
    def certificate(self) -> Certificate:
        """What is signed."""
        return self.signed.certificate

    @property
    def failed(self) -> tuple[GateResult, ...]:
        """The gates that do not hold."""
        return self.certificate.failed

    def to_json(self) -> dict[str, Any]:
        """As `visus verify --json` prints it."""
        certificate = self.certificate
        return {
            "valid": True,
            "model": certificate.model.file_name,
            "sha256": certificate.model.sha256,
            "fingerprint": self.signed.fingerprint,
            "public_key": self.signed.public_key,
            "key_wanted": self.key_wanted,
            "made": certificate.made,
            "visus": certificate.visus,
            "passed": not self.failed,
            "gates": [gate.model_dump(mode="json") for gate in certificate.gates],
        }


def verify_certificate(
    certificate: Path, bundle: Path, key: str | None = None
) -> Verified:
    """Check the signature, and that this is the model that was certified.

    Args:
        certificate: `certificate.json`.
        bundle: the `.visus` file.
        key: the signer's public key, its file, or its fingerprint; `None`: whoever
            signed it.

    Raises:
        ModelError: the certificate is no whole one, was altered, is of another model,
            or is signed with another key; or there is no such model.
        ConfigError: the key cannot be used.
    """
    wanted = None if key is None else WantedKey.read(key)
    signed = read_certificate(certificate, wanted)
    digest = _digest(bundle)
    if signed.certificate.model.sha256 != digest:
        raise ModelError(
            received=f"{certificate} is the certificate of another model: its SHA-256 "
            f"is {signed.certificate.model.sha256[:16]}..., and that of {bundle} "
            f"{digest[:16]}...",
            expected="the very file that was certified; one changed byte is another "
            "model.",
            remedy="Get that file again, or certify this one with `visus certify`.",
        )
    return Verified(signed, wanted is not None)


@dataclass(frozen=True)
class RequiredCertificate:
    """A certificate that a model must have, with gates that hold.

    Args:
        place: `certificate.json`, or a folder in which there is one for each model.
        wanted: the key that it must be signed with; `None`: any.
    """

    place: Path
    wanted: WantedKey | None = None

    @classmethod
    def read(cls, place: Path | None, key: str | None) -> "RequiredCertificate | None":
        """What was asked for; `None` where nothing was.

        Raises:
            ConfigError: a key without a place, one that cannot be used, or a place
                that does not exist.
        """
        if place is None:
            if key is None:
                return None
            raise ConfigError(
                received=f"--certificate-key {key} without --require-certificate.",
                expected="both: the key of a certificate that is asked for.",
                remedy="Write --require-certificate FILE too.",
            )
        if not place.exists():
            raise ConfigError(
                received=f"--require-certificate {place}: it does not exist.",
                expected="a certificate.json, or a folder with some.",
                remedy="Make one with `visus certify model.visus DATA`.",
            )
        return cls(place, None if key is None else WantedKey.read(key))

    def check(self, bundle: Path) -> None:
        """Refuse a model without a valid certificate of its own.

        Raises:
            ModelError: there is none, or its gates fail.
        """
        digest = _digest(bundle)
        if self.place.is_dir():
            signed = self._find(bundle, digest)
        else:
            signed = read_certificate(self.place, self.wanted)
            if signed.certificate.model.sha256 != digest:
                raise self._missing(bundle, f"{self.place} is that of another model.")
        if signed.certificate.failed:
            raise ModelError(
                received=f"The certificate of {bundle} says: "
                f"{signed.certificate.verdict()}.",
                expected="a model that passes all its gates.",
                remedy="Train a better one, or set other gates and certify again.",
            )

    def _find(self, bundle: Path, digest: str) -> Signed:
        """The model's own certificate in the folder, best one that passes."""
        found, refused = list[Signed](), list[str]()
        for path in self._files():
            try:
                signed = read_certificate(path, self.wanted)
            except ModelError as error:
                refused.append(error.received)
                continue
            if signed.certificate.model.sha256 == digest:
                found.append(signed)
        passing = [signed for signed in found if not signed.certificate.failed]
        if passing or found:
            return (passing or found)[0]
        more = f" {refused[0]}" if refused else ""
        raise self._missing(bundle, f"{self.place} holds none of it.{more}")

    def _files(self) -> list[Path]:
        files = sorted(self.place.rglob("*.json"))
        if len(files) > MOST_FILES:
            raise ModelError(
                received=f"{self.place} holds {len(files):,} JSON files.",
                expected=f"a folder of certificates, at most {MOST_FILES:,}.",
                remedy="Put the certificates into a folder of their own.",
            )
        return files

    def _missing(self, bundle: Path, reason: str) -> ModelError:
        return ModelError(
            received=f"{bundle} has no certificate: {reason}",
            expected="a certificate of this very file, as --require-certificate asks.",
            remedy="Make one with `visus certify model.visus DATA`, or leave that "
            "option out.",
        )


def _digest(bundle: Path) -> str:
    try:
        return digest_of_file(bundle, "sha256")
    except OSError as error:
        raise ModelError(
            received=f"{bundle} cannot be read: {error.strerror or error}.",
            expected="the model file that was certified.",
            remedy="Check the path, or see `visus runs`.",
        ) from error
