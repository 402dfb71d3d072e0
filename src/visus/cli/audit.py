"""visus audit."""

from pathlib import Path
from textwrap import fill
from typing import TYPE_CHECKING, Annotated, Any

import typer

from visus.cli import options
from visus.cli.output import answer, say, verb, write
from visus.cli.progress import terminal_progress
from visus.core.errors import ConfigError

if TYPE_CHECKING:
    from visus.pipeline.audit import Audited
    from visus.pipeline.fixed_manifest import Written

BLOCKED = 3

Only = Annotated[
    list[str] | None,
    typer.Option("--check", help="Ask only this check; may be repeated."),
]
Allow = Annotated[
    list[str] | None, typer.Option(help="A check that may not block; may be repeated.")
]


@verb
def audit(
    source: Annotated[
        str | None, typer.Argument(help="A name, a folder, or a CSV file.")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="Folder of the report. Default: audits/<data>-<number>."),
    ] = None,
    target: options.Target = None,
    task: options.Task = None,
    only: Only = None,
    allow: Allow = None,
    fix: Annotated[
        bool, typer.Option("--fix", help="Write a mended manifest to --manifest.")
    ] = False,
    relabel: Annotated[
        bool, typer.Option("--relabel", help="With --fix: change labels too, if sure.")
    ] = False,
    undo: Annotated[
        Path | None,
        typer.Option(help="Bring back what this manifest of --fix left out."),
    ] = None,
    manifest: Annotated[
        Path | None, typer.Option(help="The CSV that --fix or --undo writes.")
    ] = None,
    settings: options.Settings = None,
    offline: options.Offline = False,
    force: options.Force = False,
    as_json: options.AsJson = False,
) -> None:
    """Say what is wrong with the pictures and labels; exit code 3 if it blocks."""
    if undo is not None:
        _undo(undo, source, manifest, force=force, as_json=as_json)
        return
    from visus.core.settings import parse_overrides
    from visus.pipeline.audit import audit_source, fix_audited

    _check_asked(source, manifest, fix=fix, relabel=relabel, force=force)
    audited = audit_source(
        source,
        out=out,
        target=target,
        task=task or "auto",
        settings=parse_overrides(settings or []),
        names=only,
        allow=allow or (),
        offline=offline,
        force=force,
        progress=terminal_progress(quiet=as_json),
    )
    written = None
    if manifest is not None:
        written = fix_audited(audited, manifest, relabel=relabel, force=force)
    _tell(audited, written, as_json)
    if audited.blocking and written is None:
        raise typer.Exit(BLOCKED)


def _tell(audited: "Audited", written: "Written | None", as_json: bool) -> None:
    if as_json:
        fixed = {"fixed": written.to_json()} if written else {}
        answer({**audited.to_json(), **fixed})
        return
    from visus.auditing.report import changed_pictures
    from visus.reporting.text import report_text

    # The page has the table and the pictures; here is what somebody must read.
    report = audited.view.report.model_copy(update={"tables": (), "figures": ()})
    write(report_text(report))
    for note, ids in changed_pictures(audited.evidence).items():
        write(fill(f"to be read: {len(ids):,} pictures: {note}", 80))
    fine = [check.name for check in audited.checked if check.verdict == "fine"]
    if fine:
        write(fill(f"fine: {', '.join(fine)}", 80, break_on_hyphens=False))
    write(f"report: {audited.view.page}")
    if written is not None:
        counts = ", ".join(f"{name} {n:,}" for name, n in written.counts.items())
        write(f"manifest: {written.manifest} ({counts})")
        write(f"removed: {written.removed}")
    elif audited.blocking:
        names = ", ".join(audited.blocking)
        say(f"blocked by {names}; mend it with --fix, or allow it by name with --allow")


def _undo(
    fixed: Path,
    source: str | None,
    manifest: Path | None,
    *,
    force: bool,
    as_json: bool,
) -> None:
    if source is not None or manifest is None:
        raise ConfigError(
            received="--undo without --manifest, or with a source.",
            expected="the manifest to undo, and a new one to write.",
            remedy="Try: visus audit --undo fixed.csv --manifest restored.csv",
        )
    from visus.pipeline.fixed_manifest import undo_fixed

    count = undo_fixed(fixed, manifest, force=force)
    told: dict[str, Any] = {"manifest": str(manifest), "pictures": count}
    if as_json:
        answer(told)
        return
    write(f"{count:,} pictures with the labels they had, in {manifest}")


def _check_asked(
    source: str | None, manifest: Path | None, *, fix: bool, relabel: bool, force: bool
) -> None:
    if source is None or fix != (manifest is not None) or (relabel and not fix):
        raise ConfigError(
            received="No source." if source is None else "Half of what --fix needs.",
            expected="a source; --fix and --manifest FILE together; --relabel with "
            "both.",
            remedy="Try: visus audit photos/ --fix --manifest fixed.csv",
        )
    if manifest is not None:
        from visus.pipeline.fixed_manifest import require_free_manifest

        require_free_manifest(manifest, force=force)
