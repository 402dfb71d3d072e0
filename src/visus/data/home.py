"""Where caches, downloaded data and weights live: `VISUS_HOME`, and nowhere else."""

import os
from pathlib import Path

from platformdirs import user_cache_path


def visus_home() -> Path:
    """The folder of everything that can be fetched or made again, and of keys.

    The environment variable `VISUS_HOME` wins; else the platform's cache folder.
    """
    chosen = os.environ.get("VISUS_HOME")
    return Path(chosen).expanduser() if chosen else user_cache_path("visus")


def keys_folder() -> Path:
    """Where the key lies that signs certificates; no cache, and never cleared."""
    return visus_home() / "keys"
