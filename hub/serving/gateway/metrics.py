"""The server's metrics, as Prometheus reads them.

HTTP workers count into files of the run dir (prometheus_client's multiprocess mode); what the supervisor
knows of runners comes from state.json. Reading both gives figures that are right across all processes, from
any process: an HTTP worker, the metrics server, or ``hub serving status``.
"""

from __future__ import annotations

import contextlib
import functools
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hub.serving.gateway import counter_file
from hub.serving.messages import state
from hub.serving.messages.run_dir import RunDir
from hub.serving.process import procfs

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry, Gauge
    from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
    from prometheus_client.samples import Sample

    from hub.serving.gateway.delivery import ModuleReply

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
_SIZES = (1, 2, 4, 8, 16, 32, 64)
#: In the name of the file that has the counters of all processes that are gone, instead of an id.
_GONE = "gone"
_OK = 200


def remember_process() -> None:
    """Spare prometheus_client, in an HTTP worker after the fork, its system call for every count, which
    it makes to notice a fork."""
    from prometheus_client import values

    pid = os.getpid()
    values.ValueClass = values.MultiProcessValue(lambda: pid)  # type: ignore[no-untyped-call]


class RequestMetrics:
    """An HTTP worker's counters. ``module`` is a served module's name, so the label's values are bounded."""

    def __init__(self) -> None:
        from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

        counter_file.use()
        registry = CollectorRegistry()
        self.requests = Counter("hub_requests", "Requests answered.", ("module", "code"), registry=registry)
        self.resends = Counter(
            "hub_resends", "Requests sent again after a runner died.", ("module",), registry=registry
        )
        self.failed_seconds = Counter(
            "hub_failed_request_seconds", "The part of hub_request_seconds whose answer was an error.",
            ("module",), registry=registry,
        )  # fmt: skip
        self.executions = Counter(
            "hub_executions", "Calls of a module that joins requests.", ("module",), registry=registry
        )
        self.last = Gauge(
            "hub_last_inference_timestamp_seconds", "When a module answered last.", ("module",),
            registry=registry, multiprocess_mode="livemax",
        )  # fmt: skip
        self.in_flight = Gauge(
            "hub_requests_in_flight", "Requests queued or running.", ("module",), registry=registry,
            multiprocess_mode="livesum",
        )  # fmt: skip
        self.total, self.queue, self.inference, self.batch = (
            Histogram(name, text, ("module",), buckets=buckets, registry=registry)
            for name, buckets, text in (
                ("hub_request_seconds", _SECONDS, "From the arrival of the whole request to its answer."),
                ("hub_queue_seconds", _SECONDS, "Waiting for a runner."),
                ("hub_inference_seconds", _SECONDS, "Inside the module, for the whole batch."),
                ("hub_batch_size", _SIZES, "Requests per call of a module that joins them."),
            )
        )

    def in_progress(self, module: str) -> contextlib.AbstractContextManager[Any]:
        """Count a request as in flight while it is open."""
        return _in_progress(self.in_flight, module)

    def answered(self, module: str, code: int, seconds: float) -> None:
        _child(self.requests, module, str(code)).inc()
        _child(self.total, module).observe(seconds)
        if code != _OK:
            _child(self.failed_seconds, module).inc(seconds)

    def replied(self, module: str, reply: ModuleReply, *, batches: bool) -> None:
        """Count a reply; ``batches``: the module joins requests, so their number is counted."""
        _child(self.queue, module).observe(reply.header.queue_seconds)
        _child(self.inference, module).observe(reply.header.run_seconds)
        _child(self.last, module).set(time.time())
        if batches:
            _child(self.batch, module).observe(reply.header.batch)
            _child(self.executions, module).inc(1 / reply.header.batch)
        if reply.attempts > 1:
            self.resends.labels(module).inc(reply.attempts - 1)


@functools.cache
def _child(metric: Any, *labels: str) -> Any:
    """Return the metric for these labels; to look it up anew takes longer than to count."""
    return metric.labels(*labels)


