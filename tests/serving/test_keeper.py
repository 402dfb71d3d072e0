"""Versions come and go; what answers well is never replaced by what does not."""

import threading
import time
from dataclasses import replace

import numpy as np
import pytest

from served import DIGITS, ask, drawn_pixels, write_bundle
from visus.bundles.bundle import load_bundle
from visus.bundles.format import write_contents
from visus.core.errors import ConfigError, ModelError
from visus.serving import Engine, EngineConfig, Refusal, Repository, State, Wanted
from visus.serving.keeper import Keeper, permit_all
from visus.serving.sources import NamedFiles, RepositoryFolder, name_of_bundle
from visus.serving.versions import Policy


class Kept:
    """A repository folder, its keeper, and an engine over both."""

    def __init__(self, folder, policy=None, permit=permit_all):
        self.folder = folder
        self.told = []
        self.repository = Repository()
        config = EngineConfig()
        self.keeper = Keeper(
            RepositoryFolder(folder, policy or Policy()),
            self.repository,
            config,
            lambda event, **facts: self.told.append((event, facts)),
            permit,
        )
        self.engine = Engine(self.repository, config)

    def publish(self, version, name="digits", seed=None):
        path = self.folder / name / str(version) / "model.visus"
        write_bundle(path, seed=version if seed is None else seed)
        return path

    def update(self):
        self.keeper.update()

    def version(self, wanted=DIGITS):
        return ask(self.engine, drawn_pixels(1), wanted).served.version

    def scores(self):
        return ask(self.engine, drawn_pixels(1)).scores

    def state(self, version, name="digits"):
        (status,) = self.repository.statuses(name, version)
        return status

    def until(self, ready):
        """Wait for what happens in a thread."""
        for _ in range(600):
            if ready():
                return
            time.sleep(0.05)
        raise AssertionError("it never happened")


@pytest.fixture
def kept(tmp_path):
    made = Kept(tmp_path)
    yield made
    made.keeper.close()
    made.engine.close()


def test_the_latest_version_answers_and_the_one_before_is_dropped(kept):
    kept.publish(1)
    kept.update()
    assert kept.version() == 1 and kept.repository.ready
    kept.publish(2)
    kept.publish(10)
    kept.update()
    assert kept.version() == 10
    kept.until(lambda: kept.state(1).state == State.END)
    with pytest.raises(Refusal, match=r"Specific\(digits, 1\)"):
        kept.version(Wanted("digits", 1))


def test_a_rollback_is_a_rename(kept):
    kept.publish(1)
    bad = kept.publish(2).parent
    kept.update()
    assert kept.version() == 2
    bad.rename(bad.with_name(".2"))
    kept.update()
    assert kept.version() == 1


def test_what_may_not_be_served_does_not_replace_what_may(tmp_path):
    refused = []

    def permit(path):
        if path.parent.name in refused:
            raise ModelError("It has no certificate.", "one.", "Make one.")

    kept = Kept(tmp_path, permit=permit)
    kept.publish(1)
    kept.update()
    refused.append("2")
    kept.publish(2)
    kept.update()
    assert kept.version() == 1
    assert "no certificate" in kept.state(2).message
    # One that is replaced while it is read is refused by a second look.
    seen = []

    def once(path):
        seen.append(path)
        if len(seen) > 1:
            raise ModelError("It is another file.", "the same.", "Wait.")

    swapped = Kept(tmp_path, permit=once)
    swapped.update()
    assert len(seen) > 1 and not swapped.repository.ready
    for keeper in (kept.keeper, swapped.keeper):
        keeper.close()


