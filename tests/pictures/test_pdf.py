"""PDFs that would take their reader's memory, time or process along."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.checkpoint import wanted_while
from hub.errors import AbandonedError, InvalidInputError
from hub.ocr.documents import open_document
from hub.pictures import pdf
from tests.ocr.pdfs import SLOW_LINE, nested_forms, one_page
from tests.serving.pictures import encode, plain

pytest.importorskip("pypdfium2")
pytestmark = pytest.mark.unit

LIMIT = 10_000_000


@pytest.fixture(autouse=True)
def processes() -> Iterator[list[pdf.Renderer]]:
    """The processes that are kept; none of another test's before, none after."""
    _end_kept()
    yield pdf._idle
    _end_kept()


def _end_kept() -> None:
    while pdf._idle:
        pdf._idle.pop().end()


def test_a_small_file_that_would_take_gigabytes_is_refused_and_the_next_is_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HUB_PDF_MEMORY_MB", "128")
    with (
        open_document(nested_forms(), "pdf", LIMIT) as document,
        pytest.raises(InvalidInputError, match=r"128 MB of memory \(pdf_memory_mb\)"),
    ):
        document.page(0)
    with open_document(nested_forms(levels=2), "pdf", LIMIT) as document:
        assert document.page(0).shape == (1684, 1190, 3)


def test_a_page_that_keeps_a_core_busy_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf, "PAGE_SECONDS", 1)
    with (
        open_document(one_page(SLOW_LINE * 20_000), "pdf", LIMIT) as document,
        pytest.raises(InvalidInputError, match="more than 1 s"),
    ):
        document.page(0)


def test_a_page_stops_when_nobody_waits_for_it(processes: list[pdf.Renderer]) -> None:
    deadline = time.monotonic() + 0.5
    with (
        wanted_while(lambda: time.monotonic() < deadline),
        open_document(one_page(SLOW_LINE * 100_000), "pdf", LIMIT) as document,
        pytest.raises(AbandonedError),
    ):
        document.page(0)

    assert processes == []


def test_one_process_reads_one_file_after_the_other(processes: list[pdf.Renderer]) -> None:
    found = []
    for colour in (0, 255):
        data = encode(plain(60, 40, colour=(colour, 0, 0)), "PDF")
        with open_document(data, "pdf", LIMIT) as document:
            document.page(0)
        found.append(processes[0])

    assert found[0] is found[1]


def test_a_file_of_a_broken_one_before_it_changes_nothing(processes: list[pdf.Renderer]) -> None:
    with (
        pytest.raises(InvalidInputError, match="damaged or cut off"),
        open_document(b"%PDF-1.7", "pdf", LIMIT),
    ):
        pass
    with pytest.raises(KeyError), open_document(nested_forms(levels=1), "pdf", LIMIT) as document:
        document.page(0)
        raise KeyError

    assert [renderer.is_alive for renderer in processes] == [True]


def test_a_process_that_is_killed_while_it_is_kept_fails_one_file_at_most(
    processes: list[pdf.Renderer],
) -> None:
    data = nested_forms(levels=1)
    with open_document(data, "pdf", LIMIT):
        pass
    os.kill(processes[0]._process.pid, signal.SIGKILL)
    processes[0]._process.wait()
    for _ in range(2):
        with open_document(data, "pdf", LIMIT) as document:
            assert document.page(0).shape == (1684, 1190, 3)


def test_files_are_read_side_by_side() -> None:
    data = nested_forms(levels=1)
    inside = threading.Barrier(3, timeout=30)

    def read() -> None:
        with open_document(data, "pdf", LIMIT) as document:
            inside.wait()
            document.page(0)

    threads = [threading.Thread(target=read) for _ in range(2)]
    for thread in threads:
        thread.start()
    inside.wait()
    for thread in threads:
        thread.join()

    assert len(pdf._idle) == 2


def test_a_process_ends_with_the_one_that_started_it(processes: list[pdf.Renderer]) -> None:
    with open_document(nested_forms(levels=1), "pdf", LIMIT):
        pass
    process = processes.pop()
    process._connection.close()

    assert process._process.wait(10) == 0
    assert not Path(f"/proc/{process._process.pid}").exists()
