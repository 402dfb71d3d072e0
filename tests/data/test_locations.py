import bz2
import gzip
import io
import lzma
import os
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest

from pictures import striped, write_stripes
from visus.core.errors import DataError
from visus.data import spool
from visus.data.decode import DecodeFailure
from visus.data.encode import encode_png
from visus.data.locations import ArchiveMember, read_location, stamp
from visus.data.preprocess import PreprocessSpec
from visus.data.scan import scan_pictures
from visus.data.sources import read_source

PNG = encode_png(striped(True, 0)[..., None])


def tar_of(path: Path, members: list[tuple[tarfile.TarInfo, bytes]]) -> Path:
    with tarfile.open(path, "w") as tar:
        for info, content in members:
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return path


def entry(name: str, kind: bytes = tarfile.REGTYPE, link: str = ""):
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, link
    return info


def packed(folder: Path, kind: str) -> Path:
    """The stripes folder in an archive, below a folder that only wraps it."""
    path = folder.parent / f"packed.{kind}"
    if kind == "zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for file in sorted(folder.rglob("*.png")):
                archive.write(file, f"wrap/{file.relative_to(folder)}")
    else:
        mode = {"tar": "w", "tar.gz": "w:gz", "tar.xz": "w:xz", "tar.bz2": "w:bz2"}
        with tarfile.open(path, mode[kind]) as archive:
            archive.add(folder, "./wrap")
    return path


@pytest.mark.parametrize("kind", ["zip", "tar", "tar.gz", "tar.xz", "tar.bz2"])
def test_an_archive_is_read_as_the_folder_in_it(stripes_folder, kind):
    archive = packed(stripes_folder, kind)
    before = {*archive.parent.rglob("*")}
    plain, _ = read_source(stripes_folder)
    dataset, ledger = read_source(archive)
    assert [(r.id, r.target) for r in dataset.records] == [
        (r.id, r.target) for r in plain.records
    ]
    assert ledger.found == len(dataset) == 60
    for one, other in zip(dataset.records, plain.records, strict=True):
        assert read_location(one.location) == other.location.read_bytes()
    assert {*archive.parent.rglob("*")} == before


def test_a_scan_of_an_archive_gives_the_folders_pixels(stripes_folder):
    spec = PreprocessSpec(image_size=(16, 16), channels=1)
    archive = packed(stripes_folder, "tar.xz")
    one = scan_pictures(*read_source(stripes_folder), spec)
    two = scan_pictures(*read_source(archive), spec)
    assert np.array_equal(one.pictures.pixels, two.pictures.pixels)
    assert [r.content_hash for r in one.dataset.records] == [
        r.content_hash for r in two.dataset.records
    ]


def test_an_archive_is_known_by_its_content(stripes_folder, tmp_path):
    for kind in ("zip", "tar", "tar.gz"):
        name = packed(stripes_folder, kind).rename(tmp_path / "download")
        assert len(read_source(name)[0]) == 60


def test_what_was_expanded_is_expanded_again_when_the_cache_was_cleared(
    stripes_folder, own_home
):
    dataset, _ = read_source(packed(stripes_folder, "tar.gz"))
    content = read_location(dataset.records[0].location)
    for file in (own_home / "archives").iterdir():
        file.unlink()
    assert read_location(dataset.records[0].location) == content


def test_the_stamp_follows_the_archive(stripes_folder):
    archive = packed(stripes_folder, "zip")
    record = read_source(archive)[0].records[0]
    before = stamp(record.location)
    os.utime(archive, ns=(1, 1))
    assert stamp(record.location) != before
    assert stamp(None) == "missing"


def test_a_compressed_tar_is_expanded_once(stripes_folder, monkeypatch):
    opened = []
    real = spool._expand
    monkeypatch.setattr(
        spool, "_expand", lambda *given: (opened.append(1), real(*given))
    )
    archive = packed(stripes_folder, "tar.xz")
    for record in read_source(archive)[0].records:
        read_location(record.location)
    read_source(archive)
    assert len(opened) == 1


def test_hostile_members_are_set_aside_and_nothing_is_written(tmp_path):
    path = tar_of(
        tmp_path / "bad.tar",
        [
            (entry("a/1.png"), PNG),
            (entry("b/1.png"), PNG),
            (entry("a/1.png"), b"another"),
            (entry("../escape.png"), PNG),
            (entry("/absolute.png"), PNG),
            (entry("a/link.png", tarfile.SYMTYPE, "/etc/passwd"), b""),
            (entry("a/hard.png", tarfile.LNKTYPE, "b/1.png"), b""),
            (entry("a/pipe", tarfile.FIFOTYPE), b""),
            (entry("a/device", tarfile.CHRTYPE), b""),
        ],
    )
    dataset, ledger = read_source(path)
    assert [record.id for record in dataset.records] == ["a/1.png", "b/1.png"]
    assert read_location(dataset.records[0].location) == PNG
    assert ledger.found == 9
    assert {entry.verdict for entry in ledger.quarantined} == {"unsupported"}
    assert [*tmp_path.rglob("*")] == [path]


