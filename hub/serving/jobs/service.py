"""Runs jobs: takes their bodies apart, sends their pages when there is a place, keeps what comes back."""

from __future__ import annotations

import logging
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Final

from hub.serving.config.server_config import ServingConfig
from hub.serving.jobs import assembly, schema
from hub.serving.jobs.database import until_kept
from hub.serving.jobs.folder import JobsFolder
from hub.serving.jobs.inputs import BodyError, Inputs, NotYet
from hub.serving.jobs.job_table import Job
from hub.serving.jobs.page_table import MAX_STARTS, Page, ended_too_often
from hub.serving.jobs.schedule import Places, Turns
from hub.serving.jobs.sender import Answer, Lost, PageFailed, Refused, Sender, Sending
from hub.serving.jobs.store import Store
from hub.serving.messages.jobs import FAILED
from hub.serving.messages.state import StateReader

log = logging.getLogger("hub.jobs")

#: How often it looks without being told to.
_TICK_SECONDS: Final = 0.5
#: How often it looks for jobs whose time is over.
_SWEEP_SECONDS: Final = 20.0
#: A body that cannot be taken apart now is tried again after so long.
_AGAIN_SECONDS: Final = 1.0
#: A page is rendered while the one before it is computed.
_AHEAD: Final = 1
_MAX_THREADS: Final = 256


