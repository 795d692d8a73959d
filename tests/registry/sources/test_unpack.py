"""Archives: the good ones unpack, the hostile ones leave nothing and say why."""

from __future__ import annotations

import stat
import tarfile
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest

from hub.errors import InvalidModuleError
from hub.registry.sources.unpack import Limits, module_root, unpack
from tests.registry.archives import header_bomb, tar, tar_member, zip_member, zipped

pytestmark = pytest.mark.unit

GOOD = ("module.py", b"x = 1\n")
SMALL = Limits(total_bytes=10_000, ratio=100, free_bytes=10_000, files=20)

HOSTILE: dict[str, tuple[Callable[[Path], Path], str]] = {
    "tar traversal": (lambda p: tar(p / "a.tar.gz", GOOD, ("../evil", b"x")), "leads out"),
    "tar traversal inside": (lambda p: tar(p / "a.tar", GOOD, ("a/../../evil", b"x")), "leads out"),
    "tar absolute": (lambda p: tar(p / "a.tar", GOOD, ("/evil", b"x")), "absolute"),
    "tar symlink": (
        lambda p: tar(p / "a.tgz", GOOD, tar_member("passwd", tarfile.SYMTYPE, "/etc/passwd")),
        "a link to '/etc/passwd'",
    ),
    "tar symlink folder": (
        lambda p: tar(p / "a.tar", tar_member("d", tarfile.SYMTYPE, ".."), ("d/evil", b"x")),
        "a link to",
    ),
    "tar hard link": (
        lambda p: tar(p / "a.tar", GOOD, tar_member("shadow", tarfile.LNKTYPE, "/etc/shadow")),
        "a link to",
    ),
    "tar device": (lambda p: tar(p / "a.tar", GOOD, tar_member("null", tarfile.CHRTYPE)), "device"),
    "tar pipe": (lambda p: tar(p / "a.tar", GOOD, tar_member("pipe", tarfile.FIFOTYPE)), "device, pipe"),
    "tar bomb": (lambda p: tar(p / "a.tar.gz", GOOD, ("big", bytes(1_000_000))), "unpacks to more than"),
    "tar many": (lambda p: tar(p / "a.tar", *((f"f{n}", b"") for n in range(30))), "more than 20 members"),
    "tar header bomb": (lambda p: header_bomb(p / "a.tar.gz"), "header that claims"),
    "tar damaged": (
        lambda p: _cut(tar(p / "a.tar.gz", GOOD, ("data", bytes(range(256)) * 30))),
        "damaged, incomplete",
    ),
    "zip traversal": (lambda p: zipped(p / "a.zip", GOOD, ("../evil", b"x")), "leads out"),
    "zip backslash": (lambda p: zipped(p / "a.zip", GOOD, ("a\\..\\..\\evil", b"x")), "leads out"),
    "zip absolute": (lambda p: zipped(p / "a.zip", GOOD, ("/evil", b"x")), "absolute"),
    "zip drive": (lambda p: zipped(p / "a.zip", GOOD, ("C:/evil", b"x")), "absolute"),
    "zip symlink": (
        lambda p: zipped(p / "a.zip", GOOD, zip_member("passwd", stat.S_IFLNK | 0o777)),
        "symbolic link",
    ),
    "zip device": (lambda p: zipped(p / "a.zip", GOOD, zip_member("null", stat.S_IFCHR | 0o666)), "device"),
    "zip bomb": (lambda p: zipped(p / "a.zip", GOOD, ("big", bytes(1_000_000))), "unpacks to more than"),
    "zip many": (lambda p: zipped(p / "a.zip", *((f"f{n}", b"") for n in range(30))), "more than 20"),
    "file and folder": (lambda p: tar(p / "a.tar", ("a", b"x"), ("a/b", b"x")), "a file and a folder"),
    "no archive": (lambda p: _plain(p / "a.tar.gz"), "damaged, incomplete or not an archive"),
}


def _cut(path: Path) -> Path:
    path.write_bytes(path.read_bytes()[:-40])
    return path


def _plain(path: Path) -> Path:
    path.write_bytes(b"no archive at all" * 100)
    return path


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_archive_is_refused_and_writes_nothing_outside(name: str, tmp_path: Path) -> None:
    make, reason = HOSTILE[name]
    (tmp_path / "in").mkdir()
    archive, target = make(tmp_path / "in"), tmp_path / "out" / "here"
    target.mkdir(parents=True)
    with pytest.raises(InvalidModuleError) as failure:
        unpack(archive, target, shown_as="a.archive", limits=SMALL)
    assert reason in str(failure.value)
    assert "a.archive" in str(failure.value)
    assert [path.name for path in target.parent.iterdir()] == ["here"]
    assert not any(path.is_symlink() for path in target.rglob("*"))
    assert sum(path.stat().st_size for path in target.rglob("*") if path.is_file()) <= SMALL.total_bytes


def test_a_header_bomb_takes_no_memory(tmp_path: Path) -> None:
    archive = header_bomb(tmp_path / "a.tar.gz")
    tracemalloc.start()
    with pytest.raises(InvalidModuleError):
        unpack(archive, tmp_path, shown_as="a")
    assert tracemalloc.get_traced_memory()[1] < 20_000_000
    tracemalloc.stop()


@pytest.mark.parametrize("kind", ["a.tar", "a.tar.gz", "a.tgz", "a.zip"])
def test_flat_and_with_a_folder_around_it(kind: str, tmp_path: Path) -> None:
    make = zipped if kind.endswith("zip") else tar
    for inside, root in ((GOOD[0], "."), (f"top/{GOOD[0]}", "top")):
        target = tmp_path / root.replace(".", "flat")
        target.mkdir()
        unpack(make(tmp_path / kind, (inside, GOOD[1]), (inside + ".d/data", b"1")), target, shown_as="a")
        assert module_root(target, shown_as="a") == target / root
        assert (target / root / "module.py").read_bytes() == GOOD[1]


def test_programs_stay_executable(tmp_path: Path) -> None:
    program = tarfile.TarInfo("run.sh")
    program.mode = 0o755
    (tmp_path / "out").mkdir()
    unpack(tar(tmp_path / "a.tar", GOOD, program), tmp_path / "out", shown_as="a")
    assert (tmp_path / "out" / "run.sh").stat().st_mode & 0o777 == 0o755


def test_text_that_packs_well_is_no_bomb(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    unpack(zipped(tmp_path / "a.zip", ("big.txt", bytes(5_000_000))), tmp_path / "out", shown_as="a")
    assert (tmp_path / "out" / "big.txt").stat().st_size == 5_000_000


def test_an_archive_without_a_module_says_what_it_has(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    with pytest.raises(InvalidModuleError, match=r"no module\.py.*On top it has: one, two"):
        module_root(tmp_path, shown_as="a.zip")


def test_entries_for_the_top_folder_count_too(tmp_path: Path) -> None:
    top = tarfile.TarInfo("./")
    top.type = tarfile.DIRTYPE
    archive = tar(tmp_path / "many.tar", *[top] * 20)
    target = tmp_path / "target"
    target.mkdir()

    with pytest.raises(InvalidModuleError, match="more than 10 members"):
        unpack(archive, target, shown_as="many.tar", limits=Limits(files=10))
