"""TLS: the certificate, the private key, and the port that shares them."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.doctor.security import NETWORK, found, write_keys


def make_certificate(folder: Path) -> dict[str, str]:
    """A self-signed certificate and its key, as settings."""
    words = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    words += ["-days", "2", "-subj", "/CN=test", "-keyout", "key.pem", "-out", "cert.pem"]
    subprocess.run(words, cwd=folder, check=True, capture_output=True)
    (folder / "key.pem").chmod(0o600)
    return {"certfile": "cert.pem", "keyfile": "key.pem"}


def test_a_certificate_is_tried_and_a_private_key_that_others_may_read_is_told(tmp_path: Path) -> None:
    settings = make_certificate(tmp_path)
    sound = found(tmp_path, **NETWORK, **settings)
    (tmp_path / "key.pem").chmod(0o644)
    readable = found(tmp_path, **NETWORK, **settings)
    broken = found(tmp_path, **NETWORK, certfile="cert.pem", keyfile="absent.pem")

    assert (sound["TLS"].verdict, "private key" in sound) == ("ok", False)
    assert (readable["private key"].verdict, "chmod o-rwx" in readable["private key"].advice) == (
        "warning",
        True,
    )
    assert (broken["TLS"].verdict, "does not start" in broken["TLS"].advice) == ("broken", True)


def test_the_port_of_grpc_has_the_keys_and_tls_of_http(tmp_path: Path) -> None:
    pytest.importorskip("grpc")
    keys = {"api_key_file": write_keys(tmp_path)}
    both = {**NETWORK, **keys, **make_certificate(tmp_path), "grpc_port": 8001}

    assert found(tmp_path, **both)["grpc_port"].verdict == "ok"
    assert found(tmp_path, **NETWORK, **keys, grpc_port=8001)["grpc_port"].value.endswith(
        "with the same keys, without TLS"
    )
    assert found(**NETWORK, grpc_port=8001)["grpc_port"].verdict == "warning"
    assert found(grpc_port=8001)["grpc_port"].verdict == "ok"
