"""make docs: the reference page, written from settings and registries."""

import sys
from pathlib import Path

from visus.cli.output import verb
from visus.core.files import write_text


@verb
def reference() -> None:
    """Write the page to the path given as the first argument."""
    from visus.pipeline.reference import reference_page

    write_text(Path(sys.argv[1]), reference_page())


if __name__ == "__main__":
    sys.exit(reference())
