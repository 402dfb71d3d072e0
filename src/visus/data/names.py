"""What a file is called in ids, tables and messages."""

import os
from pathlib import Path


def printable_name(path: str | Path) -> str:
    r"""A path as text that can be printed and saved; different paths stay different.

    Names are bytes. What is no UTF-8 in them is written as `\xff`, and then (or when
    that is how the name reads anyway) a backslash of its own as two.
    """
    name = os.fsencode(path)
    try:
        text = name.decode("utf-8")
    except UnicodeDecodeError:
        text = "\\x"
    if "\\x" not in text:
        return text
    return name.replace(b"\\", b"\\\\").decode("utf-8", "backslashreplace")