def test_hostile_members_of_a_zip(tmp_path):
    path = tmp_path / "bad.zip"
    link = zipfile.ZipInfo("a/link.png")
    link.external_attr = 0o120777 << 16
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a/1.png", PNG)
        archive.writestr("b/1.png", PNG)
        archive.writestr("b/bomb.png", bytes(2**20))
        archive.writestr("../../escape.png", PNG)
        archive.writestr(link, "/etc/passwd")
        archive.writestr("__MACOSX/._1.png", b"x")
        archive.writestr(
            zipfile.ZipInfo("b/lzma.png"), PNG, compress_type=zipfile.ZIP_LZMA
        )
    dataset, ledger = read_source(path)
    assert [r.id for r in dataset.records] == ["a/1.png", "b/1.png", "b/bomb.png"]
    assert len(ledger.quarantined) == 3
    with pytest.raises(DecodeFailure) as caught:
        read_location(dataset.records[2].location, most_bytes=2**16)
    assert caught.value.verdict == "too_large"


def test_a_member_that_grows_past_what_it_declares(tmp_path):
    path = tmp_path / "lie.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a/1.png", bytes(2**20))
        archive.writestr("b/1.png", PNG)
    member = read_source(path)[0].records[0].location
    lie = ArchiveMember(path, "x", member.start, member.length, 100, "deflate")
    with pytest.raises(DecodeFailure) as caught:
        read_location(lie)
    assert caught.value.verdict == "corrupt"


def test_a_damaged_member_and_a_cut_archive(tmp_path, stripes_folder):
    path = packed(stripes_folder, "zip")
    member = read_source(path)[0].records[0].location
    content = bytearray(path.read_bytes())
    content[member.start + 5] ^= 0xFF
    path.write_bytes(content)
    with pytest.raises(DecodeFailure) as caught:
        read_location(member)
    assert caught.value.verdict == "corrupt"
    cut = packed(stripes_folder, "tar")
    last = read_source(cut)[0].records[-1].location
    cut.write_bytes(cut.read_bytes()[: last.start + 3])
    with pytest.raises(DecodeFailure) as caught:
        read_location(last)
    assert caught.value.verdict == "truncated"


@pytest.mark.parametrize("pack", [gzip.compress, lzma.compress, bz2.compress])
def test_a_bomb_is_refused_and_nothing_is_kept(tmp_path, own_home, pack, monkeypatch):
    monkeypatch.setattr(spool, "GROWTH_NEVER_REFUSED", 2**20)
    path = tmp_path / "bomb.tar.gz"
    path.write_bytes(pack(bytes(2**26)))
    with pytest.raises(DataError, match="expands to more than"):
        read_source(path)
    assert not [*(own_home / "archives").iterdir()]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("cut.tar.gz", gzip.compress(os.urandom(5000))[:-2000]),
        ("cut.tar.xz", lzma.compress(os.urandom(5000))[:-2000]),
        ("cut.tar.bz2", bz2.compress(os.urandom(5000))[:-2000]),
        ("noise.tar.bz2", b"BZh9" + bytes(100)),
        ("noise.tar.gz", gzip.compress(b"no tar at all" * 100)),
        ("noise.zip", b"PK\x03\x04" + bytes(100)),
        ("empty.zip", b"PK\x05\x06" + bytes(18)),
    ],
    # Not by their bytes, in which a clock and chance are.
    ids=lambda part: part if isinstance(part, str) else "",
)
def test_archives_that_are_none_are_one_clear_error(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError):
        read_source(tmp_path / name)


def test_bytes_that_may_not_be_read_have_a_verdict(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "large").write_bytes(bytes(100))
    for name, verdict in (
        ("pipe", "unreadable"),
        ("nothing", "unreadable"),
        ("large", "too_large"),
    ):
        with pytest.raises(DecodeFailure) as caught:
            read_location(tmp_path / name, most_bytes=99)
        assert caught.value.verdict == verdict


def test_random_damage_to_an_archive_is_always_ours(tmp_path):
    folder = write_stripes(tmp_path / "few", 6)
    rng = np.random.default_rng(0)
    for kind in ("zip", "tar", "tar.gz"):
        path = packed(folder, kind)
        good = path.read_bytes()
        for _ in range(60):
            content = bytearray(good)
            for place in rng.integers(0, len(good), 8):
                content[place] = rng.integers(0, 256)
            path.write_bytes(content)
            try:
                dataset, _ = read_source(path)
                for record in dataset.records:
                    read_location(record.location)
            except (DataError, DecodeFailure):
                continue
            assert len(dataset) <= 6


@pytest.mark.slow
def test_fifty_thousand_members_of_a_compressed_tar(shared_data):
    dataset, ledger = read_source(shared_data / "cifar10_jpg_train.tar.xz")
    assert ledger.found == len(dataset) == 50_000
    assert set(dataset.counts()["train"].values()) == {5_000}
    assert all(
        read_location(record.location)[:2] == b"\xff\xd8" for record in dataset.records
    )
