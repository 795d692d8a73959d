"""Locks on files, also of a home that other machines share by NFS."""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from hub.registry.clear import clear
from hub.registry.local import LocalRegistry
from hub.registry.store.locks import flocked, share
from hub.registry.store.workspace import workspace

pytestmark = pytest.mark.unit


@pytest.fixture
def nfs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have ``flock`` refuse what NFS refuses, which keeps it as a lock of a range of bytes (nfs(5))."""
    flock = fcntl.flock

    def strict(descriptor: int, operation: int) -> None:
        is_writable = fcntl.fcntl(descriptor, fcntl.F_GETFL) & os.O_ACCMODE == os.O_RDWR
        if operation & fcntl.LOCK_EX and not is_writable:
            raise OSError(errno.EBADF, os.strerror(errno.EBADF))
        flock(descriptor, operation)

    monkeypatch.setattr(fcntl, "flock", strict)


def test_a_lock_alone_excludes_all_others_and_a_shared_one_only_that(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.touch()
    with flocked(path), pytest.raises(BlockingIOError), flocked(path):
        pass
    descriptors = [share(path), share(path)]
    with pytest.raises(BlockingIOError), flocked(path):
        pass
    for descriptor in descriptors:
        os.close(descriptor)
    with flocked(path):
        pass


def test_a_module_is_installed_replaced_and_cleared_on_nfs(
    nfs: None, registry: LocalRegistry, make_module: Callable[..., Path]
) -> None:
    registry.install(make_module(answer="old"))
    _, descriptor = registry.acquire("sample")
    registry.install(make_module(answer="new"))
    contents = registry.layout.content / "sample"
    while_held = len(list(contents.iterdir()))
    os.close(descriptor)
    clear(registry)

    assert (while_held, len(list(contents.iterdir()))) == (2, 1)


def test_a_folder_to_work_in_can_be_had_on_nfs(nfs: None, registry: LocalRegistry) -> None:
    with workspace(registry.layout) as new_folder:
        folder = new_folder("work")
        assert folder.is_dir()

    assert list(registry.layout.tmp.iterdir()) == []
