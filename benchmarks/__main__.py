"""Every benchmark in turn: `python -m benchmarks [--quick]`."""

import subprocess
import sys

from benchmarks.measure import ROOT

NAMES = (
    "startup",
    "mnist",
    "fashion",
    "cifar",
    "cats_dogs",
    "transfer",
    "few_labels",
    "explaining",
    "loading",
    "int8",
    "robust",
    # With the planted labels; "loading" with "augmenting"; each is one of its own too.
    "audit",
    "serving",
)


def main() -> int:
    """Run all with the arguments given; the code of the first that failed, else 0."""
    failed = []
    for name in NAMES:
        print(f"== {name}", flush=True)
        command = [sys.executable, "-m", f"benchmarks.{name}", *sys.argv[1:]]
        code = subprocess.run(command, cwd=ROOT).returncode
        if code:
            failed.append(code)
            print(f"{name} ended with code {code}", file=sys.stderr, flush=True)
    return failed[0] if failed else 0


if __name__ == "__main__":
    sys.exit(main())
