"""The arithmetic and the tables of the benchmarks; nothing here measures time."""

import json
import math

import pytest
from benchmarks.against_listing import LISTING, costs, epoch_costs
from benchmarks.data import unpack
from benchmarks.measure import (
    Spread,
    last_line,
    ratio_of_means,
    stopwatch,
    table,
    values_of,
    write_results,
)
from benchmarks.transfer import (
    BY_HAND,
    GUIDE,
    OURS,
    REFIT,
    TUNED,
    scaled_to_all_epochs,
    transfer_ratios,
)
from benchmarks.whole_runs import error_ratio


def test_spread_of_three_values():
    spread = Spread.of([3.0, 1.0, 5.0])
    assert spread == Spread(mean=3.0, deviation=2.0, low=1.0, median=3.0, high=5.0)
    assert spread.around_mean() == "3.00 ± 2.00 s"
    assert spread.range() == "1.00 / 3.00 / 5.00 s"


def test_one_value_deviates_by_nothing():
    assert Spread.of([2.0]).deviation == 0.0


def test_ratio_is_the_peers_cost_over_ours():
    assert ratio_of_means([40.0, 60.0], [2.0, 3.0]) == 20.0


def test_last_line_has_two_decimals():
    assert last_line("mnist", 20.004) == "mnist: ratio=20.00"
    assert last_line("fashion", math.nan) == "fashion: ratio=nan"


def test_table_aligns_its_columns():
    assert table(["side", "s"], [["ours", "1"], ["listing", "20"]]).splitlines() == [
        "side     s",
        "-----------",
        "ours     1",
        "listing  20",
    ]


def test_values_are_chosen_by_their_other_fields():
    found = [{"side": "a", "s": 1}, {"side": "b", "s": 2}, {"side": "a", "s": 3}]
    assert values_of(found, "s", side="a") == [1.0, 3.0]


def test_stopwatch_counts_both_clocks():
    with stopwatch() as cost:
        sum(range(1000))
    assert set(cost) == {"wall_seconds", "cpu_seconds"}
    assert all(seconds >= 0 for seconds in cost.values())


def _run(side: str, clock: str, seconds: float, epochs: int) -> dict[str, object]:
    return {"side": side, "clock": clock, "wall_seconds": seconds, "epochs": epochs}


def test_one_epoch_of_the_listing_is_scaled_to_five_and_its_start_is_not():
    found = [_run(LISTING, "training", 10.0, 1), _run(LISTING, "call", 12.0, 1)]
    assert costs(found, LISTING, "training", "wall_seconds") == [50.0]
    assert costs(found, LISTING, "call", "wall_seconds") == [52.0]


def test_five_epochs_of_the_listing_stay_as_they_are():
    found = [_run(LISTING, "training", 50.0, 5), _run(LISTING, "call", 52.0, 5)]
    assert costs(found, LISTING, "call", "wall_seconds") == [52.0]
    assert epoch_costs(found, LISTING, "wall_seconds") == [10.0]


def test_ours_is_never_scaled():
    found = [_run("quick", "training", 3.0, 3)]
    assert costs(found, "quick", "training", "wall_seconds") == [3.0]


def test_error_ratio_compares_wrong_answers():
    found = [{"side": "plain", "accuracy": 0.7}, {"side": "ours", "accuracy": 0.9}]
    assert error_ratio(found, "plain", "ours") == pytest.approx(3.0)


@pytest.mark.parametrize(("quick", "name"), [(True, "a-quick"), (False, "a")])
def test_results_hold_every_measurement(tmp_path, quick, name):
    path = write_results(
        "a",
        quick=quick,
        machine={"cores": 2},
        ratios={"wall": 2.0},
        measurements=[{"side": "ours", "wall_seconds": 1.0}],
        folder=tmp_path,
    )
    kept = json.loads(path.read_text())
    assert path.name == f"{name}.json"
    assert kept["measurements"] == [{"side": "ours", "wall_seconds": 1.0}]
    assert (kept["quick"], kept["ratios"]) == (quick, {"wall": 2.0})


def test_unpack_takes_one_picture_in_every_few_of_each_folder(tmp_path):
    import zipfile

    archive = tmp_path / "pictures.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        for number in range(6):
            packed.writestr(f"cats/{number}.jpg", b"")
            packed.writestr(f"dogs/{number}.jpg", b"")
    unpack(archive, tmp_path / "out", every=3)
    found = sorted(path.name for path in (tmp_path / "out" / "cats").iterdir())
    assert found == ["0.jpg", "3.jpg"]


def test_fewer_epochs_are_scaled_by_their_fitting_alone():
    measured = {
        "wall_seconds": 30.0,
        "cpu_seconds": 45.0,
        "fit_seconds": 20.0,
        "epochs": 1,
    }
    scaled = scaled_to_all_epochs(measured, 10)
    assert scaled["wall_seconds"] == 10 + 10 * 20
    assert scaled["cpu_seconds"] == 45 * 7
    assert scaled["scaled_from_epochs"] == 1


def test_transfer_tells_costs_over_ours_and_speeds_over_theirs():
    def whole(side: str, wall: float, cpu: float) -> dict:
        costs = {"wall_seconds": wall, "cpu_seconds": cpu}
        return {"side": side, "part": "whole way", **costs}

    def speed(side: str, images: float) -> dict:
        return {"side": side, "part": "features", "images_per_second": images}

    ratios = transfer_ratios(
        [
            whole(OURS, 30.0, 50.0),
            whole(GUIDE, 600.0, 1_100.0),
            whole(BY_HAND, 90.0, 150.0),
            {"side": REFIT, "part": "refit", "wall_seconds": 2.0, "cpu_seconds": 2.0},
            {"side": OURS, "part": "planted label errors", "found": 0.9},
            speed(OURS, 140.0),
            speed(GUIDE, 50.0),
            speed(TUNED, 70.0),
        ]
    )
    assert list(ratios.values()) == pytest.approx([20, 3, 22, 3, 2.8, 2])
