"""visus certify and verify: a whole certificate, and everything that can be wrong."""

import json
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from pictures import write_stripes
from served import write_bundle
from visus.bundles.format import read_contents, write_contents

# Everything that costs time is absent; what that says is tested.
NO_TIME = 0.0001
GATES = "[accuracy]\nmin = 0.5\n[accuracy_gap]\nmax = 0.9\n"


@pytest.fixture(scope="module")
def certified(cli_anywhere, calibrated, tmp_path_factory):
    """A certificate of hard stripes with everything but long explanations."""
    from visus.auditing import CHECKS
    from visus.pipeline.certificate import data, explanations, robustness
    from visus.pipeline.certificate.clock import Clock

    def fits(clock, share, seconds_each):
        # What fits hangs on the machine, and a test must not.
        few = (robustness.SHARE, robustness.ATTACKS_SHARE)
        return 12 if share in few else 1_000_000

    # It takes seconds, and is tested elsewhere.
    quick = [name for name in CHECKS.names() if name != "label-errors"]
    run_checks = data.run_checks
    place = tmp_path_factory.mktemp("certified")
    table = ["file_name,label,age,camera"]
    for number, path in enumerate(sorted((calibrated / "stripes").rglob("*.png"))):
        age = "old" if number % 3 == 0 else "young"
        table.append(f"{path},{path.parent.name},{age},one")
    (place / "aged.csv").write_text("\n".join(table) + "\n")
    (place / "gates.toml").write_text(GATES)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VISUS_HOME", str(place / "home"))
        patch.setattr(explanations, "MOST_PICTURES", 2)
        patch.setattr(Clock, "fits", fits)
        patch.setattr(data, "run_checks", lambda e, names: run_checks(e, names=quick))
        told = cli_anywhere.json(
            *("certify", calibrated / "run" / "model.visus", place / "aged.csv"),
            *("--minutes", 60, "--group", "age", "--gates", place / "gates.toml"),
            *("--out", place / "certificate"),
        )
    return place, told


@pytest.fixture
def signed_at(certified, monkeypatch):
    """The place of the certificate, whose signer's home this is."""
    place, _ = certified
    monkeypatch.setenv("VISUS_HOME", str(place / "home"))
    return place / "certificate" / "certificate.json"


def section(told, name):
    (found,) = [part for part in told["sections"] if part["name"] == name]
    return found


def facts(told):
    return {fact["name"]: fact for part in told["sections"] for fact in part["facts"]}


def test_all_of_it_is_measured_with_counts_and_intervals(certified, calibrated):
    _, told = certified
    assert told["passed"] and [gate["passed"] for gate in told["gates"]] == [True] * 2
    names = [part["name"] for part in told["sections"]]
    assert names[0] == "accuracy" and names[-1] == "data" and len(names) == 9
    for part in told["sections"]:
        assert not part["absent"] and part["pictures"] > 0
    found = facts(told)
    summary = json.loads((calibrated / "run" / "summary.json").read_text())["test"]
    for name in ("accuracy", "calibration_error", "set_coverage", "answered"):
        assert found[name]["value"] == pytest.approx(summary[name], abs=1e-6)
        assert found[name]["interval"]["low"] <= found[name]["value"]
    shares = ("corrupted_accuracy", "pgd_accuracy", "accuracy_gap")
    for name in (*shares, "occlusion_trusted"):
        assert found[name]["interval"]["high"] >= found[name]["value"]
    assert found["baseline_majority"]["value"] == pytest.approx(0.5, abs=0.1)
    assert "baseline_nearest_centroid" in found
    assert found["export_difference"]["value"] < 1e-6
    assert told["data"]["pictures"] == 100 and told["data"]["left_out"] == 300
    assert section(told, "explanations")["pictures"] == 2
    assert section(told, "corruptions")["pictures"] == 12
    assert section(told, "adversarial")["pictures"] == 12
    tables = section(told, "corruptions")["tables"]
    assert len(tables[0]["rows"]) == 20 and "95 % interval" in tables[0]["columns"]


def test_a_network_without_convolutions_says_what_does_not_apply(certified):
    _, told = certified
    messages = [one["message"] for one in section(told, "explanations")["findings"]]
    (grad_cam,) = [message for message in messages if "grad-cam" in message]
    assert "does not apply" in grad_cam
    assert "grad_cam_trusted" not in facts(told)