@functools.cache
def _in_progress(gauge: Gauge, module: str) -> contextlib.AbstractContextManager[Any]:
    return gauge.labels(module).track_inprogress()


def settle_dead(run_dir: RunDir) -> None:
    """Drop the gauges of processes that are gone, and keep their counters in one file for each kind.

    For when an HTTP worker has ended, and when a gateway begins: one that was killed could not do it. What
    cannot be done now, since somebody reads or the disk is full, is done then.
    """
    with contextlib.suppress(OSError), counter_file.changing(run_dir.metrics):
        for path in _of_dead(run_dir.metrics, "gauge_live*.db"):
            path.unlink(missing_ok=True)
        for kind in ("counter", "histogram"):
            total = run_dir.metrics / f"{kind}_{_GONE}.db"
            counter_file.fold(_of_dead(run_dir.metrics, f"{kind}_*.db"), total)


def _of_dead(folder: Path, pattern: str) -> list[Path]:
    """Return the files of processes that are gone; a file's name ends with its process's id."""
    ids = ((path, path.stem.rpartition("_")[2]) for path in folder.glob(pattern))
    return [path for path, pid in ids if pid != _GONE and procfs.started(int(pid)) is None]


def render(run_dir: RunDir) -> bytes:
    """Return all metrics in Prometheus' text format."""
    from prometheus_client import generate_latest

    with _reading(run_dir):
        return generate_latest(_registry(run_dir))


def requests_in_flight(run_dir: RunDir) -> dict[str, int]:
    """Return module name → requests queued or running now, over all HTTP workers."""
    return {
        sample.labels["module"]: int(sample.value)
        for sample in samples(run_dir)
        if sample.name == "hub_requests_in_flight"
    }


def samples(run_dir: RunDir) -> list[Sample]:
    """Return all figures now, over all HTTP workers."""
    with _reading(run_dir):
        return [sample for metric in _registry(run_dir).collect() for sample in metric.samples]


def _reading(run_dir: RunDir) -> contextlib.AbstractContextManager[None]:
    return counter_file.reading(run_dir.metrics) if run_dir.metrics.is_dir() else contextlib.nullcontext()


def _registry(run_dir: RunDir) -> CollectorRegistry:
    from prometheus_client import CollectorRegistry
    from prometheus_client.multiprocess import MultiProcessCollector

    registry = CollectorRegistry()
    if run_dir.metrics.is_dir():
        MultiProcessCollector(registry, str(run_dir.metrics))  # type: ignore[no-untyped-call]
    registry.register(_StateCollector(run_dir))
    return registry


class _StateCollector:
    """Metrics from state.json."""

    def __init__(self, run_dir: RunDir) -> None:
        self._path = run_dir.state

    def collect(self) -> Iterator[Metric]:
        ready, runners, restarts, memory = of_runners()
        for name, module in state.read(self._path).modules.items():
            ready.add_metric([name], float(module.state == state.READY))
            runners.add_metric([name], sum(runner.ready for runner in module.runners))
            restarts.add_metric([name], module.restarts)
            for runner in module.runners:
                memory.add_metric([name, str(runner.pid), runner.device], runner.memory_mb * (1 << 20))
        yield from (ready, runners, restarts, memory)


def of_runners() -> tuple[GaugeMetricFamily, GaugeMetricFamily, CounterMetricFamily, GaugeMetricFamily]:
    """Return what is told of modules and runners, without figures."""
    from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily

    ready = GaugeMetricFamily("hub_module_ready", "1 while the module can take requests.", labels=["module"])
    runners = GaugeMetricFamily("hub_runners_ready", "Runners that take requests.", labels=["module"])
    restarts = CounterMetricFamily(
        "hub_runner_restarts", "Runners that died and were replaced.", labels=["module"]
    )
    memory = GaugeMetricFamily(
        "hub_runner_memory_bytes",
        "Memory of a runner (PSS), as of the last 15 s.",
        labels=["module", "pid", "device"],
    )
    return ready, runners, restarts, memory
