"""The service that runs jobs, with a fake reader of bodies."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from hub.serving.config import server_config
from hub.serving.jobs import service as service_module
from hub.serving.jobs.folder import JobsFolder
from hub.serving.jobs.inputs import BodyError, Inputs, NotYet
from hub.serving.jobs.job_table import Job
from hub.serving.jobs.reader_process import ReaderProcess
from hub.serving.jobs.service import Service
from hub.serving.jobs.store import Store
from hub.serving.messages.job_inputs import PageInput, Plan
from hub.serving.messages.jobs_dir import JobsDir
from hub.serving.messages.run_dir import RunDir
from hub.serving.messages.state import READY, ModuleState, ServerState
from tests.serving.jobs.stores import add
from tests.serving.running import wait_until

pytestmark = pytest.mark.unit


class Readers:
    """Takes bodies apart as a test says."""

    def __init__(self, take: Callable[[Job], Any]) -> None:
        self.take = take

    def end_if_idle(self) -> None:
        pass


class Served:
    """One module, ready."""

    def current(self) -> ServerState:
        return ServerState({"echo": ModuleState("echo", "1", READY)}, settled=True)


def ran(folder: Path, take: Callable[[Service, Job], Any], until: Callable[[Service, str], Any]) -> None:
    """Run a job until a condition holds."""
    jobs = JobsFolder(JobsDir(folder / "8866"), 1e9)
    store = Store(jobs.paths.database, max_jobs=9)
    job = add(store)
    jobs.paths.of(job.id).mkdir()
    config = server_config.build({"modules_info": {"echo": {}}}, source="test")
    fake: Any = Readers(lambda taken: take(made, taken))
    states: Any = Served()
    sender: Any = None
    made = Service(config, store, jobs, states, sender, fake)
    thread = threading.Thread(target=made.run)
    thread.start()
    try:
        wait_until(lambda: until(made, job.id), 10)
    finally:
        made.stop()
        thread.join(10)
        store.close()


@pytest.mark.parametrize("error", [None, BodyError("no"), NotYet()], ids=["taken", "refused", "not yet"])
def test_files_of_a_job_that_is_cancelled_while_it_is_taken_apart_go(
    tmp_path: Path, error: Exception | None
) -> None:
    def take(service: Service, job: Job) -> Any:
        service.store.jobs.cancel(job.id)
        service.ended(job.id)
        file = service.folder.paths.of(job.id) / "0"
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(b"written after the removal")
        if error is not None:
            raise error
        return Plan("images", in_files=True), [PageInput(0, None, "0")]

    ran(tmp_path, take, lambda service, _: not list(service.folder.paths.files.iterdir()))


@pytest.mark.parametrize("error", [OSError("no process"), ValueError("a mistake")], ids=lambda e: str(e))
def test_a_body_that_cannot_be_taken_apart_now_is_tried_again_after_a_pause(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    tries: list[str] = []
    pauses: list[float] = []
    clock = SimpleNamespace(sleep=pauses.append, monotonic=time.monotonic)
    monkeypatch.setattr(service_module, "time", clock)

    def take(service: Service, job: Job) -> Any:
        tries.append(job.id)
        raise error if len(tries) < 3 else BodyError("over")

    ran(tmp_path, take, lambda service, id: service.store.jobs.show(id, None).state == "failed")
    assert pauses[:3] == [1.0, 1.0, 0.0]


def test_a_reader_that_cannot_be_started_is_no_mistake_and_said_in_the_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def ask(*_: object) -> None:
        raise BlockingIOError(11, "Resource temporarily unavailable")

    monkeypatch.setattr(ReaderProcess, "ask", ask)
    jobs = JobsFolder(JobsDir(tmp_path / "8866"), 1e9)
    store = Store(jobs.paths.database, max_jobs=9)
    (job,) = store.jobs.open_jobs_of(add(store).id)
    with pytest.raises(NotYet):
        Inputs(RunDir(tmp_path), jobs).take(job)
    assert "Resource temporarily unavailable" in caplog.text
