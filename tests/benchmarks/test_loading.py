"""The tables of the benchmark of loading, from measurements that are made up."""

import pytest

from benchmarks import loading


def measurement(side: str, archive: str, seconds: float) -> dict:
    passes = {
        f"{which}_{field}": seconds * times
        for times, which in enumerate(loading.PASSES, start=1)
        for field in loading.CLOCKS.values()
    }
    parts = {
        f"{which}_{part}": seconds / 4
        for which in ("first", "again")
        for part in loading.PARTS
    }
    known = {"side": side, "archive": archive, "pictures": 1_000, "fast": True}
    return {**known, **passes, **parts}


MEASURED = [
    measurement(side, archive, seconds)
    for side, seconds in ((loading.PEER, 3.0), (loading.OURS, 2.0))
    for archive in loading.ARCHIVES
]


def test_ratios_are_the_peers_cost_over_ours():
    ratios = loading._ratios(MEASURED)
    assert len(ratios) == 12
    assert set(ratios.values()) == {1.5}
    assert "cats and dogs, first pass, wall" in ratios


def test_a_row_tells_pictures_a_second_and_their_cost():
    line = next(
        line for line in loading._table(MEASURED).splitlines() if loading.OURS in line
    )
    assert "500 / 500 / 500" in line
    assert "2.00 ± 0.00 ms" in line
    assert "list 0.500, scan 0.500, twins 0.500" in loading._parts(MEASURED)


@pytest.mark.parametrize(("most", "word"), [(119e6, "within"), (121e6, "ABOVE")])
def test_memory_is_held_against_the_promise(most, word):
    streamed = {"bytes": 200e6, "budget_bytes": 20e6, "anonymous_bytes": most}
    assert f", {word} the budget" in loading._memory(streamed)
