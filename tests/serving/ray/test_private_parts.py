"""Contracts for the private parts of Ray that are used: a release that changes one fails here first."""

from __future__ import annotations

import inspect

import pytest

pytestmark = pytest.mark.usefixtures("_ray")


def test_shipping_puts_packages_into_the_clusters_store() -> None:
    from ray._private.runtime_env import packaging

    assert packaging.GCS_STORAGE_MAX_SIZE > 0
    assert list(inspect.signature(packaging.package_exists).parameters) == ["pkg_uri"]
    assert list(inspect.signature(packaging.upload_package_to_gcs).parameters) == ["pkg_uri", "pkg_bytes"]
    assert list(inspect.signature(packaging.pin_runtime_env_uri).parameters) == ["uri", "expiration_s"]


def test_a_replica_opens_its_port_by_the_function_that_is_replaced() -> None:
    from ray._common.tls_utils import add_port_to_grpc_server
    from ray.serve._private import replica

    assert replica.add_port_to_grpc_server is add_port_to_grpc_server
    assert list(inspect.signature(add_port_to_grpc_server).parameters) == ["server", "address"]
    assert "add_port_to_grpc_server(self._server, " in inspect.getsource(replica)


def test_a_deployment_keeps_its_replicas_while_its_version_stays() -> None:
    from ray import serve

    made = serve.deployment(type("Nothing", (), {}))
    made._version = "hub-1"

    assert made.version == "hub-1"
    assert made.options(num_replicas=3).version == "hub-1"


def test_an_application_is_deleted_without_waiting() -> None:
    from ray import serve

    assert inspect.signature(serve.delete).parameters["_blocking"].default is True


def test_a_ray_instance_keeps_its_files_where_it_is_told() -> None:
    import ray

    assert 'kwargs.pop("_temp_dir", None)' in inspect.getsource(ray.init)
