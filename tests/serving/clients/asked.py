"""What every client script is told, and what the answers must be."""

import argparse
import json
import sys
from pathlib import Path

import numpy as np

parser = argparse.ArgumentParser()
parser.add_argument("--http", type=int, required=True)
parser.add_argument("--grpc", type=int, required=True)
parser.add_argument("--files", type=Path, required=True)
asked = parser.parse_args()
# KServe reads the command line too, when it is imported.
del sys.argv[1:]

HTTP = f"127.0.0.1:{asked.http}"
GRPC = f"127.0.0.1:{asked.grpc}"
MODEL = "stripes"

# uint8 (num_images, height, width, channels), and what the bundle makes of them.
with np.load(asked.files / "expected.npz") as arrays:
    PIXELS, SCORES = arrays["pixels"], arrays["scores"]
# The first picture, encoded; its pixels are PIXELS[0] exactly.
PNG = (asked.files / "first.png").read_bytes()
CLASS_NAMES = json.loads((asked.files / "classes.json").read_text())


def require_scores(found, expected=SCORES):
    """The same numbers as in process, whatever way they came."""
    np.testing.assert_allclose(
        np.asarray(found, dtype=np.float32), expected, rtol=0, atol=1e-5
    )


def require_refusal(error, *words):
    """An error that says what was wrong."""
    said = str(error)
    assert all(word in said for word in words), said