def test_page_and_card_tell_the_same(certified):
    place, told = certified
    folder = place / "certificate"
    page = (folder / "certificate.html").read_text()
    card = (folder / "README.md").read_text()
    text = facts(told)["accuracy"]["text"]
    assert text in page and text in card
    for limit in told["limits"]:
        assert limit.split(":")[0].split("'")[0] in card
    assert "Accuracy under PGD" in page and "<script" not in page
    assert "://" not in page.replace('xmlns="http://www.w3.org/2000/svg"', "")
    front = yaml.safe_load(card[4:].split("\n---\n")[0])
    (metric, *_) = front["model-index"][0]["results"][0]["metrics"]
    assert metric["value"] == facts(told)["accuracy"]["value"]
    on_disk = json.loads((folder / "certificate.json").read_text())
    assert on_disk == {k: told[k] for k in on_disk}


def test_it_verifies_and_says_whose_it_is(cli, signed_at, calibrated, certified):
    import visus

    model = calibrated / "run" / "model.visus"
    told = cli.json("verify", signed_at, model)
    assert told["valid"] and told["passed"] and not told["key_wanted"]
    assert told["fingerprint"] == certified[1]["fingerprint"]
    text = cli("verify", signed_at, model)
    assert "all 2 gates hold" in text.stdout and "--key says whose" in text.stderr
    assert max(map(len, cli("verify", "--help").stdout.splitlines())) <= 80
    told = cli.json("verify", signed_at, model, "--key", told["fingerprint"])
    assert told["key_wanted"]
    mine = visus.verify(signed_at, model, key=told["public_key"])
    assert mine.to_json() == told


