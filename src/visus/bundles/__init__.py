"""The trained thing: its file, its verification, its answers; never Keras."""

from visus.bundles.bundle import Bundle, load_bundle, save_bundle
from visus.bundles.predictions import Predictions

__all__ = ["Bundle", "Predictions", "load_bundle", "save_bundle"]
