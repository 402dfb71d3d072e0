import json

import numpy as np
import pytest

from visus.core.errors import ModelError
from visus.core.progress import SilentProgress
from visus.core.run import Run
from visus.core.settings import Settings
from visus.training.checkpoint import load_newest_checkpoint, save_checkpoint
from visus.training.fit import fit
from visus.training.steps import OutOfMemory


class Config(Settings):
    name: str = "x"


def engine(model, config, towers=2):
    from visus.training.steps_tensorflow import TensorFlowSteps

    return TensorFlowSteps(model, config, scaling="unit", towers=towers)


def trained(network, task, run=None, progress=None, **options):
    model = network()
    steps = engine(model, task.config)
    history = fit(
        steps, task, run=run, progress=progress or SilentProgress(), **options
    )
    return model, history


class Interrupts(SilentProgress):
    """Presses Ctrl-C after so many pieces of work."""

    def __init__(self, after: int) -> None:
        self.left = after

    def advance(self, amount: float = 1, **figures) -> None:
        self.left -= 1
        if self.left == 0:
            raise KeyboardInterrupt


def test_the_same_seed_gives_the_same_weights(lesson, network):
    task = lesson(augment={"flip": True, "mixup": 0.2})
    one, _ = trained(network, task)
    other, _ = trained(network, task)
    for a, b in zip(one.get_weights(), other.get_weights(), strict=True):
        assert np.array_equal(a, b)


@pytest.mark.parametrize("after", [1, 3, 7, 9])
def test_an_interrupted_run_ends_as_if_it_never_was(lesson, network, tmp_path, after):
    task = lesson(
        ema_decay=0.9, keep="best", augment={"shift": 0.1}, checkpoint_seconds=0
    )
    whole, history = trained(network, task)
    run = Run.create(tmp_path / "run", Config())
    with pytest.raises(KeyboardInterrupt):
        trained(network, task, run, Interrupts(after))
    resumed, again = trained(network, task, run)
    for a, b in zip(whole.get_weights(), resumed.get_weights(), strict=True):
        assert np.array_equal(a, b)
    assert [e.loss for e in again.epochs] == [e.loss for e in history.epochs]
    logged = [json.loads(line) for line in run.log_path.read_text().splitlines()]
    assert [entry["epoch"] for entry in logged] == [1, 2, 3]


def test_a_torn_checkpoint_falls_back_to_the_one_before(lesson, network, tmp_path):
    task = lesson(checkpoint_seconds=0)
    run = Run.create(tmp_path / "run", Config())
    with pytest.raises(KeyboardInterrupt):
        trained(network, task, run, Interrupts(6))
    newest = sorted(run.checkpoints.iterdir())[-1]
    newest.write_bytes(newest.read_bytes()[:-40])
    found = load_newest_checkpoint(run.checkpoints)
    assert found is not None
    assert f"{found.steps_done:09d}" < newest.name.split("-")[1]
    whole, _ = trained(network, task)
    resumed, _ = trained(network, task, run)
    for a, b in zip(whole.get_weights(), resumed.get_weights(), strict=True):
        assert np.array_equal(a, b)


def test_checkpoints_survive_their_file(lesson, network, tmp_path):
    from visus.training.checkpoint import Checkpoint

    task = lesson()
    state = engine(network(), task.config).state()
    save_checkpoint(tmp_path, Checkpoint(5, state, {"a": [1, 2]}, {"w": np.ones(2)}))
    found = load_newest_checkpoint(tmp_path)
    assert found is not None
    assert (found.steps_done, found.loop) == (5, {"a": [1, 2]})
    assert found.best is not None
    assert found.best["w"].tolist() == [1, 1]
    assert all(np.array_equal(array, found.state[n]) for n, array in state.items())


@pytest.mark.parametrize("preflight", [False, True])
def test_out_of_memory_halves_the_batch_and_says_so(lesson, network, preflight):
    task = lesson(epochs=2)
    steps = engine(network(), task.config)
    train = steps.train
    sizes = []

    def scarce(work):
        if work.targets.shape[1] > 4:
            raise OutOfMemory("no room")
        sizes.append(work.targets.shape[1])
        train(work)

    steps.train = scarce
    task = lesson(epochs=2, preflight=preflight)
    history = fit(steps, task, run=None, progress=SilentProgress())
    assert history.batch_size == 4
    assert set(sizes) == {4}
    assert sum("goes on with" in note for note in history.notes) == 2
    assert len(history.epochs) == 2


def test_one_picture_that_does_not_fit_is_a_model_error(lesson, network):
    task = lesson(preflight=False)
    steps = engine(network(), task.config)

    def never(work):
        raise OutOfMemory("no room")

    steps.train = never
    with pytest.raises(ModelError, match="one picture"):
        fit(steps, task, run=None, progress=SilentProgress())


def test_early_stopping_keeps_the_best_weights(lesson, network):
    task = lesson(
        epochs=30, patience=2, keep="best", learning_rate=0.05, schedule="constant"
    )
    model, history = trained(network, task)
    assert len(history.epochs) < 30
    best = max(e.validation_accuracy for e in history.epochs)
    kept = history.epochs[history.kept_epoch - 1]
    assert kept.validation_accuracy == best
    totals = engine(model, task.config).evaluate(task.validation, 16)
    assert totals.mean_figure == best


def test_a_loss_that_is_no_number_stops_the_run(lesson, network):
    task = lesson(optimizer="sgd", learning_rate=1e30, preflight=False)
    with pytest.raises(ModelError) as caught:
        trained(network, task)
    assert "learning_rate" in caught.value.remedy


def test_preflight_notices_and_changes_nothing(lesson, network):
    checked, history = trained(network, lesson(preflight=True))
    plain, _ = trained(network, lesson(preflight=False))
    assert history.notes == ()
    for a, b in zip(checked.get_weights(), plain.get_weights(), strict=True):
        assert np.array_equal(a, b)
    _, wild = trained(network, lesson(learning_rate=50.0, optimizer="sgd", epochs=1))
    assert any("by heart" in note for note in wild.notes)


def test_keras_callbacks_see_every_epoch_and_may_stop(lesson, network):
    import keras

    seen = []

    class Stops(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            seen.append((epoch, logs["loss"]))
            self.model.stop_training = epoch == 1

    model = network()
    callback = Stops()
    callback.set_model(model)
    task = lesson(epochs=5)
    steps = engine(model, task.config)
    fit(steps, task, run=None, progress=SilentProgress(), callbacks=[callback])
    assert [epoch for epoch, _ in seen] == [0, 1]


def test_events_can_be_read_by_tensorboard(lesson, network, tmp_path):
    from tensorboardX.proto.event_pb2 import Event
    from tensorboardX.record_writer import RecordWriter

    run = Run.create(tmp_path / "run", Config())
    _, history = trained(network, lesson(), run)
    assert RecordWriter
    found = {}
    for path in run.events.iterdir():
        content = path.read_bytes()
        while content:
            length = int.from_bytes(content[:8], "little")
            event = Event.FromString(content[12 : 12 + length])
            for value in event.summary.value:
                found[(value.tag, event.step)] = value.simple_value
            content = content[16 + length :]
    for entry in history.epochs:
        assert found[("loss", entry.epoch)] == pytest.approx(entry.loss)
        assert found[("validation/accuracy", entry.epoch)] == pytest.approx(
            entry.validation_accuracy
        )