def test_to_verify_imports_neither_keras_nor_a_runtime(signed_at, calibrated):
    script = (
        "import sys; from visus.cli.app import app\n"
        "try: app(sys.argv[1:])\n"
        "except SystemExit: pass\n"
        "heavy = ('keras', 'tensorflow', 'onnx', 'onnxruntime', 'numpy')\n"
        "print([m for m in heavy if m in sys.modules])\n"
    )
    words = ["verify", str(signed_at), str(calibrated / "run" / "model.visus")]
    done = subprocess.run(
        [sys.executable, "-c", script, *words],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines()[-1] == "[]"


def refused(cli, *words, code, mentions):
    plain = cli(*words, code=code)
    assert mentions in plain.stderr, plain.stderr
    assert plain.stderr.splitlines()[-1].startswith("  to mend it: ")
    told = json.loads(cli(*words, "--json", code=code).stdout)
    assert told["exit_code"] == code and mentions in json.dumps(
        told, ensure_ascii=False
    )


def test_tampering_is_one_message(cli, signed_at, calibrated, tmp_path):
    model = calibrated / "run" / "model.visus"
    text = signed_at.read_text()
    altered = tmp_path / "altered.json"
    altered.write_text(text.replace('"passed": true', '"passed": false', 1))
    refused(cli, "verify", altered, model, code=4, mentions="altered after")
    altered.write_text(text[: len(text) // 2])
    refused(cli, "verify", altered, model, code=4, mentions="not all of one")
    other = tmp_path / "other.visus"
    content = bytearray(model.read_bytes())
    content[len(content) // 2] ^= 1
    other.write_bytes(content)
    refused(cli, "verify", signed_at, other, code=4, mentions="of another model")
    none = tmp_path / "none.visus"
    refused(cli, "verify", signed_at, none, code=4, mentions="cannot be read")
    words = ["verify", signed_at, model, "--key"]
    refused(cli, *words, "ab" * 32, code=4, mentions="is signed with the key")
    refused(cli, *words, "nobody", code=2, mentions="no public key")


def test_export_and_serve_can_demand_one(cli, signed_at, calibrated, tmp_path):
    model, stranger = calibrated / "run" / "model.visus", tmp_path / "stranger.visus"
    write_bundle(stranger)
    words = ["--to", "onnx", "--out", "m.onnx", "--require-certificate"]
    refused(
        cli, *("export", stranger, *words, signed_at), code=4, mentions="no certificate"
    )
    refused(
        cli,
        *("export", model, *words, signed_at, "--certificate-key", "ab" * 32),
        code=4,
        mentions="is signed with",
    )
    refused(cli, "export", model, *words, "none", code=2, mentions="does not exist")
    key = ["--certificate-key", "ab" * 32]
    refused(
        cli, "export", model, *words[:4], *key, code=2, mentions="without --require"
    )
    assert not Path("m.onnx").exists()
    assert cli.json("export", model, *words, signed_at.parent)["out"] == "m.onnx"
    demand = ["--http", 0, "--require-certificate", signed_at]
    result = cli("serve", stranger, *demand, code=4)
    assert "No model loads" in result.stderr and "no certificate" in result.stderr


def test_a_gate_that_fails_is_written_and_told(cli, calibrated, tmp_path):
    (tmp_path / "gates.toml").write_text("[accuracy]\nmin = 1\n[accuracy_gap]\nmax=1\n")
    model = calibrated / "run" / "model.visus"
    words = ["certify", model, calibrated / "stripes", "--minutes", NO_TIME]
    words += ["--gates", "gates.toml", "--out", "c"]
    result = cli(*words, code=6)
    assert "2 of 2 gates fail: accuracy (min), accuracy_gap (max)" in result.stdout
    assert max(map(len, result.stdout.splitlines())) <= 80
    told = json.loads(Path("c/certificate.json").read_text())
    gap = told["gates"][1]
    assert gap["value"] is None and "No group was named" in gap["reason"]
    # Without time, what costs time is absent, and says what it would take.
    corruptions = section(told, "corruptions")
    assert "--minutes" in corruptions["absent"] and corruptions["facts"] == []
    assert cli.json("verify", "c/certificate.json", model, code=6)["passed"] is False
    demand = ["--require-certificate", "c"]
    refused(
        cli,
        *("export", model, "--to", "onnx", "--out", "m.onnx", *demand),
        code=4,
        mentions="gates fail",
    )
    refused(cli, *words, code=2, mentions="exists")
    (tmp_path / "gates.toml").write_text("[accuracy]\nmin = 0.1\n")
    assert cli.json(*words, "--force")["passed"] is True


def test_what_cannot_be_certified_is_one_message(cli, calibrated, tmp_path):
    model, stripes = calibrated / "run" / "model.visus", calibrated / "stripes"
    for gates, mentions in (
        ("[acuracy]\nmin = 0.9", "Did you mean accuracy"),
        ("", "sets nothing"),
        ("[accuracy", "cannot be read"),
    ):
        (tmp_path / "gates.toml").write_text(gates)
        words = ["certify", model, stripes, "--gates", "gates.toml"]
        refused(cli, *words, code=2, mentions=mentions)
    for minutes in (0, -1, "nan", "inf"):
        words = ["certify", model, stripes, "--minutes", minutes]
        refused(cli, *words, code=2, mentions="a time above 0")
    refused(cli, "certify", "none.visus", stripes, code=4, mentions="does not exist")
    refused(cli, "certify", model, "nowhere", code=3, mentions="does not exist")
    words = ["certify", model, stripes, "--group", "age"]
    refused(cli, *words, code=3, mentions="has no columns")
    bad = tmp_path / "bad"
    for name in ("across", "upright"):
        (bad / name).mkdir(parents=True)
        (bad / name / "a.png").write_text("no picture")
    refused(cli, "certify", model, bad, code=3, mentions="None of the 2 files")
    assert not Path("certificates").exists()


def test_one_class_and_one_group_say_what_they_cannot_tell(cli, calibrated, tmp_path):
    model = calibrated / "run" / "model.visus"
    source = write_stripes(tmp_path / "more", 60, noise=231)
    shutil.rmtree(source / "across")
    rows = ["file_name,label,camera"]
    rows += [f"{path},upright,one" for path in sorted(source.rglob("*.png"))]
    (tmp_path / "one.csv").write_text("\n".join(rows) + "\n")
    words = ["certify", model, "one.csv", "--minutes", NO_TIME, "--group", "camera"]
    told = cli.json(*words)
    assert told["out"].startswith("certificates/one")
    fairness = section(told, "fairness")
    assert "only 'one'" in fairness["absent"] and fairness["facts"] == []
    assert any("All test pictures are of one class" in one for one in told["limits"])
    text = facts(told)["baseline_majority"]["text"]
    assert "training pictures were not looked at" in text
    assert told["data"]["by_class"] == {"upright": 30}


def test_a_model_without_validation_says_why_it_has_no_answers(
    cli, calibrated, tmp_path
):
    contents = read_contents(calibrated / "run" / "model.visus")
    why = {"uncalibrated": "only 2 pictures were held out"}
    bare = {"calibration": None, "calibration_arrays": {}}
    contents = replace(contents, origin={**contents.origin, **why}, **bare)
    model = tmp_path / "bare.visus"
    write_contents(model, contents)
    stripes = write_stripes(tmp_path / "few", 12, noise=231)
    told = cli.json("certify", model, stripes, "--minutes", NO_TIME)
    answers = section(told, "answers")
    assert "not calibrated: only 2 pictures" in answers["absent"]
    calibration = section(told, "calibration")
    assert "too few pictures" in calibration["absent"]
    assert "answered" not in facts(told)
    page = (Path(told["out"]) / "certificate.html").read_text()
    assert "Attacked pictures: not measured." in page
