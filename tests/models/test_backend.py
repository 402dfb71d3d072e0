"""How TensorFlow is started: with oneDNN, without its announcement."""

import os
import subprocess
import sys

import pytest

START = "from visus.models.backend import select_backend; select_backend()"


def start(words: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", f"{START}\n{words}"],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=True,
    )


@pytest.mark.parametrize("asked", ["", "0"])
def test_onednn_is_on_unless_the_user_says_otherwise(asked, monkeypatch):
    monkeypatch.delenv("TF_ENABLE_ONEDNN_OPTS", raising=False)
    chosen = {"TF_ENABLE_ONEDNN_OPTS": asked} if asked else {}
    told = start(
        "from tensorflow.python.util import _pywrap_util_port as port\n"
        "print(port.IsMklEnabled())",
        **chosen,
    )
    assert told.stdout.strip() == str(not asked)
    # Loading says nothing.
    assert told.stderr == ""


def test_what_others_say_while_it_loads_is_passed_on():
    words = (
        "import os\n"
        "from visus.models.backend import _without_announcements\n"
        "with _without_announcements():\n"
        "    os.write(2, b'oneDNN custom operations are on.\\nthe disk\\n')\n"
        "os.write(2, b'after')"
    )
    assert start(words).stderr == "the disk\nafter"


def test_a_process_without_standard_error_can_start_it():
    words = f"import os; os.close(2); {START}; print('started')"
    told = subprocess.run(
        [sys.executable, "-c", words], stdout=subprocess.PIPE, text=True, check=True
    )
    assert told.stdout == "started\n"
