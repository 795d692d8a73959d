"""The figures of models in the form of Triton's statistics, from the metrics of the server.

Requests of all protocols count. An endpoint and a method have the
figures of their module. Times are in nanoseconds. Triton's
times of input and output are none here: they are within the others' and not measured apart.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from hub.serving.gateway import metrics
from hub.serving.gateway.context import Gateway
from hub.serving.gateway.protocols.oip.models import check_version, version_number
from hub.serving.gateway.targets import EndpointTarget, ModuleTarget, Target
from hub.serving.messages.state import READY

_NANOSECONDS = 1e9
_NOTHING = {"count": 0, "ns": 0}


def of_one(target: Target, version: str) -> dict[str, Any]:
    """Return the statistics of a model.

    Raises:
        RequestError: it is not ready, or not served in that version.
    """
    target.module()
    check_version(target.name, target.version, version)
    return {"model_stats": [_statistics(target, _figures(target.gateway))]}


def of_all(gateway: Gateway) -> dict[str, Any]:
    """Return the statistics of all models that are ready."""
    state = gateway.states.current()
    names = [name for name, module in state.modules.items() if module.state == READY]
    targets: list[Target] = [ModuleTarget(gateway, name) for name in names]
    for name in names:
        targets += [ModuleTarget(gateway, name, method) for method in state.modules[name].manifest.others]
    targets += [EndpointTarget(gateway, name) for name, owner in state.endpoints.items() if owner in names]
    figures = _figures(gateway)
    return {"model_stats": [_statistics(target, figures) for target in targets]}


def _figures(gateway: Gateway) -> dict[str, dict[str, float]]:
    """Return module → name of a sample → value; requests by outcome, whatever their code."""
    found: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    for sample in metrics.samples(gateway.run_dir):
        name, module = sample.name, sample.labels.get("module", "")
        if name == "hub_requests_total":
            name = "succeeded" if sample.labels["code"] == "200" else "failed"
        found[module][name] += sample.value
    return found


def _statistics(target: Target, figures: Mapping[str, Mapping[str, float]]) -> dict[str, Any]:
    module = target.module()
    found = figures.get(module.name) or defaultdict(float)
    failed_seconds = found["hub_failed_request_seconds_total"]
    calls = found["hub_inference_seconds_count"]
    batches = module.manifest.largest_batch > 1
    success = _duration(found["succeeded"], found["hub_request_seconds_sum"] - failed_seconds)
    inference = _duration(calls, found["hub_inference_seconds_sum"])
    unmeasured = {"count": inference["count"], "ns": 0}  # perf_analyzer requires the same count of all three
    computed = {"compute_input": unmeasured, "compute_infer": inference, "compute_output": unmeasured}
    return {
        "name": target.name,
        "version": version_number(target.version),  # perf_analyzer looks for a whole number
        "last_inference": round(found["hub_last_inference_timestamp_seconds"] * 1000),
        "inference_count": success["count"],
        "execution_count": round(found["hub_executions_total"]) if batches else round(calls),
        "inference_stats": {
            "success": success,
            "fail": _duration(found["failed"], failed_seconds),
            "queue": _duration(found["hub_queue_seconds_count"], found["hub_queue_seconds_sum"]),
            **computed,
            "cache_hit": _NOTHING,
            "cache_miss": _NOTHING,
        },
        # How many requests each call of a module that joins them had is not counted one by one.
        "batch_stats": [{"batch_size": 1, **computed}] if calls and not batches else [],
    }


def _duration(count: float, seconds: float) -> dict[str, int]:
    return {"count": round(count), "ns": max(0, round(seconds * _NANOSECONDS))}
