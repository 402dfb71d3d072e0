"""The glass network: one page in which a trained network is clicked through."""

from visus.explanation.glass.page import glass_page
from visus.explanation.glass.steps import Step, steps_of

__all__ = ["Step", "glass_page", "steps_of"]
