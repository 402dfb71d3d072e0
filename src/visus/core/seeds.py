"""The only source of randomness: every draw is named by a seed and a purpose.

A draw depends on its name and on nothing that ran before it, so a run that is resumed
in the middle draws what it would have drawn.
"""

import hashlib

import numpy as np


def derive_seed(seed: int, purpose: str, *indices: int) -> int:
    """A 63-bit seed from a base seed, the purpose of the draw, and its position.

    Example:
        >>> derive_seed(0, "shuffle", 3) == derive_seed(0, "shuffle", 3)
        True
        >>> derive_seed(0, "shuffle", 3) == derive_seed(0, "shuffle", 4)
        False
    """
    words = "\x1f".join([str(seed), purpose, *map(str, indices)])
    digest = hashlib.blake2b(words.encode(), digest_size=8).digest()
    return int.from_bytes(digest, "little") >> 1


def random_generator(seed: int, purpose: str, *indices: int) -> np.random.Generator:
    """A NumPy generator for one named draw (Philox, Salmon et al., SC 2011)."""
    return np.random.Generator(np.random.Philox(derive_seed(seed, purpose, *indices)))
