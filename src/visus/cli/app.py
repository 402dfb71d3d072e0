"""The command line: one verb a file, imported only when it is called."""

import gc
import sys

import typer

from visus.cli import (
    audit,
    cache,
    certify,
    compare,
    convert,
    data,
    doctor,
    evaluate,
    explain,
    export,
    label,
    models,
    predict,
    runs,
    serve,
    train,
)
from visus.cli.output import show_unexpected, version_callback

# Imports and pictures make many objects and hardly a cycle: looking for cycles after
# every 700 of them takes a twentieth of a short command.
OBJECTS_BETWEEN_COLLECTIONS = 50_000

app = typer.Typer(
    name="visus",
    help="A folder of pictures in; a trained, evaluated, saved model out.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    # Drawn boxes in the help would cost half of its 0.3 seconds.
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit codes: 0 done, 1 unexpected, 2 usage or settings, 3 data, 4 model, "
    "5 machine, 6 a gate fails, 130 Ctrl-C, 143 terminated.",
)

app.command("train")(train.train)
app.command("evaluate")(evaluate.evaluate)
app.command("predict")(predict.predict)
app.command("serve")(serve.serve)
app.command("explain")(explain.explain)
app.command("audit")(audit.audit)
app.add_typer(label.label, name="label")
app.command("export")(export.export)
app.command("certify")(certify.certify)
app.command("verify")(certify.verify)
app.command("models")(models.models)
app.command("data")(data.data)
app.command("convert")(convert.convert)
app.command("runs")(runs.runs)
app.command("compare")(compare.compare)
app.command("cache")(cache.cache)
app.command("doctor")(doctor.doctor)


@app.callback()
def root(version: bool = version_callback()) -> None:
    """A folder of pictures in; a trained, evaluated, saved model out."""


def main() -> None:
    """The entry point of the `visus` command."""
    sys.excepthook = show_unexpected
    gc.set_threshold(OBJECTS_BETWEEN_COLLECTIONS)
    app(prog_name="visus")


if __name__ == "__main__":
    main()
