from visus.models.backend import select_backend
from visus.training.threads import share_out_cores

select_backend()


def test_a_tower_a_core_unless_the_batch_is_too_small(monkeypatch):
    monkeypatch.setattr("visus.training.threads.available_cores", lambda: 7)
    assert share_out_cores(512).towers == 7
    assert share_out_cores(64).towers == 4
    assert share_out_cores(8).towers == 1


def test_a_tensorflow_that_has_started_keeps_its_threads(monkeypatch):
    import tensorflow as tf

    tf.constant(1) + 1
    before = tf.config.threading.get_intra_op_parallelism_threads()
    monkeypatch.setattr("visus.training.threads.available_cores", lambda: 64)
    threads = share_out_cores(64)
    assert (threads.towers, threads.pinned) == (4, False)
    assert tf.config.threading.get_intra_op_parallelism_threads() == before
