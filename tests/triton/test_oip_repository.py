"""Loading and unloading by the Open Inference Protocol: off by default, and behind the keys."""

from __future__ import annotations

from pathlib import Path

import requests

from tests.serving.running import Server


def test_loading_over_the_network_is_off_unless_allowed(server: Server) -> None:
    reply = requests.post(f"{server.url}/v2/repository/models/greet/unload", timeout=5)

    assert reply.status_code == 400
    assert "allow_model_control" in reply.json()["error"]
    assert server.get("/v2/models/greet/ready").status_code == 200


def test_with_leave_and_a_key_models_are_unloaded_reloaded_and_loaded(home: Path, tmp_path: Path) -> None:
    keys = tmp_path / "keys"
    keys.write_text("ops:0123456789abcdef\n")
    bearer = {"Authorization": "Bearer 0123456789abcdef"}
    modules = {"probe": {}, "greet": {}}
    with Server(home, modules, allow_model_control=True, api_key_file=str(keys)) as server:
        url = f"{server.url}/v2/repository/models"
        unload, reload = f"{url}/greet/unload", f"{url}/probe/load"

        assert requests.post(unload, timeout=20).status_code == 401
        assert requests.post(unload, headers=bearer, timeout=20).status_code == 200
        gone = requests.get(f"{server.url}/v2/models/greet/ready", headers=bearer, timeout=5)
        assert gone.status_code == 404
        assert requests.post(reload, headers=bearer, timeout=20).status_code == 200
        assert server.module("probe").generation == 2
        unknown = requests.post(f"{url}/nothing/load", headers=bearer, timeout=20)
        assert (unknown.status_code, "nothing" in unknown.json()["error"]) == (400, True)
        assert requests.get(f"{server.url}/v2/health/ready", timeout=5).status_code == 200  # without a key
