"""The classification extension: the best classes of each picture, in Triton's words."""

import numpy as np

from visus.serving.engine import Reply


def best_classes(reply: Reply, count: int) -> list[list[str]]:
    """`value:index:label` of the highest scores of each picture, the best first.

    As Triton's classification extension writes them.
    """
    count = min(count, reply.scores.shape[1])
    order = np.argsort(-reply.scores, axis=1, kind="stable")[:, :count]
    return [
        [f"{row[n]:f}:{n}:{reply.class_names[n]}" for n in best.tolist()]
        for row, best in zip(reply.scores, order, strict=True)
    ]
