"""What attacks need of a bundle: its answers as shipped, its network's gradients."""

from visus.bundles import Bundle
from visus.core.progress import Progress
from visus.data.sources.base import Access
from visus.evaluation.robustness.attacks import Victim
from visus.pipeline.question import opened_network


def victim_of(bundle: Bundle, progress: Progress) -> Victim:
    """Open the network of a bundle, which must hold one, to be attacked."""
    with progress.stage("Opening the network with Keras"):
        network = opened_network(bundle, Access(offline=True, progress=progress))
    return Victim(
        bundle.answer,
        lambda pixels, targets: network.loss_gradients(network.images(pixels), targets),
    )
