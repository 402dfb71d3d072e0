"""A benchmark of several pieces, of which some may be asked for."""

import argparse
from collections.abc import Callable, Mapping
from pathlib import Path

from benchmarks.data import own_home, scratch_folder
from benchmarks.measure import Measurement, tell_progress

# From a folder to work in, and whether the short form is asked for.
Piece = Callable[[Path, bool], list[Measurement]]


def ask(
    description: str, quick: str, pieces: Mapping[str, Piece]
) -> argparse.Namespace:
    """--quick and --only."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--quick", action="store_true", help=quick)
    parser.add_argument("--only", nargs="+", choices=pieces, help="some pieces")
    return parser.parse_args()


def measure(
    asked: argparse.Namespace, pieces: Mapping[str, Piece]
) -> list[Measurement]:
    """Each piece in a folder and a home of its own."""
    found: list[Measurement] = []
    for name in asked.only or pieces:
        tell_progress(name)
        with scratch_folder() as folder, own_home(folder):
            found += pieces[name](folder, asked.quick)
    return found


def results_name(name: str, asked: argparse.Namespace) -> str:
    """Of the file of results: that of some pieces does not replace that of all."""
    return "-".join((name, *(asked.only or ())))
