"""Figures as a person reads them."""


def probability_text(score: float) -> str:
    """A probability in percent; none is told as certain because it was rounded.

    Example:
        >>> probability_text(0.9312), probability_text(0.99986)
        ('93.1%', '>99.9%')
    """
    rounded = f"{score:.1%}"
    return {"100.0%": ">99.9%", "0.0%": "<0.1%"}.get(rounded, rounded)
