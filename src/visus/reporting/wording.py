"""How names, numbers and outside text are written, alike on the page and in text."""

import re
import unicodedata
from html import escape

from visus.core.report import Fact, Table, Value

TITLES = {
    "accuracy": "Accuracy",
    "loss": "Loss",
    "top_5_accuracy": "Top-5 accuracy",
    "pictures": "Test pictures",
    "baseline_majority": "Baseline: most frequent class",
    "baseline_nearest_centroid": "Baseline: nearest mean picture",
    "baseline_frequency": "Baseline: frequency of each label",
    "baseline_mean": "Baseline: training mean",
    "baseline_median": "Baseline: training median",
    "micro_f1": "F1 over all labels (micro)",
    "macro_f1": "Mean F1 of the labels (macro)",
    "subset_accuracy": "Wholly right",
    "calibration_error": "Calibration error",
    "corrupted_accuracy": "Accuracy under corruptions",
    "shift_drop": "Lost by a shift",
    "fgsm_accuracy": "Accuracy under FGSM",
    "background_drop": "Lost on other grounds",
    "domain_auroc": "Told apart from elsewhere",
    "adapted_gain": "Gain by adapting",
    "adapted_cost": "The same at home",
    "pgd_accuracy": "Accuracy under PGD",
    "accuracy_gap": "Largest gap between groups",
    "views_gain": "Gain by several views",
    "set_coverage": "Sets that hold the truth",
    "false_rejections": "False rejections",
    "answered": "Answered",
    "answered_accuracy": "Right, where it answers",
    "stand_ins_told_apart": "Strangers told apart",
    "left_out": "Left out: learned from",
    "blocking_checks": "Checks that would stop a training",
    "export_difference": "Largest difference of a score",
    "export_same_answers": "Same answers",
    "r_squared": "R squared",
    "spearman": "Spearman's rank correlation",
    "group_mean_absolute_error": "By group",
}
MOST_DECIMALS = 4

# File names can hold anything: control codes drive terminals, bidirectional marks
# reorder what a person reads, and XML forbids the rest.
_UNPRINTABLE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]"
)
_SPACES = re.compile(r"[\t\r\n]+")
_NUMBER = re.compile(r"[+-]?\d[\d,]*(\.\d+)? ?%?")


def printable(text: str) -> str:
    """The text on one line, without characters that act instead of being read.

    Example:
        >>> printable("cat\\x1b[2J.png")
        'cat\ufffd[2J.png'
    """
    return _UNPRINTABLE.sub("\ufffd", _SPACES.sub(" ", text))


def escaped(text: str) -> str:
    """The text made safe for HTML and XML, in content and in quoted attributes."""
    return escape(printable(text))


def columns_of(text: str) -> int:
    """How many columns of a terminal the text fills; CJK characters fill two."""
    return sum(map(_columns, text))


def shortened(text: str, columns: int) -> str:
    """The text cut to `columns`, with an ellipsis when something was left out.

    Example:
        >>> shortened("aeroplane", 5)
        'aero…'
    """
    if columns_of(text) <= columns:
        return text
    kept, filled = "", 1
    for character in text:
        filled += _columns(character)
        if filled > columns:
            break
        kept += character
    return kept + "…"


def fact_title(fact: Fact) -> str:
    """What a person calls the fact."""
    title = TITLES.get(fact.name, fact.name.replace("_", " ").capitalize())
    return printable(title)


def value_text(value: Value) -> str:
    """A value as a person reads it: numbers to four or more significant digits."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.0f}" if 1e4 <= abs(value) < 1e15 else f"{value:.4g}"
    return printable(value)


def table_texts(table: Table) -> list[tuple[str, ...]]:
    """The rows as text; the numbers of one column share their decimals."""
    columns = zip(*table.rows, strict=True)
    return list(zip(*map(_column_texts, columns), strict=True))


def number_columns(table: Table) -> list[bool]:
    """For each column, whether it holds numbers, to be aligned at the right."""
    columns = list(zip(*table.rows, strict=True)) or [()] * len(table.columns)
    return [_is_numeric(column, place > 0) for place, column in enumerate(columns)]


def _columns(character: str) -> int:
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _column_texts(values: tuple[Value, ...]) -> list[str]:
    texts = [value_text(value) for value in values]
    decimals = [
        len(text.partition(".")[2])
        for value, text in zip(values, texts, strict=True)
        if isinstance(value, float)
    ]
    most = max(decimals, default=0)
    if not 0 < most <= MOST_DECIMALS or any("e" in text for text in texts):
        return texts
    return [
        f"{value:,.{most}f}" if isinstance(value, float) else text
        for value, text in zip(values, texts, strict=True)
    ]


def _is_numeric(values: tuple[Value, ...], words_count: bool) -> bool:
    """Words that look like numbers count, but not where rows have their names."""
    present = [value for value in values if value is not None and value != ""]
    return bool(present) and all(
        isinstance(value, int | float)
        or (words_count and isinstance(value, str) and _NUMBER.fullmatch(value))
        for value in present
    )
