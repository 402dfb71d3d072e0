import os
import signal
import threading

import numpy as np
import pytest

from visus.core.progress import SilentProgress
from visus.training.fit import fit
from visus.training.uninterrupted import uninterrupted


def test_ctrl_c_waits_until_the_block_is_done():
    done = []
    with pytest.raises(KeyboardInterrupt), uninterrupted():
        os.kill(os.getpid(), signal.SIGINT)
        done.append(True)
    assert done
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_other_threads_are_left_alone():
    seen = []

    def work():
        with uninterrupted():
            seen.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [signal.default_int_handler]


def test_an_interrupt_in_an_evaluation_leaves_the_trained_weights(lesson, network):
    from visus.training.steps_tensorflow import TensorFlowSteps

    task = lesson(ema_decay=0.9)
    steps = TensorFlowSteps(network(), task.config, scaling="unit", towers=1)
    fit(steps, lesson(epochs=1), run=None, progress=SilentProgress())
    steps._evaluate = lambda *batch: os.kill(os.getpid(), signal.SIGINT)
    before = steps.state()
    with pytest.raises(KeyboardInterrupt):
        steps.evaluate(task.validation, 16)
    for name, array in steps.state().items():
        assert np.array_equal(array, before[name]), name
