"""What callers may do beyond calling modules."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from hub.serving.config import ray
from tests.doctor.security import NETWORK, found, write_keys

pytestmark = pytest.mark.unit

MODULES = {"modules_info": {"paddlex_pipeline": {"init_args": {"allow_urls": True, "trust_callers": True}}}}
#: Settings, the finding that they make, and its verdict for programs of this machine and for who has a key.
OPENINGS: dict[str, tuple[dict[str, Any], str, str, str]] = {
    "allow_server_paths": ({"allow_server_paths": True}, "server paths", "warning", "warning"),
    "allow_urls": (MODULES, "URLs", "warning", "warning"),
    "trust_callers": (MODULES, "trust_callers", "warning", "warning"),
    "allow_model_control": ({"allow_model_control": True}, "model control", "warning", "note"),
}


@pytest.mark.parametrize("setting", OPENINGS)
def test_what_strangers_may_do_is_broken_and_names_the_setting(setting: str) -> None:
    settings, name, *_ = OPENINGS[setting]
    finding = found(**NETWORK, **settings)[name]

    assert (finding.verdict, "everybody who reaches 0.0.0.0:8866" in finding.value) == ("broken", True)
    assert f"take {setting} out" in finding.advice


@pytest.mark.parametrize("setting", OPENINGS)
def test_what_others_may_do_is_told_with_who_they_are(tmp_path: Path, setting: str) -> None:
    settings, name, of_this_machine, with_a_key = OPENINGS[setting]
    local = found(**settings)[name]
    keyed = found(tmp_path, **NETWORK, **settings, api_key_file=write_keys(tmp_path))[name]

    assert (local.verdict, "every user and program of this machine" in local.value) == (of_this_machine, True)
    assert (keyed.verdict, "everybody with a key" in keyed.value) == (with_a_key, True)


@pytest.mark.parametrize(
    "entry",
    [
        {"ocr_pipeline": {"init_args": {"allow_urls": True}}},
        {"read": {"init_args": {"name": "ocr_pipeline", "allow_urls": True}}},
        {"read": {"init_args": {"directory": "modules/ocr_pipeline", "allow_urls": True}}},
    ],
    ids=["by its name", "under another", "from a folder"],
)
def test_a_module_that_fetches_public_addresses_only_is_a_note(entry: dict[str, Any]) -> None:
    finding = found(Path(__file__).parents[3], **NETWORK, modules_info=entry)["URLs"]

    assert (finding.verdict, "private ones are refused" in finding.value) == ("note", True)


def test_the_pages_are_told_of(tmp_path: Path) -> None:
    assert "ask for a key" in found(tmp_path, api_key_file=write_keys(tmp_path))["pages"].value
    assert "every user and program" in found()["pages"].value
    assert found(ui=False)["pages"].value == "none"


def test_a_cluster_s_ports_are_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ray, "is_installed", lambda: True)
    cluster = found(engine="ray", ray_address="10.0.0.9:6379")["Ray"]

    assert (cluster.verdict, "RAY_AUTH_MODE=token" in cluster.advice) == ("warning", True)
    assert "Ray" not in found(engine="ray")
