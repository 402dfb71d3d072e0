"""visus cache."""

from typing import Annotated

import typer

from visus.cli import options
from visus.cli.output import answer, verb, write
from visus.core.errors import unknown_name


@verb
def cache(
    clear: Annotated[
        str | None, typer.Option(help="Empty one part: data, pixels, features, or all.")
    ] = None,
    as_json: options.AsJson = False,
) -> None:
    """Show or clear what is kept on disk to save time."""
    from visus.data.cache_room import cache_budget, cache_sizes, clear_cache
    from visus.data.home import visus_home

    sizes = cache_sizes()
    cleared: dict[str, int] = {}
    if clear is not None:
        known = {*sizes, "data", "pixels", "features", "all"}
        if clear not in known:
            raise unknown_name("part of the cache", clear, known)
        parts = list(sizes) if clear == "all" else [clear]
        cleared = {part: clear_cache(part) for part in parts}
        sizes = cache_sizes()
    if as_json:
        answer(
            {
                "home": str(visus_home()),
                "bytes": sizes,
                "pixels_budget_bytes": cache_budget(),
                "cleared_bytes": cleared,
            }
        )
        return
    write(str(visus_home()))
    for part, size in cleared.items():
        write(f"  cleared {part}: {size / 1e6:,.1f} MB")
    notes = {
        "pixels": f" of {cache_budget() / 1e6:,.1f} MB",
        "features": ", within the same",
    }
    for part, size in sizes.items():
        write(f"  {part}: {size / 1e6:,.1f} MB{notes.get(part, '')}")
