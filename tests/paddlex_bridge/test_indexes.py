"""Indexes that several runners share: their names, their files, and who changes them when."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

from hub.errors import ConfigError
from tests.paddlex_bridge.parts import indexes

pytestmark = pytest.mark.unit

KEY = "2f6c0f1e-8d1f-4b8e-9a40-0f6a3f6f7b11"


class Folder:
    """A storage as PaddleX's is: a file per key."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def get(self, key: str) -> bytes:
        return (self.folder / key).read_bytes()

    def set(self, key: str, value: bytes) -> None:
        (self.folder / key).write_bytes(value)

    def delete(self, key: str) -> None:
        (self.folder / key).unlink()


def in_folder(folder: Path) -> Any:
    return indexes.shared(Folder(folder), {"type": "file_system", "directory": str(folder)})


def test_an_index_is_written_whole_and_read_back(tmp_path: Path) -> None:
    shared = in_folder(tmp_path / "indexes")
    shared.set(KEY, b"one")
    before = (tmp_path / "indexes" / KEY).stat().st_ino

    shared.set(KEY, b"two")

    assert shared.get(KEY) == b"two"
    assert (tmp_path / "indexes" / KEY).stat().st_ino != before  # replaced, not written over
    assert [path.name for path in (tmp_path / "indexes").iterdir()] == [KEY]
    shared.delete(KEY)
    with pytest.raises(FileNotFoundError):
        shared.get(KEY)


@pytest.mark.parametrize("key", ["../secret", "/etc/hostname", ".lock-1", "", "a/b", "a\n"])
def test_a_key_cannot_leave_the_folder(tmp_path: Path, key: str) -> None:
    shared = in_folder(tmp_path)
    for act in (shared.get, shared.delete, lambda key: shared.set(key, b"")):
        with pytest.raises(ValueError, match="cannot be the key"):
            act(key)


def test_of_two_changes_of_an_index_one_waits(tmp_path: Path) -> None:
    one, other = in_folder(tmp_path), in_folder(tmp_path)
    inside, order = threading.Event(), []

    def change() -> None:
        with other.changing("shitu-index-remove", {"indexKey": KEY}):
            order.append("second")

    with one.changing("shitu-index-add", {"indexKey": KEY}):
        waiting = threading.Thread(target=change)
        waiting.start()
        with other.changing("shitu-infer", {"indexKey": KEY}):  # reading waits for nobody
            inside.set()
        waiting.join(0.3)
        order.append("first")
    waiting.join(10)

    assert inside.is_set()
    assert order == ["first", "second"]


def test_locks_of_many_indexes_are_few_files(tmp_path: Path) -> None:
    shared = in_folder(tmp_path)
    for number in range(100):
        with shared.changing("shitu-index-add", {"indexKey": f"index{number}"}):
            pass

    assert len(list(tmp_path.iterdir())) <= indexes.LOCKS


def test_a_request_without_a_usable_key_is_left_to_paddlex(tmp_path: Path) -> None:
    shared = in_folder(tmp_path)
    for body in ({}, {"indexKey": 1}, {"indexKey": "../x"}):
        with shared.changing("shitu-index-add", body):
            pass

    assert not list(tmp_path.iterdir())


def test_an_object_store_keeps_its_own_way_of_writing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    store = tmp_path / "store"
    store.mkdir()
    shared = indexes.shared(Folder(store), {"type": "bos", "endpoint": "…"})

    shared.set(KEY, b"three")

    assert (store / KEY).read_bytes() == b"three"


def test_indexes_in_memory_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="file_system"):
        indexes.shared(Folder(tmp_path), {"type": "memory"})
