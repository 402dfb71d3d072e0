import pytest

from visus.core.report import Fact, Finding, Report, Table


def test_a_report_survives_its_file(tmp_path):
    report = Report(
        title="A",
        facts=(Fact(name="accuracy", value=0.5, text="50 %"),),
        findings=(Finding(severity="warning", message="m", image_ids=("a",)),),
        tables=(Table(title="t", columns=("a", "b"), rows=(("x", 1), ("y", None))),),
    )
    report.save(tmp_path / "r.json")
    assert Report.load(tmp_path / "r.json") == report
    assert report.fact("accuracy").value == 0.5
    with pytest.raises(KeyError):
        report.fact("nothing")
