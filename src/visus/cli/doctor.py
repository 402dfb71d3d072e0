"""visus doctor."""

from typing import Any

import typer

from visus.cli import options
from visus.cli.output import answer, verb, write

UNHEALTHY = 5


@verb
def doctor(as_json: options.AsJson = False) -> None:
    """Say what is installed, and how to mend the rest."""
    from visus.pipeline.doctor import examine

    found = examine()
    if as_json:
        answer(found)
    else:
        _write(found)
    if not found["healthy"]:
        raise typer.Exit(UNHEALTHY)


def _write(found: dict[str, Any]) -> None:
    packages = ", ".join(f"{name} {v}" for name, v in found["packages"].items())
    accelerators = ", ".join(found["accelerators"]) or "none"
    write(f"visus {found['visus']}, Python {found['python']}, {found['platform']}")
    write(f"processor: {found['processor']}, {found['cores']} cores for this process")
    write(f"memory: {found['memory_bytes'] / 2**30:.1f} GiB")
    write(f"accelerators: {accelerators}")
    write(f"backend: {found['backend']}")
    write(f"packages: {packages}")
    write(f"npm client: {'yes' if found['npm'] else 'no'}")
    write(f"caches: {found['home']}")
    for name, size in found["cache_bytes"].items():
        write(f"  {name}: {size / 1e6:,.1f} MB")
    for hint in found["hints"]:
        write(f"hint: {hint}")
    for problem in found["problems"]:
        write(f"PROBLEM: {problem}")
    write("all is well" if found["healthy"] else "something needs mending")
