"""What a person watching a terminal sees."""

import io

from rich.console import Console

from visus.cli.progress import RichProgress, SpokenProgress, terminal_progress
from visus.core.progress import SilentProgress


def test_a_bar_and_all_its_figures_fit_eighty_columns(monkeypatch):
    screen = io.StringIO()
    console = Console(file=screen, width=80, force_terminal=True, color_system=None)
    monkeypatch.setattr("rich.console.Console", lambda **options: console)
    progress = RichProgress()
    with progress.stage("Training", 60):
        progress.advance(
            30.5,
            epoch="31/60",
            step="470/938",
            loss=0.631,
            accuracy=0.8,
            images_per_second=1694.2,
        )
    lines = screen.getvalue().replace("\r", "\n").splitlines()
    last = [line for line in lines if "Training" in line][-1]
    for word in (
        "Training",
        "51%",
        "31/60",
        "470/938",
        "0.631",
        "0.800",
        "1,694 img/s",
    ):
        assert word in last
    assert "…" not in last


def test_nobody_watching_gets_sentences_only(capsys):
    progress = terminal_progress(quiet=False)
    assert isinstance(progress, SpokenProgress)
    with progress.stage("Training", 3):
        progress.advance(1, loss=0.5)
        progress.say("The batch was halved.")
    assert capsys.readouterr().err == "The batch was halved.\n"
    assert type(terminal_progress(quiet=True)) is SilentProgress
