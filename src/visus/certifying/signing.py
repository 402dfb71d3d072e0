"""Ed25519 (RFC 8032): the key of this machine's user, and what it signs.

The key is made when it is first needed, lies under `VISUS_HOME` where only its owner
may read it, and never leaves it. Who wants to be known by it gives others the
fingerprint.
"""

import base64
import hashlib
import os
import stat
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)
from filelock import FileLock

from visus.core.errors import ConfigError, MachineError
from visus.core.files import cannot_write, write_bytes, written_aside
from visus.data.home import keys_folder

PRIVATE, PUBLIC = "certificates.pem", "certificates.pub.pem"
# A public key in hexadecimal digits; a file that holds one is a little longer.
PUBLIC_DIGITS, MOST_KEY_BYTES = 64, 10_000
FINGERPRINT = "SHA256:"


@dataclass(frozen=True)
class SigningKey:
    """A private key, which signs.

    Args:
        private: of the library.
    """

    private: Ed25519PrivateKey

    @property
    def public(self) -> str:
        """Its public key, 64 hexadecimal digits."""
        raw = self.private.public_key().public_bytes_raw()
        return raw.hex()

    def sign(self, content: bytes) -> str:
        """The signature of these bytes, 128 hexadecimal digits."""
        return self.private.sign(content).hex()


def signed_by(public: str, signature: str, content: bytes) -> bool:
    """Whether the owner of the public key signed these very bytes."""
    try:
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(public))
        key.verify(bytes.fromhex(signature), content)
    except (ValueError, InvalidSignature):
        return False
    return True


def fingerprint(public: str) -> str:
    """A public key in short, as one reads it out to somebody.

    Example:
        >>> fingerprint("00" * 32)
        'SHA256:Zmh6rfhivXdsj8GLjp+OIAiXFIVu4jOzkCpZHQ1fKSU'
    """
    digest = hashlib.sha256(bytes.fromhex(public)).digest()
    return FINGERPRINT + base64.b64encode(digest).decode("ascii").rstrip("=")


def own_key() -> SigningKey:
    """The key of this machine's user, made at the first call.

    Raises:
        MachineError: it cannot be written or read.
        ConfigError: others may read it, or the file holds no such key.
    """
    place = keys_folder() / PRIVATE
    try:
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Two first calls at once must not make two keys.
        with FileLock(place.with_suffix(".lock")):
            if not place.exists():
                _make(place)
            return _read(place)
    except OSError as error:
        raise cannot_write(place, error) from error


def _make(place: Path) -> None:
    private = Ed25519PrivateKey.generate()
    content = private.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    with written_aside(place) as aside:
        # Closed to others before there is anything to read.
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
        with os.fdopen(os.open(aside, flags, 0o600), "wb") as file:
            file.write(content)
    public = private.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    write_bytes(place.with_name(PUBLIC), public)


def _read(place: Path) -> SigningKey:
    if stat.S_IMODE(place.stat().st_mode) & 0o077:
        raise ConfigError(
            received=f"Others may read the key {place}.",
            expected="a key that only its owner can read.",
            remedy=f"If nobody did, `chmod 600 {place}`; else remove it, and a new one "
            "is made.",
        )
    try:
        key = serialization.load_pem_private_key(place.read_bytes(), password=None)
        if not isinstance(key, Ed25519PrivateKey):
            raise ValueError("it is of another kind")
    except (ValueError, TypeError) as error:
        raise MachineError(
            received=f"{place} holds no key to sign with: {error}.",
            expected="the Ed25519 key that Visus wrote there.",
            remedy="Bring it back from a copy, or remove it, and a new one is made.",
        ) from error
    return SigningKey(key)


@dataclass(frozen=True)
class WantedKey:
    """The key that a certificate must be signed with.

    Args:
        told: how it was given.
        fingerprint: of it.
    """

    told: str
    fingerprint: str

    def is_key(self, public: str) -> bool:
        """Whether that public key is the wanted one."""
        return fingerprint(public) == self.fingerprint

    @classmethod
    def read(cls, told: str) -> "WantedKey":
        """A public key: its file, its 64 digits, or its fingerprint.

        Raises:
            ConfigError: it is none of them.
        """
        if told.startswith(FINGERPRINT):
            return cls(told, told.rstrip("="))
        path = Path(told)
        try:
            if path.is_file():
                with path.open("rb") as file:
                    return cls(told, fingerprint(_public(file.read(MOST_KEY_BYTES))))
            return cls(told, fingerprint(_public(told.encode("utf-8", "replace"))))
        except (OSError, ValueError, TypeError) as error:
            raise ConfigError(
                received=f"{told!r} is no public key, and no file that holds one.",
                expected="an Ed25519 public key: a PEM file, 64 hexadecimal digits, or "
                "a fingerprint that begins with SHA256:.",
                remedy=f"The signer's lies in VISUS_HOME, keys/{PUBLIC}.",
            ) from error


def _public(content: bytes) -> str:
    words = content.strip()
    if words.startswith(b"-----BEGIN"):
        key = serialization.load_pem_public_key(words)
        if not isinstance(key, Ed25519PublicKey):
            raise ValueError("it is of another kind")
        return key.public_bytes_raw().hex()
    digits = words.decode("ascii").lower()
    if len(digits) != PUBLIC_DIGITS:
        raise ValueError("it has another length")
    return bytes.fromhex(digits).hex()
