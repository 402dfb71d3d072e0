"""A certificate as a file: sealed, and read by somebody who trusts nobody."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from visus.certifying.canonical import canonical, read_strictly, signable
from visus.certifying.certificate import FORMAT, FORMAT_VERSION, Certificate
from visus.certifying.signing import SigningKey, WantedKey, fingerprint, signed_by
from visus.core.errors import ModelError

PUBLIC_KEY, SIGNATURE = "public_key", "signature"
# Ours have some hundred kilobytes.
MOST_BYTES = 16 * 2**20


@dataclass(frozen=True)
class Signed:
    """A certificate with its signature.

    Args:
        certificate: what is signed.
        public_key: of the signer, 64 hexadecimal digits.
        values: all of it as plain data, the signature too.
    """

    certificate: Certificate
    public_key: str
    values: dict[str, Any]

    @property
    def fingerprint(self) -> str:
        """The signer's key in short."""
        return fingerprint(self.public_key)

    def text(self) -> str:
        """As it is written into a file."""
        return json.dumps(self.values, indent=1, ensure_ascii=True) + "\n"


def seal(certificate: Certificate, key: SigningKey) -> Signed:
    """Sign a certificate: all of it, and the public key."""
    values = signable(certificate.model_dump(mode="json"))
    values[PUBLIC_KEY] = key.public
    values[SIGNATURE] = key.sign(canonical(values))
    # What a reader will see, without what had no canonical form.
    return Signed(_certificate(values), key.public, values)


def read_certificate(path: Path, wanted: WantedKey | None = None) -> Signed:
    """Read a certificate and check its signature.

    Args:
        path: of `certificate.json`.
        wanted: the key that it must be signed with; `None`: any.

    Raises:
        ModelError: the file is missing, cut, huge, no certificate or a newer one; it
            was altered after it was signed; or somebody else signed it.
    """
    values = _read(path)
    version = values.get("format_version")
    if values.get("format") != FORMAT or not isinstance(version, int):
        raise _no_certificate(path, f"it does not say that it is a {FORMAT}")
    if version > FORMAT_VERSION:
        raise ModelError(
            received=f"{path} has the format version {version}.",
            expected=f"version {FORMAT_VERSION} or older.",
            remedy="Install a newer Visus: pip install --upgrade visus",
        )
    public, signature = values.get(PUBLIC_KEY), values.get(SIGNATURE)
    if not isinstance(public, str) or not isinstance(signature, str):
        raise _no_certificate(path, "it has no signature")
    content = {key: value for key, value in values.items() if key != SIGNATURE}
    if not _holds(public, signature, content):
        raise ModelError(
            received=f"{path} was altered after it was signed.",
            expected="a certificate as `visus certify` wrote it.",
            remedy="Get it again from who made it, or certify the model yourself.",
        )
    if wanted is not None and not wanted.is_key(public):
        raise ModelError(
            received=f"{path} is signed with the key {fingerprint(public)}.",
            expected=f"the key {wanted.fingerprint}.",
            remedy="Ask who made it for their key, or for a certificate of their own.",
        )
    try:
        return Signed(_certificate(values), public, values)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise _no_certificate(path, f"{place}: {first['msg'].lower()}") from error


def _certificate(values: dict[str, Any]) -> Certificate:
    return Certificate.model_validate(
        {k: v for k, v in values.items() if k not in (PUBLIC_KEY, SIGNATURE)}
    )


def _holds(public: str, signature: str, content: dict[str, Any]) -> bool:
    try:
        return signed_by(public, signature, canonical(content))
    except (ValueError, RecursionError):
        # What has no canonical form was not signed by anybody.
        return False


def _read(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
        if len(content) > MOST_BYTES:
            raise ValueError(f"it has more than {MOST_BYTES // 2**20} MB")
        values = read_strictly(content.decode("utf-8"))
    except FileNotFoundError as error:
        raise ModelError(
            received=f"{path} does not exist.",
            expected="a certificate that `visus certify` wrote.",
            remedy="Check the path; it ends in certificate.json.",
        ) from error
    except (OSError, ValueError) as error:
        raise _no_certificate(path, str(error)) from error
    if not isinstance(values, dict):
        raise _no_certificate(path, "it holds no table")
    return values


def _no_certificate(path: Path, reason: str) -> ModelError:
    return ModelError(
        received=f"{path} is no certificate, or not all of one: {reason}.",
        expected="the whole certificate.json that `visus certify` wrote.",
        remedy="Copy it again from where it was made, or certify the model again.",
    )
