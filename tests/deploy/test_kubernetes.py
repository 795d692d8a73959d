"""deploy/kubernetes: against Kubernetes' schemas, and against what the server really has and does.

Kubernetes' own kinds are validated strictly (no unknown key) with the schemas in the package
kubernetes-validate. KServe's and KubeRay's are not in any package: of theirs the pod templates are validated
with Kubernetes' schemas, and the keys around them are compared with those of their Go types.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml

from hub.serving.config import server_config
from hub.serving.gateway import metrics
from hub.serving.supervisor import loop
from tests.deploy.containers import UID
from tests.serving.running import ROOT

pytestmark = pytest.mark.unit

FOLDER = ROOT / "deploy" / "kubernetes"
#: Old and new: what is written has to suit both.
VERSIONS = ("1.30", "1.37")

#: pkg/apis/serving/v1beta1 of kserve/kserve: PredictorSpec without PodSpec, ComponentExtensionSpec.
KSERVE_PREDICTOR = {
    "model", "storageUris", "workerSpec", "minReplicas", "maxReplicas", "scaleTarget", "scaleMetric",
    "containerConcurrency", "timeout", "canaryTrafficPercent", "logger", "batcher", "labels", "annotations",
    "deploymentStrategy",
}  # fmt: skip
#: ray-operator/apis/ray/v1 of ray-project/kuberay.
RAY_SERVICE = {"serveConfigV2", "rayClusterConfig", "serveService"}
RAY_CLUSTER = {
    "headGroupSpec", "workerGroupSpecs", "rayVersion", "enableInTreeAutoscaling", "autoscalerOptions",
    "headServiceAnnotations", "suspend", "authOptions",
}  # fmt: skip
RAY_HEAD = {"serviceType", "headService", "enableIngress", "rayStartParams", "template"}
RAY_WORKERS = {
    "groupName", "replicas", "minReplicas", "maxReplicas", "numOfHosts", "rayStartParams", "template",
    "scaleStrategy",
}  # fmt: skip


def load(name: str) -> dict[str, Any]:
    manifest: dict[str, Any] = yaml.safe_load((FOLDER / name).read_text())
    return manifest


def validate(manifest: dict[str, Any]) -> None:
    kubernetes_validate = pytest.importorskip("kubernetes_validate", reason="pip install kubernetes-validate")
    for version in VERSIONS:
        kubernetes_validate.validate(manifest, version, strict=True)


def as_pod(template: dict[str, Any]) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "x"}, **template}


def pod_templates() -> dict[str, dict[str, Any]]:
    ray = load("kuberay/rayservice.yaml")["spec"]["rayClusterConfig"]
    predictor = load("kserve/inferenceservice.yaml")["spec"]["predictor"]
    return {
        "deployment": load("deployment.yaml")["spec"]["template"],
        "predictor": {
            "spec": {key: value for key, value in predictor.items() if key not in KSERVE_PREDICTOR}
        },
        "head": ray["headGroupSpec"]["template"],
        **{group["groupName"]: group["template"] for group in ray["workerGroupSpecs"]},
    }


@pytest.mark.parametrize("name", ["deployment", "service", "hpa", "pdb", "kuberay/service"])
def test_kubernetes_own_kinds_follow_their_schemas(name: str) -> None:
    validate(load(f"{name}.yaml"))


@pytest.mark.parametrize("name", list(pod_templates()))
def test_pod_templates_follow_the_schema_of_pods(name: str) -> None:
    validate(as_pod(pod_templates()[name]))


def test_the_schemas_refuse_a_misspelt_key() -> None:
    kubernetes_validate = pytest.importorskip("kubernetes_validate", reason="pip install kubernetes-validate")
    manifest = load("deployment.yaml")
    manifest["spec"]["template"]["spec"]["containers"][0]["readynessProbe"] = {}
    with pytest.raises(kubernetes_validate.ValidationError):
        validate(manifest)


def test_the_keys_of_kserve_and_kuberay_are_theirs() -> None:
    predictor = load("kserve/inferenceservice.yaml")
    ray = load("kuberay/rayservice.yaml")
    cluster = ray["spec"]["rayClusterConfig"]

    assert (predictor["apiVersion"], set(predictor["spec"])) == ("serving.kserve.io/v1beta1", {"predictor"})
    assert predictor["spec"]["predictor"]["containers"][0]["name"] == "kserve-container"
    assert (ray["apiVersion"], set(ray["spec"]) - RAY_SERVICE) == ("ray.io/v1", set())
    assert not set(cluster) - RAY_CLUSTER
    assert not set(cluster["headGroupSpec"]) - RAY_HEAD
    for group in cluster["workerGroupSpecs"]:
        assert not set(group) - RAY_WORKERS
        assert group["minReplicas"] <= group["replicas"] <= group["maxReplicas"]
        assert all(isinstance(value, str) for value in group["rayStartParams"].values())


@pytest.mark.parametrize("folder", [".", "kuberay"])
def test_kustomizations_name_files_that_are_there(folder: str) -> None:
    found = load(f"{folder}/kustomization.yaml")
    files = [file for generator in found["configMapGenerator"] for file in generator["files"]]

    assert found["kind"] == "Kustomization"
    assert all((FOLDER / folder / name).is_file() for name in (*found["resources"], *files))
    wanted = {volume["configMap"]["name"] for volume in _volumes(folder) if "configMap" in volume}
    assert wanted == {generator["name"] for generator in found["configMapGenerator"]}


def _volumes(folder: str) -> list[dict[str, Any]]:
    names = ["deployment"] if folder == "." else ["head", "modules", "gateways"]
    return [volume for name in names for volume in pod_templates()[name]["spec"]["volumes"]]


def test_the_configuration_is_the_servers_and_its_ports_are_the_pods() -> None:
    settings = server_config.from_file(FOLDER / "config.json")
    (container,) = pod_templates()["deployment"]["spec"]["containers"]
    ports = {port["name"]: port["containerPort"] for port in container["ports"]}
    annotations = pod_templates()["deployment"]["metadata"]["annotations"]

    assert ports == {"http": settings.port, "metrics": settings.metrics_port}
    assert annotations["prometheus.io/port"] == str(settings.metrics_port)
    assert [port["targetPort"] for port in load("service.yaml")["spec"]["ports"]] == list(ports)


@pytest.mark.parametrize("name", ["deployment", "predictor", "gateways"])
def test_a_pod_lives_long_enough_to_finish_its_requests_and_to_load(name: str) -> None:
    settings = server_config.from_file(FOLDER / "config.json")
    pod = pod_templates()[name]["spec"]
    (container,) = pod["containers"]
    pause = int(container["lifecycle"]["preStop"]["exec"]["command"][1])
    startup = container["startupProbe"]

    needed = pause + settings.graceful_timeout + loop.GATEWAY_GRACE_SECONDS
    assert pod["terminationGracePeriodSeconds"] > needed
    assert startup["periodSeconds"] * startup["failureThreshold"] > settings.load_timeout


@pytest.mark.parametrize("name", list(pod_templates()))
def test_no_pod_runs_as_root_or_keeps_rights_that_it_does_not_need(name: str) -> None:
    pod = pod_templates()[name]["spec"]
    (container,) = pod["containers"]

    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["runAsUser"] == UID
    assert container["securityContext"]["allowPrivilegeEscalation"] is False
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    if name in ("deployment", "predictor"):
        assert container["securityContext"]["readOnlyRootFilesystem"] is True


@pytest.mark.parametrize("name", ["deployment", "predictor"])
def test_the_run_dir_is_on_a_volume_that_nothing_else_fills(name: str) -> None:
    pod = pod_templates()[name]["spec"]
    (container,) = pod["containers"]
    (place,) = [each["value"] for each in container["env"] if each["name"] == "HUB_RUNTIME_DIR"]
    volumes = {mount["mountPath"]: mount["name"] for mount in container["volumeMounts"]}

    assert list(volumes.values()).count(volumes[place]) == 1
    assert volumes["/tmp"] != volumes[place]


def test_the_autoscalers_metric_is_one_that_a_server_exports() -> None:
    (wanted,) = load("hpa.yaml")["spec"]["metrics"]
    name = wanted["pods"]["metric"]["name"]
    (rule,) = load("prometheus-adapter.yaml")["rules"]["custom"]
    gauge = metrics.RequestMetrics().in_flight.describe()[0]

    assert (name, gauge.type) == ("hub_requests_in_flight", "gauge")
    assert rule["name"]["as"] == name == gauge.name
    assert rule["seriesQuery"].startswith(name + "{")
    assert load("hpa.yaml")["spec"]["scaleTargetRef"]["name"] == load("deployment.yaml")["metadata"]["name"]


def test_selectors_find_the_pods() -> None:
    labels = load("deployment.yaml")["spec"]["template"]["metadata"]["labels"]

    assert load("service.yaml")["spec"]["selector"] == labels
    assert load("pdb.yaml")["spec"]["selector"]["matchLabels"] == labels
    assert load("kuberay/service.yaml")["spec"]["selector"]["ray.io/group"] in pod_templates()


def test_ray_is_given_the_application_that_waits_for_modules() -> None:
    serve = yaml.safe_load(load("kuberay/rayservice.yaml")["spec"]["serveConfigV2"])
    module, _, attribute = serve["applications"][0]["import_path"].partition(":")

    assert f"\n{attribute} = " in (FOLDER / "kuberay" / f"{module}.py").read_text()
    assert json.loads((FOLDER / "kuberay" / "config.json").read_text())["modules_info"]
