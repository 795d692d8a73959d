"""deploy/kubernetes/kuberay/present.py on a real Ray, which the extra ray brings."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from importlib.util import module_from_spec, spec_from_file_location
from typing import Any

import pytest

from tests.serving.running import ROOT, wait_until

pytestmark = pytest.mark.slow
FILE = ROOT / "deploy" / "kubernetes" / "kuberay" / "present.py"


@pytest.fixture
def serve() -> Iterator[Any]:
    ray = pytest.importorskip("ray", reason="needs the extra ray")
    from ray import serve

    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
    serve.start(proxy_location="Disabled")
    yield serve
    serve.shutdown()
    ray.shutdown()


def test_the_cluster_counts_as_healthy_only_when_a_module_runs(
    serve: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = spec_from_file_location("present", FILE)
    assert spec is not None and spec.loader is not None
    present = module_from_spec(spec)
    spec.loader.exec_module(present)
    monkeypatch.setitem(sys.modules, "present", present)
    import ray.cloudpickle

    ray.cloudpickle.register_pickle_by_value(present)  # on a cluster, PYTHONPATH has it

    def status() -> str:
        return str(serve.status().applications["present"].status.value)

    def deploy() -> None:
        serve.run(present.application, name="present", route_prefix=None)

    waiting = threading.Thread(target=deploy, daemon=True)
    waiting.start()
    wait_until(lambda: "present" in serve.status().applications, 30)
    waiting.join(5)
    before = status()

    @serve.deployment(ray_actor_options={"num_cpus": 0})
    class AModule:
        pass

    serve.run(AModule.bind(), name="hub-a-module", route_prefix=None)
    waiting.join(30)

    assert (before, status()) == ("DEPLOYING", "RUNNING")
