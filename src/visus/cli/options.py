"""Options that several verbs share, worded once."""

from pathlib import Path
from typing import Annotated

import typer

AsJson = Annotated[
    bool, typer.Option("--json", help="One JSON object on standard output.")
]
Force = Annotated[
    bool, typer.Option("--force", help="Replace what is in the output place.")
]
Offline = Annotated[bool, typer.Option("--offline", help="Never open a connection.")]
Settings = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="NAME=VALUE",
        help="One setting, such as training.epochs=5; may be repeated.",
    ),
]
Split = Annotated[
    str | None,
    typer.Option(
        "--split",
        metavar="TRAIN/VALIDATION/TEST",
        help="Shares, such as 0.7/0.15/0.15, where the source gives no split.",
    ),
]
Group = Annotated[
    str | None,
    typer.Option(
        "--group", metavar="COLUMN", help="What splits keep whole, such as patient."
    ),
]
Target = Annotated[
    str | None,
    typer.Option(
        "--target", metavar="COLUMN", help="What is or was learned, such as price."
    ),
]
Task = Annotated[
    str | None,
    typer.Option(
        "--task",
        metavar="KIND",
        help="single-label, multi-label or numeric; else seen.",
    ),
]
AllowLeak = Annotated[
    bool,
    typer.Option(
        "--allow-leak", help="Go on although the given test shares pictures or groups."
    ),
]
Weights = Annotated[
    Path | None,
    typer.Option(
        "--weights", help="A file or folder with the weights of a pretrained network."
    ),
]
Coverage = Annotated[
    float | None,
    typer.Option("--coverage", help="Share of sets that hold the truth; more: unsure."),
]
SignerKey = Annotated[
    str | None,
    typer.Option(
        "--key",
        metavar="PUBLIC",
        help="Whose it must be: a public key, its file, or its fingerprint.",
    ),
]
RequireCertificate = Annotated[
    Path | None,
    typer.Option(
        "--require-certificate",
        metavar="FILE|FOLDER",
        help="Refuse models without a valid certificate, see `visus certify`.",
    ),
]
CertificateKey = Annotated[
    str | None,
    typer.Option(
        "--certificate-key",
        metavar="PUBLIC",
        help="Whose certificate: a public key, its file, or its fingerprint.",
    ),
]
Views = Annotated[
    str,
    typer.Option(
        "--views", help="Answer several views and take the mean: flip or shifts."
    ),
]
Unlabelled = Annotated[
    str | None,
    typer.Option(
        "--unlabelled",
        metavar="SOURCE",
        help="Pictures without a label that are learned from too.",
    ),
]
Curve = Annotated[
    bool,
    typer.Option("--curve", help="Say what twice as many pictures would bring."),
]
Config = Annotated[
    Path | None,
    typer.Option("--config", help="A TOML file of settings; --set wins over it."),
]
Recipe = Annotated[
    str | None,
    typer.Option("--recipe", help="Named defaults; else chosen by the pictures."),
]
Network = Annotated[
    str | None,
    typer.Option("--network", help="A name of `visus models`, or a Python file."),
]
Backbone = Annotated[
    str | None,
    typer.Option(
        "--backbone", help="A pretrained network that describes the pictures."
    ),
]
Seed = Annotated[
    int | None, typer.Option("--seed", help="The same seed gives the same model.")
]
Folds = Annotated[
    int | None, typer.Option(help="Train once a fold, each tested on another part.")
]
Seeds = Annotated[
    int | None, typer.Option(help="Train so many times, on the same splits.")
]
StartFrom = Annotated[
    Path | None, typer.Option("--from", help="Start with the weights of this bundle.")
]
FindRate = Annotated[
    bool,
    typer.Option("--find-lr", help="Search the learning rate; nothing is trained."),
]
RatePlot = Annotated[
    Path | None, typer.Option("--plot", help="A PNG of what --find-lr has seen.")
]
FineTune = Annotated[
    bool,
    typer.Option(
        "--fine-tune",
        help="Frozen features, then the whole network, if it pays.",
    ),
]
Minutes = Annotated[
    float | None,
    typer.Option("--minutes", help="Fine-tune photographs as far as this time allows."),
]
RunFolder = Annotated[
    Path | None,
    typer.Option(
        "--out", help="The run folder. Default: runs/<data>-<network>-<number>."
    ),
]
Resume = Annotated[
    Path | None,
    typer.Option("--resume", help="Go on with this run, exactly where it was."),
]
DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Say what would be done, and how long.")
]
ProofPictures = Annotated[
    str | None,
    typer.Option(
        "--data",
        metavar="SOURCE",
        help="Pictures for the proof, else made ones; with --int8 those that the "
        "model was trained on.",
    ),
]
Int8 = Annotated[
    bool, typer.Option("--int8", help="Convolutions in eight bits; --to onnx only.")
]
Budget = Annotated[
    float | None,
    typer.Option(metavar="POINTS", help="Accuracy that --int8 may cost. Default: 0.5."),
]
Compared = Annotated[
    str | None,
    typer.Option(
        "--group", metavar="COLUMN", help="Hold its groups against each other."
    ),
]
Costs = Annotated[
    Path | None,
    typer.Option(
        "--costs", metavar="CSV", help="What mistakes cost: is,cat,dog / cat,0,1."
    ),
]
Corruptions = Annotated[
    bool, typer.Option("--corruptions", help="Measure what corrupted pictures do.")
]
Corrupted = Annotated[
    int, typer.Option("--pictures", min=1, help="So many of them are corrupted.")
]
Backgrounds = Annotated[
    bool,
    typer.Option(
        "--backgrounds",
        help="Lay things on other grounds; the source must say where they lie.",
    ),
]
Attack = Annotated[
    list[str] | None,
    typer.Option(
        "--attack",
        metavar="NAME",
        help="fgsm or pgd: seek small changes that fool the model; may be repeated.",
    ),
]
AttackBudget = Annotated[
    int | None,
    typer.Option(
        "--attack-budget",
        metavar="LEVELS",
        min=1,
        max=255,
        help="So far each value of a pixel may move. Default: 8 of 255; small gray "
        "pictures: 76.",
    ),
]
AttackSteps = Annotated[int, typer.Option("--attack-steps", min=1, help="Of pgd.")]
AttackStarts = Annotated[int, typer.Option("--attack-starts", min=1, help="Of pgd.")]
Attacked = Annotated[
    int, typer.Option("--attack-pictures", min=1, help="So many of them are attacked.")
]
Shifted = Annotated[
    str | None,
    typer.Option(
        "--shifted",
        metavar="SOURCE",
        help="Pictures from elsewhere, labelled or not: say how far they are.",
    ),
]
Adapt = Annotated[
    Path | None,
    typer.Option(
        "--adapt",
        metavar="FILE",
        help="Write another bundle that fits --shifted; no label is looked at.",
    ),
]
AdaptBy = Annotated[
    str,
    typer.Option(
        "--adapt-by",
        metavar="NAME",
        help="normalizations: batch normalizations measured anew; alignment: means and "
        "spreads of the last layer's features.",
    ),
]