class Service:
    """The jobs of one server. ``run`` ends after ``stop``."""

    def __init__(
        self,
        config: ServingConfig,
        store: Store,
        folder: JobsFolder,
        states: StateReader,
        sender: Sender,
        inputs: Inputs,
    ) -> None:
        self.store, self.folder = store, folder
        self.changed = threading.Condition()
        self.problem = ""
        self._config, self._states, self._sender, self._inputs = config, states, sender, inputs
        self._is_stopping = False
        self._pool = ThreadPoolExecutor(_MAX_THREADS, thread_name_prefix="page")
        self._turns = Turns()
        # All that follows is guarded by ``changed``.
        self._jobs = {job.number: job for job in store.jobs.open_jobs()}
        self._resting: set[int] = set()  # jobs without a page that waits
        self._taking: set[int] = set()
        self._begun: Counter[str] = Counter()  # pages by module that are prepared or sent
        self._sent: Counter[str] = Counter()  # those that are sent
        self._sendings: dict[int, set[Sending]] = {number: set() for number in self._jobs}
        self._places = Places(states, config.job_pages)

    # -- what others ask for --------------------------------------------------------------------------

    def added(self, id: str) -> None:
        """Begin with the job of an id, which is in the database."""
        for job in self.store.jobs.open_jobs_of(id):
            with self.changed:
                self._jobs[job.number] = job
                self._sendings[job.number] = set()
                self.changed.notify_all()

    def ended(self, id: str) -> None:
        """Let go of a job that was brought to its end."""
        with self.changed:
            for number in [number for number, job in self._jobs.items() if job.id == id]:
                self._forget(number)
        self.folder.remove(id)

    def stop(self) -> None:
        with self.changed:
            self._is_stopping = True
            self.changed.notify_all()

    # -- the loop -------------------------------------------------------------------------------------

    def run(self) -> None:
        """Work until told to stop, and until the pages that are on their way are back."""
        swept = float("-inf")
        with self.changed:
            while not self._is_stopping and not self.problem:
                now = time.monotonic()
                if now - swept > _SWEEP_SECONDS:
                    swept = now
                    self._pool.submit(self._guarded, self._sweep)
                self._guarded(partial(self._dispatch, now))
                self.changed.wait(_TICK_SECONDS)
        self._pool.shutdown(wait=not self.problem, cancel_futures=True)

    def _guarded(self, step: Callable[[], None]) -> None:
        """Take a step; what the disk refuses is tried again, and a damaged database ends the service."""
        try:
            step()
        except sqlite3.DatabaseError as error:
            self._failed(error)
        except Exception:
            log.exception("a mistake of the jobs service; it goes on")

    def _failed(self, error: sqlite3.DatabaseError) -> None:
        if schema.is_damage(error):
            with self.changed:
                self.problem = str(schema.explained(error, self.folder.paths.database))
                self.changed.notify_all()
            return
        log.error("the database of jobs cannot be written: %s; it is tried again", error)

    def _kept(self, write: Callable[[], object]) -> None:
        until_kept(write, lambda: self._is_stopping)

    def _sweep(self) -> None:
        for id in self.store.jobs.expired(self._config.job_ttl):
            self.store.jobs.remove(id)
            self.folder.remove(id)
        self.folder.sweep_incoming()
        if not self._jobs:
            self._inputs.end_if_idle()

    # -- who is next ----------------------------------------------------------------------------------

    def _dispatch(self, now: float) -> None:
        by_module: dict[str, list[Job]] = {}
        for job in self._jobs.values():
            by_module.setdefault(job.submission.module, []).append(job)
        for module, jobs in by_module.items():
            if self._places.is_gone(module, now):
                for job in jobs:
                    self._fail(job, f"module {module} is not served any more")
            while self._begun[module] < self._places.open(module, now, _AHEAD):
                chosen = self._turns.next(jobs, self._is_waiting)
                if chosen is None or self._may_not_be_ahead(chosen, module):
                    break
                self._begin(chosen, module)

    def _is_waiting(self, job: Job) -> bool:
        return job.number not in self._resting and job.number not in self._taking

    def _may_not_be_ahead(self, job: Job, module: str) -> bool:
        """Tell whether a page would only be prepared, which after a kill nobody could tell from sent."""
        is_once = job.plan is not None and job.plan.once
        return is_once and self._begun[module] >= self._places.capacity(module)

    def _begin(self, job: Job, module: str) -> None:
        if job.plan is None:
            self._taking.add(job.number)
            self._pool.submit(self._guarded, partial(self._take_apart, job))
            return
        page = self.store.pages.take(job.number, once=job.plan.once)
        if page is None:
            self._resting.add(job.number)
            return
        self._turns.served(job)
        self._begun[module] += 1
        self._pool.submit(self._guarded, partial(self._work, job, page))

    def _take_apart(self, job: Job) -> None:
        """Find out what the pages of a job are."""
        pause = _AGAIN_SECONDS
        try:
            plan, pages = self._inputs.take(job)
            self._kept(lambda: self.store.pages.plan(job.number, plan, pages))
            if plan.argument:
                self.folder.upload(job.id).unlink(missing_ok=True)  # its parts are kept
            with self.changed:
                if job.number in self._jobs:
                    self._jobs[job.number] = Job(job.number, job.id, job.submission, plan)
            pause = 0.0
        except NotYet:
            pass
        except BodyError as error:
            self._fail(job, str(error))
            pause = 0.0
        finally:
            time.sleep(pause)
            with self.changed:
                self._taking.discard(job.number)
                self.changed.notify_all()
        if self.store.jobs.has_ended(job.number):  # meanwhile; files may have come after they were removed
            self.folder.remove(job.id)

    # -- a page ---------------------------------------------------------------------------------------

    def _work(self, job: Job, page: Page) -> None:
        module, sending = job.submission.module, Sending()
        with self.changed:
            self._sendings.get(job.number, set()).add(sending)
        try:
            self._settle(job, page, sending)
        finally:
            with self.changed:
                self._begun[module] -= 1
                self._sendings.get(job.number, set()).discard(sending)
                self.changed.notify_all()

    def _settle(self, job: Job, page: Page, sending: Sending) -> None:
        """Have a page computed, and note what became of it."""
        pages, module = self.store.pages, job.submission.module
        try:
            answer = self._computed(job, page, sending)
            assert job.plan is not None
            results = assembly.page_result(job.plan, answer.results)
        except Refused as refused:
            self._places.pause(module, refused.seconds)
            self._kept(lambda: pages.returned(page))
        except Lost:
            self._lost(job, page)
        except PageFailed as error:
            if error.of_job:
                self._fail(job, str(error))
            else:
                self._page_failed(page, str(error), is_final=error.is_final)
        except assembly.NotPerItemError as error:
            self._page_failed(page, str(error), is_final=True)
        except Exception as error:  # no process can be started, say
            log.exception("a page of job %s", job.id)
            self._places.pause(module, 1.0)
            self._page_failed(page, f"internal error: {error}", is_final=False)
        else:
            self._kept(lambda: pages.finished(page, results, answer.remarks))
        with self.changed:
            self._resting.discard(job.number)
        if self.store.jobs.has_ended(job.number):
            self.ended(job.id)

    def _lost(self, job: Job, page: Page) -> None:
        """Send a page again that may have been computed, unless that must not be, or ends the server."""
        if job.plan is not None and job.plan.once:
            self._page_failed(page, "its runner was lost; it may have taken effect", is_final=True)
        elif page.starts >= MAX_STARTS:
            self._page_failed(page, ended_too_often(page.starts), is_final=True)
        else:
            self._places.pause(job.submission.module, 0.2)
            self._kept(lambda: self.store.pages.returned(page, has_started=True))

    def _page_failed(self, page: Page, error: str, *, is_final: bool) -> None:
        self._kept(lambda: self.store.pages.failed(page, error, is_final=is_final))

    def _computed(self, job: Job, page: Page, sending: Sending) -> Answer:
        content = self._inputs.content(job, page)
        if isinstance(content, Answer):
            return content
        module = job.submission.module
        with self.changed:
            while self._sent[module] >= self._places.capacity(module):
                if self._is_stopping or sending.is_aborted:
                    raise Refused
                self.changed.wait(_TICK_SECONDS)
            if self._is_stopping:
                raise Refused
            self._sent[module] += 1
        try:
            limits = self._states.current().modules[module].limits
            longest = max(limits.timeout, limits.hang_timeout)  # which a stream has
            return self._sender.send(job, page, content, sending, longest)
        except KeyError:
            raise Refused from None
        finally:
            with self.changed:
                self._sent[module] -= 1
                self.changed.notify_all()

    # -- the end of a job -----------------------------------------------------------------------------

    def _fail(self, job: Job, error: str) -> None:
        self._kept(lambda: self.store.jobs.end(job.number, FAILED, error))
        self.ended(job.id)

    def _forget(self, number: int) -> None:
        self._jobs.pop(number, None)
        self._resting.discard(number)
        for sending in self._sendings.pop(number, set()):
            sending.abort()
        self.changed.notify_all()
