"""The name of a request in the log and in its answer."""

import re
import secrets
from itertools import count

_SAFE_ID = re.compile(r"[A-Za-z0-9._:-]{1,64}")
# Drawing one a process and counting on costs a tenth of drawing one a request.
_PROCESS = secrets.token_hex(4)
_numbers = count(1)


def request_id(sent: str) -> str:
    """The sender's own id, where it is fit for a log; else a new one."""
    return sent if _SAFE_ID.fullmatch(sent) else f"{_PROCESS}-{next(_numbers)}"
