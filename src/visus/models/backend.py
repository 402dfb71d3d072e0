"""Which engine Keras runs on, settled before Keras is imported.

TensorFlow is the quickest on a processor (see the design's second decision).
"""

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

from visus.core.errors import ConfigError
from visus.data.home import visus_home

SUPPORTED = ("tensorflow",)
# What TensorFlow says on standard error while it loads, at any log level.
_ANNOUNCEMENTS = (b"oneDNN custom operations are on", b"before absl::InitializeLog()")


def chosen_backend() -> str:
    """The backend that is or would be used, whether supported or not."""
    keras = sys.modules.get("keras")
    if keras is not None:
        return str(keras.backend.backend())
    return os.environ.get("KERAS_BACKEND", SUPPORTED[0])


def select_backend() -> str:
    """Settle the backend and load it; call before the first import of Keras.

    What the user has set in the environment is left as it is.

    Raises:
        ConfigError: `KERAS_BACKEND` names one that Visus does not support, or Keras
            runs on such a one already.
    """
    backend = chosen_backend()
    if backend not in SUPPORTED:
        raise ConfigError(
            received=f"Keras is to run on {backend!r} (KERAS_BACKEND).",
            expected=f"one of {', '.join(SUPPORTED)}.",
            remedy="Unset KERAS_BACKEND, or set it to tensorflow before Keras starts.",
        )
    os.environ.setdefault("KERAS_BACKEND", backend)
    # Keras writes its own settings file on import; ours is not the user's.
    os.environ.setdefault("KERAS_HOME", str(visus_home() / "keras"))
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    # A third quicker where TensorFlow itself leaves it off (docs/decisions/0012).
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
    if "tensorflow" not in sys.modules:
        with _without_announcements():
            import tensorflow  # noqa: F401
    return backend


@contextmanager
def _without_announcements() -> Iterator[None]:
    try:
        errors = os.dup(2)
    except OSError:  # A process without standard error has nothing to keep quiet.
        yield
        return
    with tempfile.TemporaryFile() as held:
        os.dup2(held.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(errors, 2)
            os.close(errors)
            held.seek(0)
            for line in held:
                if not any(words in line for words in _ANNOUNCEMENTS):
                    os.write(2, line)
