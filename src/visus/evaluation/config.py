"""What can be chosen about answers: when a label is said."""

from pydantic import Field

from visus.core.settings import Settings


class AnswersConfig(Settings):
    """When a model says a label, "unsure" or "unknown"."""

    coverage: float = Field(
        0.95,
        gt=0.5,
        lt=1,
        description="share of pictures whose set of possible classes is to hold the "
        "truth; a set of several is answered with unsure",
    )
    rejected: float = Field(
        0.01,
        gt=0,
        lt=0.5,
        description="share of pictures of the model's own kind that may be called "
        "unknown",
    )
