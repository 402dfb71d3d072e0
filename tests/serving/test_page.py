"""The page at / in a browser: pictures chosen, answers shown, nothing from outside."""

import os

import numpy as np
import pytest

from browser import browsing
from served import drawn_pixels, write_bundle
from serving.conftest import running
from visus.data.encode import encode_png
from visus.serving.keys import ApiKeys
from visus.serving.sources import NamedFiles

KEY = "a-key-of-sixteen-characters"
HOSTILE = "<img src=x onerror=alert(1)>"


@pytest.fixture
def files(tmp_path):
    write_bundle(tmp_path / "a.visus", names=["cat", "dog", HOSTILE], seed=5)
    tags = {"name": "multi-label", "thresholds": [0.4, 0.5, 0.5]}
    write_bundle(tmp_path / "b.visus", task=tags)
    for number, pixels in enumerate(drawn_pixels(3, (80, 120, 3))):
        (tmp_path / f"picture-{number}.png").write_bytes(encode_png(pixels))
    (tmp_path / "notes.png").write_bytes(b"no picture")
    return tmp_path


@pytest.mark.slow
def test_pictures_are_answered_on_the_page(files):
    source = NamedFiles([("animals", files / "a.visus"), ("tags", files / "b.visus")])
    with running(source) as server, browsing(files / "profile") as page:
        page.open(server.address)
        page.until("document.querySelectorAll('#model option').length === 2")
        pictures = [files / f"picture-{n}.png" for n in range(3)]
        page.choose("#files", *pictures, files / "notes.png")
        page.until("document.querySelectorAll('.answer').length === 4")
        page.until("document.querySelectorAll('.answer.bad').length === 1")
        rows = "document.querySelectorAll('.answer:not(.bad) tr').length"
        page.until(f"{rows} === 9")
        bad = page.value("document.querySelector('.bad .label').textContent")
        assert "cannot be read" in bad
        labels = page.value(
            "[...document.querySelectorAll('.answer:not(.bad) .label')]"
            ".map(e => e.textContent).join('|')"
        )
        assert set(labels.split("|")) <= {"cat", "dog", HOSTILE}
        assert page.value("document.querySelectorAll('table img').length") == 0
        page.value("document.getElementById('model').value = 'tags'")
        page.choose("#files", pictures[0])
        page.until("document.querySelectorAll('.answer').length === 5")
        page.until("document.querySelector('.answer .label').textContent !== '…'")
        if where := os.environ.get("VISUS_TEST_PICTURES"):
            page.picture(files.joinpath(where, "serve-page.png"), height=1000)
            page.picture(files.joinpath(where, "serve-page-narrow.png"), 380, 900)
        own = (server.address, "blob:", "data:")
        assert all(address.startswith(own) for address in page.addresses())
        # The refusal of notes.png is the one thing the console has to say.
        complaints = [c for c in page.complaints() if "400" not in c]
        assert not complaints


@pytest.mark.slow
def test_the_page_says_unsure_and_unknown(files):
    write_bundle(files / "sure.visus", names=["cat", "dog", "unknown"], calibrated=True)
    for number, pixels in enumerate(drawn_pixels(10, seed=3)):
        (files / f"{number}.png").write_bytes(encode_png(pixels))
    white = np.full((8, 8, 1), 255, np.uint8)
    (files / "white.png").write_bytes(encode_png(white))
    source = NamedFiles([("animals", files / "sure.visus")])
    with running(source) as server, browsing(files / "profile") as page:
        page.open(server.address)
        page.until("document.querySelectorAll('#model option').length === 1")
        pictures = [*(files / f"{n}.png" for n in range(10)), files / "white.png"]
        page.choose("#files", *pictures)
        page.until("document.querySelectorAll('.answer tr').length === 33")
        told = server.post("/predict", pictures[-1].read_bytes()).json
        assert told["predictions"][0]["kind"] == "unknown"
        label = page.value("document.querySelector('.unknown .label').textContent")
        note = page.value("document.querySelector('.unknown .note').textContent")
        assert label == "unknown" and "unlike the pictures" in note
        label = page.value("document.querySelector('.unsure .label').textContent")
        assert label.startswith("unsure: ") and " or " in label
        page.value("document.querySelector('.unsure .why').click()")
        page.until("document.querySelector('.unsure .panel').naturalWidth > 700")
        assert page.value("document.querySelector('.unsure .why').hidden")
        plain = "document.querySelectorAll('.answer:not(.unsure):not(.unknown)').length"
        assert 0 < page.value(plain) < 10
        if where := os.environ.get("VISUS_TEST_PICTURES"):
            page.picture(files.joinpath(where, "serve-unsure.png"), height=1900)
        assert not page.complaints()


@pytest.mark.slow
def test_a_key_is_asked_for_where_it_is_needed(files):
    source = NamedFiles([("animals", files / "a.visus")])
    with running(source, keys=ApiKeys([KEY])) as server:
        with browsing(files / "profile") as page:
            page.open(server.address)
            page.until("!document.getElementById('key-row').hidden")
            page.value(
                f"const k = document.getElementById('key'); k.value = {KEY!r};"
                "k.dispatchEvent(new Event('change'))"
            )
            page.until("document.querySelectorAll('#model option').length === 1")
            page.choose("#files", files / "picture-0.png")
            page.until("document.querySelectorAll('.answer tr').length === 3")
