"""What the supervisor makes of what the agent sees. Needs no Ray: it goes by two files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from hub.errors import ConfigError
from hub.serving.config.ray import RayOptions
from hub.serving.config.server_config import ServingConfig
from hub.serving.messages.manifest import Manifest
from hub.serving.messages.run_dir import RunDir
from hub.serving.messages.runner_spec import RunnerSpec
from hub.serving.messages.state import FAILED, LOADING, READY, ProcessState
from hub.serving.ray import desired_state
from hub.serving.ray.desired_state import Deployment, DeploymentStatus, DesiredState, ObservedState
from hub.serving.ray.supervisor_side.backend import RayBackend
from hub.serving.ray.supervisor_side.fleet import LEAVING_SECONDS, RayFleet
from hub.serving.supervisor.placement import RunnerPlan
from hub.serving.supervisor.slots import FleetLimits, FleetPlan

pytestmark = pytest.mark.unit

LIMITS = FleetLimits(timeout=5, load_timeout=30, hang_timeout=10, graceful_timeout=4, max_queue_size=7)
REPLICA = ProcessState(7, 70, "replica", node="far")


def plan(generation: int = 1, *, runners: int = 1, gpu: str | None = None, **more: Any) -> FleetPlan:
    spec = RunnerSpec(name="echo", version="1.0.0", directory="/modules/echo", generation=generation)
    plans = [RunnerPlan(index, gpu, 2) for index in range(runners)]
    return FleetPlan(spec, plans, LIMITS, **more)


def sight(state: str = READY, *, runners: int = 1, **more: Any) -> DeploymentStatus:
    return DeploymentStatus("hub-echo-1", state, runners=(REPLICA,) * runners, **more)


class Agent:
    """Its end of the two files: what it was told, and what it says it sees."""

    def __init__(self, run_dir: Path, **config: Any) -> None:
        settings = ServingConfig.model_construct(ray_address="head:6379", ray_modules=None, **config)
        self.run_dir = run_dir
        self.backend = RayBackend(settings, RunDir(run_dir), lifeline=0)
        self.process = Process()
        vars(self.backend.helpers[0])["_child"] = self.process

    def wanted(self) -> DesiredState:
        return desired_state.Reader(self.run_dir / desired_state.DESIRED, DesiredState()).current()

    def sees(
        self, fleet: RayFleet, now: float, leaving: tuple[str, ...] = (), **sights: DeploymentStatus
    ) -> None:
        seen = ObservedState(
            self.wanted().serial, "", {f"echo@{key[1:]}": each for key, each in sights.items()}, leaving
        )
        desired_state.write(self.run_dir / desired_state.OBSERVED, seen)
        self.backend.tick(now)
        fleet.tick(now)


class Process:
    """In place of the agent's: a real one would need Ray."""

    has_exited = False


@pytest.fixture
def agent(tmp_path: Path) -> Agent:
    return Agent(tmp_path)


def keys(wanted: DesiredState) -> list[str]:
    return [deployment.key for deployment in wanted.deployments]


def test_a_module_is_ready_with_its_first_replica(agent: Agent) -> None:
    fleet = agent.backend.fleet(plan(runners=2))
    agent.sees(fleet, 0.0, g1=sight(LOADING, runners=0))
    assert fleet.state == LOADING
    agent.sees(fleet, 1.0, g1=sight(wanted=2))

    assert fleet.state == READY
    assert fleet.snapshot().application == "hub-echo-1"


def test_it_stays_ready_while_its_replicas_are_gone(agent: Agent) -> None:
    fleet = agent.backend.fleet(plan())
    agent.sees(fleet, 0.0, g1=sight())
    agent.sees(fleet, 1.0, g1=sight(LOADING, runners=0, reason="a node has died"))

    assert (fleet.state, fleet.reason, fleet.snapshot().runners) == (READY, "a node has died", ())


def test_a_module_that_ray_serve_gave_up_has_failed(agent: Agent) -> None:
    fleet = agent.backend.fleet(plan())
    agent.sees(fleet, 0.0, g1=sight(FAILED, runners=0, reason="no such weights"))

    assert (fleet.state, fleet.reason) == (FAILED, "no such weights")


def test_one_that_is_not_ready_in_time_has_failed_until_it_is(agent: Agent) -> None:
    fleet = agent.backend.fleet(plan())
    waiting = sight(LOADING, runners=0, reason="no node has room")
    agent.sees(fleet, 0.0, g1=waiting)
    agent.sees(fleet, 31.0, g1=waiting)
    assert fleet.state == FAILED
    assert fleet.reason == "not ready after 30 s (load_timeout): no node has room"
    agent.sees(fleet, 32.0, g1=sight())

    assert (fleet.state, fleet.reason) == (READY, "")


