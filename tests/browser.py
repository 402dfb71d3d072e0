"""A headless Chromium, driven through its debugging pipe: no driver to install."""

import base64
import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

PATIENCE = 120


class Page:
    """One tab."""

    def __init__(self, orders: int, answers: int) -> None:
        self._orders = orders
        self._answers = answers
        self._rest = b""
        self._number = 0
        self._session: dict[str, str] = {}
        self.events: list[dict[str, Any]] = []
        target = self.do("Target.createTarget", url="about:blank")["targetId"]
        found = self.do("Target.attachToTarget", targetId=target, flatten=True)
        self._session = {"sessionId": found["sessionId"]}
        for domain in ("Page", "Runtime", "DOM", "Log", "Network"):
            self.do(f"{domain}.enable")

    def do(self, method: str, **parameters: Any) -> dict[str, Any]:
        """One order of the DevTools protocol, and what came of it."""
        self._number += 1
        order = {"id": self._number, "method": method, "params": parameters}
        os.write(self._orders, json.dumps({**order, **self._session}).encode() + b"\0")
        while True:
            message = self._read()
            if message.get("id") == self._number:
                assert "error" not in message, message
                return message.get("result", {})
            self.events.append(message)

    def open(self, address: str) -> None:
        self.do("Page.navigate", url=address)

    def value(self, expression: str) -> Any:
        """What a JavaScript expression gives."""
        found = self.do("Runtime.evaluate", expression=expression, returnByValue=True)
        return found["result"].get("value")

    def until(self, expression: str) -> Any:
        """Wait for an expression to be true."""
        for _ in range(PATIENCE * 10):
            if value := self.value(expression):
                return value
            time.sleep(0.1)
        raise AssertionError(f"{expression} never came true")

    def choose(self, selector: str, *files: Path) -> None:
        """Put files into an input of the page, as a person would."""
        root = self.do("DOM.getDocument")["root"]["nodeId"]
        node = self.do("DOM.querySelector", nodeId=root, selector=selector)["nodeId"]
        self.do("DOM.setFileInputFiles", nodeId=node, files=[str(f) for f in files])

    def complaints(self) -> list[str]:
        """Errors of the console, and requests to elsewhere."""
        self.value("1")
        return [
            json.dumps(event["params"])[:300]
            for event in self.events
            if event.get("method") == "Runtime.exceptionThrown"
            or event["params"].get("entry", {}).get("level") in ("error", "warning")
        ]

    def addresses(self) -> list[str]:
        """Everything that was asked for over the network."""
        return [
            event["params"]["request"]["url"]
            for event in self.events
            if event.get("method") == "Network.requestWillBeSent"
        ]

    def picture(self, path: Path, width: int = 900, height: int = 700) -> None:
        """Write what the page looks like."""
        self.do(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=False,
        )
        shot = self.do("Page.captureScreenshot", format="png")
        path.write_bytes(base64.b64decode(shot["data"]))

    def _read(self) -> dict[str, Any]:
        while b"\0" not in self._rest:
            part = os.read(self._answers, 65536)
            assert part, "the browser is gone"
            self._rest += part
        line, _, self._rest = self._rest.partition(b"\0")
        message: dict[str, Any] = json.loads(line)
        return message


@contextmanager
def browsing(profile: Path) -> Iterator[Page]:
    """A page of a new browser; skips where there is none."""
    program = shutil.which("chromium") or shutil.which("google-chrome")
    if program is None:
        pytest.skip("there is no Chromium on this machine")
    theirs_in, ours_out = os.pipe()
    ours_in, theirs_out = os.pipe()
    # Chromium reads orders from descriptor 3 and answers on 4.
    script = 'exec "$0" "$@" 3<&"$FROM" 4>&"$TO"'
    words = ["--headless", "--no-sandbox", "--disable-gpu", "--remote-debugging-pipe"]
    started = subprocess.Popen(
        ["bash", "-c", script, program, *words, f"--user-data-dir={profile}"],
        env={**os.environ, "FROM": str(theirs_in), "TO": str(theirs_out)},
        pass_fds=(theirs_in, theirs_out),
        stderr=subprocess.DEVNULL,
    )
    for descriptor in (theirs_in, theirs_out):
        os.close(descriptor)
    try:
        yield Page(ours_out, ours_in)
    finally:
        started.terminate()
        started.wait(PATIENCE)
        for descriptor in (ours_out, ours_in):
            os.close(descriptor)
