import subprocess
import sys

from visus.core.seeds import derive_seed, random_generator


def test_every_part_of_the_name_counts():
    seeds = {
        derive_seed(0, "order"),
        derive_seed(1, "order"),
        derive_seed(0, "augment"),
        derive_seed(0, "order", 0),
        derive_seed(0, "order", 0, 0),
        derive_seed(0, "order", 1),
    }
    assert len(seeds) == 6


def test_another_process_draws_the_same():
    code = "from visus.core.seeds import *; print(random_generator(3, 'x', 1).random())"
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert float(run.stdout) == random_generator(3, "x", 1).random()
