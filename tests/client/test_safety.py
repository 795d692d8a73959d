"""Keys and certificates, as hub.Client and hub predict give and check them."""

from __future__ import annotations

import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

import hub
from hub import errors
from tests.serving.running import Server

KEY = "alice-0123456789abcdef"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tls")
    subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"]
    files = ["-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem")]
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *subject, *files],
        check=True,
        capture_output=True,
    )
    return folder / "cert.pem"


@pytest.fixture(scope="module")
def url(certificate: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server with TLS and a key."""
    home = tmp_path_factory.mktemp("home")
    (home / "keys").write_text(f"alice: {KEY}\n")
    settings = {"certfile": certificate, "keyfile": certificate.with_name("key.pem")}
    given = {name: str(path) for name, path in {**settings, "api_key_file": home / "keys"}.items()}
    with Server(home, {"probe": {}}, **given) as server:
        yield f"https://127.0.0.1:{server.port}"


def test_the_key_is_sent_and_the_certificate_checked(url: str, certificate: Path) -> None:
    for verify in (certificate, str(certificate), ssl.create_default_context(cafile=certificate)):
        with hub.Client(url, api_key=KEY, verify=verify) as client:
            assert client.predict("probe", text="safe")["text"] == "safe"


def test_the_environment_may_hold_the_key(
    url: str, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HUB_API_KEY", KEY)
    with hub.Client(url, verify=certificate) as client:
        assert client.predict("probe", text="safe")["text"] == "safe"


def test_no_key_or_a_wrong_one_is_an_error_of_its_own(url: str, certificate: Path) -> None:
    for key in (None, "mallory-0123456789abcdef"):
        client = hub.Client(url, api_key=key, verify=certificate)
        with client, pytest.raises(errors.UnauthorizedError, match="API key"):
            client.predict("probe")


def test_an_unknown_certificate_is_refused_at_once_unless_told_otherwise(url: str) -> None:
    with hub.Client(url, api_key=KEY) as client, pytest.raises(errors.ReplyError, match="verify=FILE"):
        client.predict("probe")
    with hub.Client(url, api_key=KEY, verify=False) as client:
        assert client.predict("probe", text="unsafe")["text"] == "unsafe"


def test_certificates_and_keys_that_cannot_be_used_are_refused(url: str, tmp_path: Path) -> None:
    (tmp_path / "none.pem").write_text("no certificate")
    for path in (tmp_path / "none.pem", tmp_path / "absent.pem"):
        with pytest.raises(errors.ConfigError, match="is not a file of certificates"):
            hub.Client(url, verify=path)
    with pytest.raises(errors.ConfigError, match="API key"):
        hub.Client(url, api_key="two\nlines")


def test_a_password_in_the_address_is_not_shown() -> None:
    client = hub.Client("http://me:secret@127.0.0.1:9")
    with client, pytest.raises(errors.UnreachableError) as caught:
        client.predict("probe")

    assert "http://127.0.0.1:9" in str(caught.value)
    assert "secret" not in str(caught.value)
