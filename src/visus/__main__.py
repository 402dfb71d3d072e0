"""`python -m visus` is `visus`."""

from visus.cli.app import main

main()
