"""Confident learning: which labels are wrong, from probabilities of other eyes.

Northcutt, Jiang and Chuang, "Confident learning: Estimating uncertainty in dataset
labels" (JAIR 70, 2021). Written from the paper.
"""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]
Numbers = NDArray[np.integer]


def class_thresholds(probabilities: Floats, labels: Numbers) -> NDArray[np.float64]:
    """How sure of a class the probe is where the label says so (their equation 2).

    Args:
        probabilities: out of fold, `(num_images, num_classes)`.
        labels: class numbers `(num_images,)`; every class occurs.

    Returns:
        mean probability of each class over the pictures labelled with it.
    """
    given = probabilities[np.arange(len(labels)), labels].astype(np.float64)
    count = probabilities.shape[1]
    sums = np.bincount(labels, weights=given, minlength=count)
    means: NDArray[np.float64] = sums / np.bincount(labels, minlength=count)
    return means


def confident_classes(probabilities: Floats, labels: Numbers) -> NDArray[np.intp]:
    """The class that a picture is counted under (their equation 1), or -1.

    Of the classes whose probability reaches the class's threshold, the most probable.

    Returns:
        class numbers `(num_images,)`; -1 where no class is reached.
    """
    reached = probabilities >= class_thresholds(probabilities, labels)
    best = np.where(reached, probabilities, -1).argmax(axis=1)
    return np.where(reached.any(axis=1), best, -1)


def confident_joint(probabilities: Floats, labels: Numbers) -> NDArray[np.int64]:
    """Pictures by label (row) and by the class that they are counted under (column).

    What stands off the diagonal are the suspected label errors.

    Example:
        >>> probabilities = np.array([[0.9, 0.1], [0.2, 0.8], [0.1, 0.9], [0.3, 0.7]])
        >>> confident_joint(probabilities, np.array([0, 0, 1, 1])).tolist()
        [[1, 1], [0, 1]]
    """
    classes = confident_classes(probabilities, labels)
    count = probabilities.shape[1]
    counted = classes >= 0
    cells = labels[counted] * count + classes[counted]
    return np.bincount(cells, minlength=count * count).reshape(count, count)


def label_margins(probabilities: Floats, labels: Numbers) -> NDArray[np.float64]:
    """Probability of the label minus that of the best other class, -1 to 1.

    Args:
        probabilities: `(num_images, num_classes)`, two classes at least.
        labels: class numbers `(num_images,)`.
    """
    everyone = np.arange(len(labels))
    given = probabilities[everyone, labels].astype(np.float64)
    others = probabilities.astype(np.float64)
    others[everyone, labels] = -np.inf
    margins: NDArray[np.float64] = given - others.max(axis=1)
    return margins