DAMAGES = {
    "cut": lambda content: content[: len(content) // 2],
    "empty": lambda content: b"",
    "altered": lambda content: content.replace(b"Softmax", b"Softmin", 1),
    "no bundle": lambda content: b"hello",
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_version_changes_nothing_but_its_own_status(kept, damage):
    content = kept.publish(2).read_bytes()
    kept.update()
    path = kept.folder / "digits" / "3" / "model.visus"
    path.parent.mkdir()
    path.write_bytes(DAMAGES[damage](content))
    for _ in range(3):
        kept.update()
    assert kept.version() == 2 and kept.repository.ready
    status = kept.state(3)
    assert status.state == State.END and "damaged" in status.message
    # It is tried once, not at every look, and again when the file has changed.
    failures = [facts for event, facts in kept.told if event == "model_failed"]
    assert len(failures) == 1
    path.write_bytes(content)
    kept.update()
    assert kept.version() == 3 and kept.state(3).message == ""


def test_a_folder_that_is_half_copied_is_not_met(kept):
    kept.publish(1)
    (kept.folder / "digits" / "2").mkdir()
    (kept.folder / "digits" / "3").mkdir()
    (kept.folder / "digits" / "3" / "model.visus.part").write_bytes(b"x")
    for odd in ("x", "-1", "1_0", "\u0665", str(2**64), ".4"):
        write_bundle(kept.folder / "digits" / odd / "model.visus")
    kept.update()
    assert [s.version for s in kept.repository.statuses("digits")] == [1]
    assert kept.version() == 1


def test_the_same_version_with_another_file_is_loaded_anew(kept):
    path = kept.publish(1)
    kept.update()
    before = kept.scores()
    write_bundle(path, seed=9)
    kept.update()
    after = kept.scores()
    assert not np.array_equal(before, after)
    path.write_bytes(b"damaged")
    kept.update()
    still = kept.scores()
    np.testing.assert_array_equal(still, after)


def test_policies_and_labels_are_read_again_at_every_look(kept):
    for version in (1, 2, 3):
        kept.publish(version)
    policy = kept.folder / "digits" / "serving.toml"

    def available():
        kept.update()
        return sorted(kept.repository.model("digits").available)

    assert available() == [3]
    policy.write_text('versions = "all"\nlabels = {stable = 1}\n')
    assert available() == [1, 2, 3]
    assert kept.version(Wanted("digits", None, "stable")) == 1
    policy.write_text("versions = [1, 2]\nlabels = {stable = 2, canary = 3}\n")
    assert available() == [1, 2]
    assert kept.version(Wanted("digits", None, "stable")) == 2
    for label in ("canary", "none"):
        with pytest.raises(Refusal, match="Unrecognized servable version label"):
            kept.version(Wanted("digits", None, label))
    policy.write_text("latest = 2\n")
    assert available() == [2, 3]
    policy.write_text("latets = 2\n")
    assert available() == [3]
    assert "latets" in kept.repository.model("digits").problem


def test_a_model_that_is_gone_is_forgotten_and_others_stay(kept):
    kept.publish(1)
    kept.publish(1, name="other")
    kept.update()
    (kept.folder / "other").rename(kept.folder / ".other")
    kept.update()
    assert kept.repository.names() == ("digits",)
    assert kept.version() == 1


def test_a_place_that_cannot_be_read_for_a_moment_drops_nothing(kept):
    kept.publish(1)
    kept.update()
    kept.folder.rename(kept.folder.with_name("away"))
    kept.update()
    assert kept.version() == 1
    assert kept.told[-1][0] == "repository_unreadable"
    kept.folder.with_name("away").rename(kept.folder)


def test_one_model_that_does_not_load_leaves_the_others_alone(kept):
    kept.publish(1)
    path = kept.folder / "broken" / "1" / "model.visus"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"hello")
    kept.update()
    assert kept.version() == 1 and kept.repository.ready
    assert "damaged" in kept.state(1, "broken").message
    with pytest.raises(Refusal, match=r"Latest\(broken\)"):
        kept.version(Wanted("broken"))


def test_golden_scores_of_another_shape_are_the_fault_of_their_bundle_alone(kept):
    kept.publish(1)
    whole = load_bundle(kept.publish(2)).contents
    golden = {**whole.golden, "scores": whole.golden["scores"][:, :2]}
    path = kept.folder / "digits" / "2" / "model.visus"
    write_contents(path, replace(whole, golden=golden))
    with pytest.raises(ModelError, match="a picture and names 3"):
        load_bundle(path)
    kept.publish(1, name="other")
    kept.update()
    assert kept.version() == 1 and kept.version(Wanted("other")) == 1
    assert kept.state(2).state == State.END and "names 3" in kept.state(2).message


def test_whatever_loading_raises_the_others_are_kept(kept, monkeypatch):
    kept.publish(1)
    kept.update()
    kept.publish(2)

    def broken(*words):
        raise IndexError("a defect")

    monkeypatch.setattr("visus.serving.keeper.Served.load", broken)
    kept.update()
    assert kept.version() == 1 and "a defect" in kept.state(2).message


def test_what_has_begun_ends_on_the_version_that_is_dropped(kept):
    path = kept.publish(1).parent
    kept.update()
    old = kept.repository.find(DIGITS)
    hold, began = threading.Event(), threading.Event()
    run = old.batcher._run

    def slow(*asked):
        began.set()
        hold.wait(60)
        return run(*asked)

    old.batcher._run = slow
    replies = []
    asking = threading.Thread(
        target=lambda: replies.append(ask(kept.engine, drawn_pixels(1)))
    )
    asking.start()
    assert began.wait(60)
    kept.publish(2)
    path.rename(path.with_name(".1"))
    kept.update()
    assert kept.version() == 2
    assert kept.state(1).state == State.UNLOADING
    hold.set()
    asking.join()
    assert replies[0].served.version == 1
    kept.until(lambda: kept.state(1).state == State.END)


def test_eight_clients_see_a_new_version_and_no_error(kept):
    kept.publish(1)
    kept.update()
    stop = threading.Event()
    seen = [[] for _ in range(8)]

    def loop(versions):
        while not stop.is_set():
            versions.append(kept.version())

    clients = [threading.Thread(target=loop, args=(own,)) for own in seen]
    for client in clients:
        client.start()
    for version in (2, 3, 4):
        kept.publish(version)
        kept.update()
        kept.until(lambda v=version: all(own and own[-1] == v for own in seen))
    stop.set()
    for client in clients:
        client.join()
    for own in seen:
        assert own == sorted(own) and own[-1] == 4


def test_watching_loads_by_itself(kept):
    kept.keeper.watch(0.02)
    kept.publish(1)
    kept.until(lambda: kept.repository.knows("digits") and kept.repository.ready)
    assert kept.version() == 1


def test_files_that_are_named_one_by_one(tmp_path):
    path = tmp_path / "run" / "model.visus"
    write_bundle(path)
    assert name_of_bundle(path) == "run"
    assert name_of_bundle(tmp_path / "digits.visus") == "digits"
    with pytest.raises(ConfigError, match="Two models are named 'a'"):
        NamedFiles([("a", path), ("a", path)])
    with pytest.raises(ModelError, match="does not exist"):
        NamedFiles([("a", tmp_path / "none.visus")])
    with pytest.raises(ModelError, match="is no folder"):
        RepositoryFolder(path, Policy())
