"""Sealed, read again, and every way in which somebody may have been at it."""

import json

import pytest
import rfc8785
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from visus.certifying.certificate import FORMAT_VERSION
from visus.certifying.signed import MOST_BYTES, read_certificate, seal
from visus.certifying.signing import WantedKey
from visus.core.errors import ModelError


@pytest.fixture
def sealed(make, key, tmp_path):
    """A certificate on disk."""
    path = tmp_path / "certificate.json"
    path.write_text(seal(make(), key).text())
    return path


def test_what_was_sealed_is_read(make, key, sealed):
    signed = read_certificate(sealed, WantedKey.read(key.public))
    assert signed.certificate == make()
    assert signed.fingerprint.startswith("SHA256:")
    # Another layout is the same certificate.
    sealed.write_text(json.dumps(json.loads(sealed.read_text()), sort_keys=True))
    assert read_certificate(sealed).certificate == make()


def test_every_changed_value_breaks_the_signature(sealed):
    whole = json.loads(sealed.read_text())

    def places(value, path=()):
        if isinstance(value, dict):
            for name, inner in value.items():
                yield from places(inner, (*path, name))
        elif isinstance(value, list):
            for number, inner in enumerate(value):
                yield from places(inner, (*path, number))
        else:
            yield path

    tried = 0
    for path in places(whole):
        if path[0] in ("format", "format_version"):
            continue
        changed = json.loads(sealed.read_text())
        *ahead, last = path
        inner = changed
        for step in ahead:
            inner = inner[step]
        inner[last] = "x" if isinstance(inner[last], str) else 77
        sealed.write_text(json.dumps(changed))
        with pytest.raises(ModelError, match="altered"):
            read_certificate(sealed)
        sealed.write_text(json.dumps(whole))
        tried += 1
    assert tried > 60


def refused(path, content, match):
    path.write_bytes(content)
    with pytest.raises(ModelError, match=match) as caught:
        read_certificate(path)
    assert caught.value.exit_code == 4 and caught.value.remedy


def test_what_is_no_certificate_is_one_message(sealed, tmp_path):
    whole = sealed.read_bytes()
    refused(sealed, whole[: len(whole) // 2], "not all of one")
    refused(sealed, b"", "not all of one")
    refused(sealed, b"\xff\xfe", "not all of one")
    refused(sealed, b"[" * 200_000, "nested too deeply|not all of one")
    refused(sealed, b"[1, 2]", "holds no table")
    refused(sealed, b'{"format": "other"}', "does not say")
    refused(sealed, b" " * (MOST_BYTES + 2), "more than 16 MB")
    told = json.loads(whole)
    bare = {name: told[name] for name in ("format", "format_version")}
    refused(sealed, json.dumps(bare).encode(), "no signature")
    odd = {**told, "seconds": 10**30}
    refused(sealed, json.dumps(odd).encode(), "altered")
    with pytest.raises(ModelError, match="does not exist"):
        read_certificate(tmp_path / "none.json")
    with pytest.raises(ModelError, match="no certificate"):
        read_certificate(tmp_path)


def test_twice_the_same_key_is_refused(sealed):
    text = sealed.read_text().replace('"seconds"', '"made": "x", "seconds"', 1)
    refused(sealed, text.encode(), "one key twice")


def test_a_newer_one_asks_for_a_newer_visus(make, key, sealed):
    newer = make().model_copy(update={"format_version": FORMAT_VERSION + 1})
    refused(sealed, seal(newer, key).text().encode(), "format version 2")


def test_the_signature_can_be_checked_without_visus(sealed):
    told = json.loads(sealed.read_text())
    signature = bytes.fromhex(told.pop("signature"))
    public = Ed25519PublicKey.from_public_bytes(bytes.fromhex(told["public_key"]))
    public.verify(signature, rfc8785.dumps(told))
    told["seconds"] += 1
    with pytest.raises(InvalidSignature):
        public.verify(signature, rfc8785.dumps(told))


def test_another_signer_is_told(make, sealed):
    with pytest.raises(ModelError, match="is signed with the key SHA256:"):
        read_certificate(sealed, WantedKey.read("ab" * 32))
