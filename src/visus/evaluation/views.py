"""Test-time augmentation, measured: whether more views of a picture are worth it."""

import numpy as np

from visus.bundles.predictions import Predictions
from visus.core.report import Fact, Finding, Table
from visus.data.batches import Batch
from visus.evaluation.parts import Parts
from visus.tasks.intervals import difference_interval, mcnemar
from visus.tasks.metrics import log_loss


def measure_views(plain: Predictions, viewed: Predictions, test: Batch) -> Parts:
    """What the mean answer to several views gains over the answer to one.

    Args:
        plain: answers to the pictures as they are, of one class each.
        viewed: answers to several views of the same pictures.
        test: the pictures, with known targets.
    """
    one, several = plain.select(test.ids), viewed.select(test.ids)
    right = [p.answer_numbers == test.targets for p in (one, several)]
    only_first = int(np.sum(right[0] & ~right[1]))
    only_second = int(np.sum(right[1] & ~right[0]))
    gain = difference_interval(only_first, only_second, len(test))
    chance = mcnemar(only_first, only_second)
    value, low, high = (100 * x for x in (gain.value, gain.low, gain.high))
    text = (
        f"{value:+.2f} points of accuracy ({low:+.2f} to {high:+.2f}) by several "
        f"views; p = {chance:.3f} (McNemar)"
    )
    losses = [log_loss(p.scores, test.targets, test.weights) for p in (one, several)]
    rows = tuple(
        (label, f"{hits.mean():.2%}", round(loss, 4))
        for label, hits, loss in zip(
            ("the picture as it is", "several views"), right, losses, strict=True
        )
    )
    table = Table(
        title="Views",
        columns=("answered by", "accuracy", "loss (nats)"),
        rows=rows,
        note=f"{only_second:,} pictures are right only by several views, "
        f"{only_first:,} only as they are.",
    )
    proved = gain.low > 0
    message = "Several views pay." if proved else "It is not proved that views pay."
    return Parts(
        (Fact(name="views_gain", value=gain.value, text=text, interval=gain),),
        findings=(Finding(severity="info", message=message),),
        tables=(table,),
    )
