"""Pictures whose labels would settle most of what a model is unsure of.

What a model has not learned is taken for a Gaussian process over the features: a label
lessens the variance at its own picture and at those like it. Chosen is, one after the
other, what lessens most the sum of the variances of all pictures, each weighted by how
unsure the model is of it (Cohn, Ghahramani and Jordan, "Active learning with
statistical models", 1996; greedily and for the pictures at hand: Yu, Bi and Tresp,
"Active learning via transductive experimental design", ICML 2006). A label tells the
less the surer its answer was before, as in the Fisher information of logistic
regression.

So a picture is worth a label if it stands for many others that are undecided. One that
is undecided alone is often one whose label is wrong.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from visus.labelling.groups import Floats, Rows, directions

# Of a label whose answer was undecided, over the variance at a picture without any.
NOISE = 0.3
# The kernel is approximated by its values at so many pictures (Nystrom's method).
LANDMARKS = 600
# Nothing is so sure that its label would tell nothing at all.
LEAST_UNSURE = 0.05
LEAST_SHARE = 1e-6


@dataclass(frozen=True)
class Surveyed:
    """Pictures as a model sees them.

    Args:
        features: `(num_images, num_features)`.
        uncertainties: from 0, sure, to 1, undecided `(num_images,)`.
    """

    features: NDArray[np.floating] | NDArray[np.uint8]
    uncertainties: Floats

    def __len__(self) -> int:
        return len(self.features)

    def take(self, rows: Rows) -> "Surveyed":
        """Some of the pictures."""
        return Surveyed(self.features[rows], self.uncertainties[rows])


def choose_settling(
    pool: Surveyed, labelled: Surveyed, count: int, generator: np.random.Generator
) -> Rows:
    """Rows of the pool to label, the one that settles most first.

    Args:
        pool: pictures without a label.
        labelled: those that have one already; may be none.
        count: how many are wanted, at most as many as there are.
        generator: of the landmarks.
    """
    every = directions(np.concatenate([pool.features, labelled.features]))
    noise = NOISE / np.maximum(pool.uncertainties, LEAST_UNSURE)
    noise_known = NOISE / np.maximum(labelled.uncertainties, LEAST_UNSURE)
    # Hundreds of small products: two threads would wait for each other.
    with threadpool_limits(1, user_api="blas"):
        places = _mapped(every, generator)
        points, known = places[: len(pool)], places[len(pool) :]
        precision = np.eye(points.shape[1]) + (known.T / noise_known) @ known
        wanted = (points.T * pool.uncertainties) @ points
        return _greedily(points, np.linalg.inv(precision), wanted, noise, count)


def _greedily(
    points: Floats,
    covariance: NDArray[np.floating],
    wanted: NDArray[np.floating],
    noise: NDArray[np.floating],
    count: int,
) -> Rows:
    """Rows, each that which lessens the weighted variances most after those before.

    Args:
        points: `(num_points, num_places)`; the kernel is their product.
        covariance: of the weights, with what is known `(num_places, num_places)`.
        wanted: products of all points, by their weights, of the same shape.
        noise: of each label `(num_points,)`.
        count: how many.
    """
    # Row by row: covariances with the places, and with all points by weight.
    reach = np.asarray(points @ covariance, dtype=np.float32)
    settled = np.asarray(reach @ wanted, dtype=np.float32)
    free = np.ones(len(points), dtype=bool)
    chosen: list[int] = []
    for _ in range(count):
        variance = np.einsum("np,np->n", reach, points) + noise
        gain = np.einsum("np,np->n", settled, reach) / variance
        best = int(np.where(free, gain, -np.inf).argmax())
        chosen.append(best)
        free[best] = False
        step = (reach @ points[best]) / variance[best]
        # The label's rank-one share of the covariance is gone.
        settled -= np.outer(step, settled[best])
        reach -= np.outer(step, reach[best])
    return np.array(chosen, dtype=np.intp)


def _mapped(points: Floats, generator: np.random.Generator) -> Floats:
    """Places `(num_points, num_places)` whose products are about the kernel.

    exp(likeness - 1): on the sphere this is the Gaussian kernel of width 1.
    """
    count = min(LANDMARKS, len(points))
    landmarks = points[generator.permutation(len(points))[:count]]
    values, vectors = np.linalg.eigh(
        np.exp(landmarks.astype(np.float64) @ landmarks.T - 1)
    )
    kept = values > LEAST_SHARE * values[-1]
    roots = vectors[:, kept] / np.sqrt(values[kept])
    return np.asarray(np.exp(points @ landmarks.T - 1) @ roots, dtype=np.float32)