def test_the_next_generation_takes_over_when_all_its_replicas_are_there(agent: Agent) -> None:
    fleet = agent.backend.fleet(plan(runners=2))
    agent.sees(fleet, 0.0, g1=sight(runners=2))
    fleet.reload(plan(2, runners=2), 1.0)
    assert keys(agent.wanted()) == ["echo@1", "echo@2"]
    agent.sees(fleet, 2.0, g1=sight(runners=2), g2=sight(runners=1))
    assert fleet.is_reloading
    agent.sees(fleet, 3.0, g1=sight(runners=2), g2=sight(runners=2))

    assert (fleet.is_reloading, fleet.spec.generation) == (False, 2)
    assert keys(agent.wanted()) == ["echo@2"]


def test_the_old_generation_stays_when_the_new_one_fails(agent: Agent) -> None:
    released = []
    fleet = agent.backend.fleet(plan())
    agent.sees(fleet, 0.0, g1=sight())
    fleet.reload(plan(2, release=lambda: released.append(2)), 1.0)
    agent.sees(fleet, 2.0, g1=sight(), g2=sight(FAILED, runners=0, reason="does not import"))

    assert (fleet.state, fleet.spec.generation, fleet.reason) == (READY, 1, "reload failed: does not import")
    assert keys(agent.wanted()) == ["echo@1"]
    assert released == [2]


def test_a_drained_module_is_empty_when_the_agent_has_taken_it_away(agent: Agent) -> None:
    fleet = agent.backend.fleet(plan())
    agent.sees(fleet, 0.0, g1=sight())
    fleet.drain(1.0)
    assert keys(agent.wanted()) == []
    assert not fleet.is_empty  # what the agent saw last is older than that
    agent.sees(fleet, 2.0, leaving=("echo@1",))
    assert not fleet.is_empty
    agent.sees(fleet, 3.0)

    assert fleet.is_empty


def test_an_agent_that_does_not_answer_is_not_waited_for_for_ever(agent: Agent) -> None:
    fleet = agent.backend.fleet(plan())
    agent.sees(fleet, 0.0, g1=sight())
    fleet.drain(1.0)
    fleet.tick(1.0 + LIMITS.graceful_timeout + LEAVING_SECONDS + 0.1)

    assert fleet.is_empty


def test_without_the_agent_nobody_knows_of_any_replica(agent: Agent) -> None:
    fleet = agent.backend.fleet(plan())
    agent.sees(fleet, 0.0, g1=sight())
    agent.process.has_exited = True
    agent.backend.tick(1.0)
    fleet.tick(1.0)

    assert (fleet.state, fleet.reason) == (READY, "the Ray agent is starting")
    assert fleet.snapshot().runners == ()


def deployment(agent: Agent, made: FleetPlan) -> Deployment:
    agent.backend.fleet(made)
    return agent.wanted().deployments[0]


def test_instances_become_replicas_and_cores_engine_threads(agent: Agent) -> None:
    made = deployment(agent, plan(runners=3, ray=RayOptions(num_cpus=4)))

    assert (made.replicas, made.num_cpus, made.threads, made.num_gpus) == (3, 4, 4, 0)


def test_a_replica_on_gpu_takes_one_card_unless_told(agent: Agent, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()

    assert deployment(agent, plan(gpu="0")).num_gpus == 1
    assert deployment(Agent(other), plan(gpu="0", ray=RayOptions(num_gpus=0.5))).num_gpus == 0.5


def test_replicas_of_two_kinds_are_refused(agent: Agent) -> None:
    released = []
    mixed = plan(runners=1, release=lambda: released.append(1))
    mixed = FleetPlan(mixed.spec, [*mixed.runners, RunnerPlan(1, "0", 2)], LIMITS, mixed.release)
    with pytest.raises(ConfigError, match="kind cpu and of kind gpu"):
        agent.backend.fleet(mixed)

    assert released == [1]


def test_a_module_with_an_environment_of_its_own_is_refused(agent: Agent) -> None:
    spec = RunnerSpec(name="echo", version="1", directory="/m", interpreter="/venv/bin/python")
    with pytest.raises(ConfigError, match="--isolated"):
        agent.backend.fleet(FleetPlan(spec, [RunnerPlan(0, None, 1)], LIMITS))


def test_what_is_wanted_and_seen_survives_the_file(tmp_path: Path, agent: Agent) -> None:
    agent.backend.fleet(plan(ray=RayOptions(max_replicas=3, resources={"fast": 1})))
    seen = ObservedState(3, "", {"echo@1": sight(manifest=Manifest(images=("image",)))}, ("echo@0",))
    desired_state.write(tmp_path / "seen.json", seen)

    assert desired_state.Reader(tmp_path / "seen.json", ObservedState()).current() == seen
    assert agent.wanted().deployments[0].autoscaling is not None


def test_an_agent_of_another_version_is_a_problem_and_not_the_end(
    agent: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The package was upgraded on disk, and the agent has been started again since."""
    fleet = agent.backend.fleet(plan())
    agent.sees(fleet, 0.0, g1=sight())
    with monkeypatch.context() as upgraded:
        upgraded.setattr("hub.serving.messages.message.__version__", "99.0.0")
        desired_state.write(agent.run_dir / desired_state.OBSERVED, ObservedState(7))
    agent.backend.tick(1.0)
    fleet.tick(1.0)

    assert fleet.state == READY
    assert "99.0.0" in fleet.reason and "hub serving stop" in fleet.reason
