"""Who gets in: address, keys, TLS, browsers, the other ports."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.doctor.security import NETWORK, found, write_keys

pytestmark = pytest.mark.unit


def test_the_default_is_open_to_this_machine_alone() -> None:
    report = found()

    assert {finding.verdict for finding in report.values()} == {"ok", "note"}
    assert [name for name, finding in report.items() if finding.verdict == "note"] == ["keys"]
    assert report["host"].value == "127.0.0.1:8866: users and programs of this machine"
    assert report["keys"].value == "none: every user and program of this machine may call"
    assert {finding.section for finding in report.values()} == {"here"}


@pytest.mark.parametrize(
    ("host", "said"),
    [
        ("0.0.0.0", "0.0.0.0:8866: every network"),
        ("::", "[::]:8866: every network"),
        ("10.0.0.5", "10.0.0.5:8866: the network of that address"),
    ],
)
def test_a_server_on_a_network_without_keys_is_told_with_the_setting(host: str, said: str) -> None:
    report = found(host=host)

    assert report["host"].value.startswith(said)
    assert (report["keys"].verdict, report["keys"].advice) == ("warning", "api_key_file asks for a key")
    assert f"everybody who reaches {said.partition(' ')[0].removesuffix(':')}" in report["keys"].value
    assert "DNS rebinding" in report["names"].value


def test_keys_are_named_and_never_shown(tmp_path: Path) -> None:
    report = found(tmp_path, **NETWORK, api_key_file=write_keys(tmp_path))

    assert report["keys"].value == "1, of alice; health checks and pages need none"
    assert "0123456789abcdef" not in str(report)
    assert "names" not in report


@pytest.mark.parametrize(
    ("mode", "verdict"),
    [(0o600, None), (0o640, None), (0o644, "warning"), (0o660, "broken"), (0o602, "broken")],
)
def test_a_file_of_keys_that_others_may_read_or_write_is_told(
    tmp_path: Path, mode: int, verdict: str | None
) -> None:
    finding = found(tmp_path, api_key_file=write_keys(tmp_path, mode)).get("key file")

    assert (finding and finding.verdict) == verdict
    assert finding is None or "chmod go-rwx keys" in finding.advice


@pytest.mark.parametrize("text", [None, "alice:short\n"], ids=["absent", "a short key"])
def test_keys_that_cannot_be_used_are_broken(tmp_path: Path, text: str | None) -> None:
    name = write_keys(tmp_path, text=text) if text else "absent"

    assert found(tmp_path, api_key_file=name)["keys"].verdict == "broken"


def test_keys_over_plain_http_are_told_where_others_can_listen(tmp_path: Path) -> None:
    keys = {"api_key_file": write_keys(tmp_path)}
    network = found(tmp_path, **NETWORK, **keys)["TLS"]

    assert (network.verdict, "certfile and keyfile" in network.advice) == ("warning", True)
    assert found(tmp_path, **keys)["TLS"].verdict == "ok"
    assert found(**NETWORK)["TLS"].verdict == "note"


@pytest.mark.parametrize("origins", ["*", "null"])
def test_pages_of_anybody_that_may_call_are_told(tmp_path: Path, origins: str) -> None:
    without_keys = found(cors_origins=origins)["browsers"]
    with_keys = found(tmp_path, cors_origins=origins, api_key_file=write_keys(tmp_path))["browsers"]

    assert (without_keys.verdict, with_keys.verdict) == ("warning", "note")
    assert "name the origins" in without_keys.advice


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({}, "its own; 403 for others, and strange names in Host"),
        (NETWORK, "its own; 403 for others"),
        ({"allowed_hosts": "a.example"}, "its own, those of a.example; 403"),
        ({"cors_origins": "https://b.example"}, "and read replies: https://b.example"),
    ],
)
def test_the_pages_that_may_call_are_listed(settings: dict[str, Any], said: str) -> None:
    assert said in found(**settings)["browsers"].value


def test_a_name_of_a_proxy_says_that_others_come_through_it() -> None:
    assert "whom a proxy for a.example lets in" in found(allowed_hosts="a.example")["host"].value


def test_the_port_of_metrics_has_no_keys_on_any_network(tmp_path: Path) -> None:
    keys = {"api_key_file": write_keys(tmp_path)}
    network = found(tmp_path, **NETWORK, **keys, metrics_port=9100)["metrics_port"]

    assert (network.verdict, "close port 9100" in network.advice) == ("warning", True)
    assert found(metrics_port=9100)["metrics_port"].verdict == "ok"
    assert "metrics_port" not in found()
