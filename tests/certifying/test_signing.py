"""The key: made once, closed to others; and how another's is named."""

import os
import stat
import subprocess

import pytest

from visus.certifying.signing import WantedKey, fingerprint, own_key, signed_by
from visus.core.errors import ConfigError, MachineError
from visus.data.home import keys_folder


def test_a_key_is_made_once_and_closed_to_others(own_home):
    first, second = own_key(), own_key()
    assert first.public == second.public
    place = keys_folder() / "certificates.pem"
    assert stat.S_IMODE(place.stat().st_mode) == 0o600
    assert stat.S_IMODE(place.parent.stat().st_mode) == 0o700
    assert sorted(path.name for path in place.parent.iterdir()) == [
        "certificates.lock",
        "certificates.pem",
        "certificates.pub.pem",
    ]


def test_another_program_agrees_with_the_signature(tmp_path, key):
    content, message = b"what is signed", tmp_path / "message"
    message.write_bytes(content)
    (tmp_path / "signature").write_bytes(bytes.fromhex(key.sign(content)))
    words = ["openssl", "pkeyutl", "-verify", "-rawin", "-pubin", "-inkey"]
    words += [str(keys_folder() / "certificates.pub.pem"), "-in", str(message)]
    try:
        done = subprocess.run(
            [*words, "-sigfile", str(tmp_path / "signature")],
            capture_output=True,
            text=True,
        )
    except FileNotFoundError:
        pytest.skip("openssl is not on this machine")
    assert "Signature Verified Successfully" in done.stdout, done.stderr


def test_the_first_vector_of_rfc_8032():
    public = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
    signature = (
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
        "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"
    )
    assert signed_by(public, signature, b"")
    assert not signed_by(public, signature, b"x")
    assert not signed_by(public, "00" * 64, b"")
    assert not signed_by("no", signature, b"") and not signed_by(public, "no", b"")


def test_a_key_that_others_may_read_is_not_used(key):
    place = keys_folder() / "certificates.pem"
    os.chmod(place, 0o640)
    with pytest.raises(ConfigError, match="chmod 600"):
        own_key()


def test_a_damaged_key_is_one_message(key):
    place = keys_folder() / "certificates.pem"
    place.write_text("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n")
    with pytest.raises(MachineError, match="holds no key"):
        own_key()


def test_a_place_that_cannot_be_written_is_one_message(own_home):
    (own_home / "keys").write_text("a file")
    with pytest.raises(MachineError, match="cannot be written"):
        own_key()


def test_clearing_the_cache_leaves_keys(key):
    from visus.data.cache_room import cache_sizes

    assert "keys" not in cache_sizes()


def test_a_key_is_named_in_three_ways(key, tmp_path):
    digits = tmp_path / "digits.txt"
    digits.write_text(key.public.upper() + "\n")
    pem = keys_folder() / "certificates.pub.pem"
    for told in (key.public, fingerprint(key.public), str(digits), str(pem)):
        wanted = WantedKey.read(told)
        assert wanted.is_key(key.public)
        assert not wanted.is_key("11" * 32)


@pytest.mark.parametrize("told", ["", "key", "zz" * 32, "ab" * 31, "/dev/null"])
def test_what_is_no_key_is_refused(told):
    with pytest.raises(ConfigError, match="no public key"):
        WantedKey.read(told)
