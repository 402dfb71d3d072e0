"""API keys: who may ask. Only their hashes are kept in memory."""

import hashlib
from collections.abc import Iterable
from pathlib import Path

from visus.core.errors import ConfigError
from visus.serving.refusals import Code, Refusal

FEWEST_CHARACTERS = 16


class ApiKeys:
    """The keys of a server; without any, everybody may ask.

    Args:
        keys: in plain text.
    """

    def __init__(self, keys: Iterable[str] = ()) -> None:
        # Hashes are compared, so the time it takes tells nothing of a key.
        self._hashes = frozenset(map(_hash, keys))

    @classmethod
    def read(cls, path: Path | None) -> "ApiKeys":
        """The keys of a file, one a line; lines that begin with # are notes.

        Raises:
            ConfigError: the file cannot be read, holds none, or a short one.
        """
        if path is None:
            return cls()
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise _bad_file(path, reason) from error
        keys = [line.strip() for line in lines]
        keys = [key for key in keys if key and not key.startswith("#")]
        if not keys:
            raise _bad_file(path, "it holds no key")
        if min(map(len, keys)) < FEWEST_CHARACTERS:
            raise _bad_file(path, f"a key is shorter than {FEWEST_CHARACTERS}")
        return cls(keys)

    @property
    def needed(self) -> bool:
        """Whether a request must bring one."""
        return bool(self._hashes)

    def require(self, key: str | None) -> None:
        """Refuse a request that brings none of the keys.

        Raises:
            Refusal: UNAUTHENTICATED.
        """
        if self._hashes and (key is None or _hash(key) not in self._hashes):
            raise Refusal(
                Code.UNAUTHENTICATED,
                "No API key." if key is None else "An unknown API key.",
                "one of this server's keys.",
                "Send it as `Authorization: Bearer KEY` or `X-API-Key: KEY`.",
            )


def bearer(authorization: str) -> str | None:
    """The key of an Authorization header, where it is one."""
    scheme, _, key = authorization.partition(" ")
    return key.strip() if scheme.lower() == "bearer" else None


def _hash(key: str) -> bytes:
    return hashlib.sha256(key.encode("utf-8", "replace")).digest()


def _bad_file(path: Path, reason: str) -> ConfigError:
    return ConfigError(
        received=f"The keys of {path} cannot be used: {reason}.",
        expected=f"a text file with one key of {FEWEST_CHARACTERS} or more characters "
        "a line.",
        remedy="Write one, for example with: openssl rand -hex 32",
    )
