"""The demo of PaddleHub's serving document, with real servers: install, start in both ways, ask, stop."""

from __future__ import annotations

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.modules_own.conftest import Start
from tests.modules_own.test_lac import ANSWERS, TEXTS
from tests.serving.running import ROOT, free_port, hub

pytestmark = pytest.mark.models

EXAMPLE = ROOT / "examples" / "lac"
#: What the document shows, to the character.
PRINTED = json.dumps({"msg": "", "results": ANSWERS, "status": "0"}, indent=4, ensure_ascii=False)


def asked(port: int) -> str:
    """What the document's client prints."""
    url = f"http://127.0.0.1:{port}/predict/lac"
    command = [sys.executable, str(EXAMPLE / "client.py"), url]
    done = subprocess.run(command, text=True, capture_output=True, encoding="utf-8", timeout=60, check=True)
    return done.stdout.rstrip("\n")


@pytest.mark.parametrize("way", [pytest.param("-m", marks=pytest.mark.slow), "-c"])
def test_the_demo_of_the_document(way: str, lac_home: Path, tmp_path: Path) -> None:
    port = free_port()
    config = json.loads((EXAMPLE / "serving_config.json").read_text("utf-8"))
    assert config["port"] == 8866
    (tmp_path / "serving_config.json").write_text(json.dumps({**config, "port": port}))
    words = ["-m", "lac", "-p", str(port)] if way == "-m" else ["-c", str(tmp_path / "serving_config.json")]

    hub("install", "lac", home=lac_home, timeout=120)
    hub("serving", "start", *words, "--daemon", home=lac_home, timeout=120)
    try:
        assert asked(port) == PRINTED
    finally:
        stopped = hub("serving", "stop", "--port", str(port), home=lac_home)
    assert "PaddleHub Serving will stop." in stopped.stdout


def test_requests_that_wait_are_answered_together(start: Start, lac_home: Path) -> None:
    server = start("lac", home=lac_home)

    def ask(number: int) -> bool:
        names = ("texts", "texts", "texts", "text", "data")
        reply = server.post(
            "lac", {names[number % 5]: TEXTS, "batch_size": 1}, headers={"Connection": "close"}
        )
        return bool(reply.json()["results"] == ANSWERS)

    with ThreadPoolExecutor(16) as callers:
        assert all(callers.map(ask, range(100)))


def test_a_mistake_is_a_400_and_the_server_goes_on(start: Start, lac_home: Path) -> None:
    server = start("lac", home=lac_home)
    for body, message in (
        ({"texts": TEXTS, "use_gpu": True}, "CUDA build of Paddle"),
        ({"texts": [None]}, "`texts[0]` must be str, not null"),
        ({"texts": TEXTS, "user_dict": "/etc/passwd"}, "user_dict"),
    ):
        reply = server.post("lac", body)
        if body.get("user_dict"):  # a word of the caller's that occurs nowhere: no file is ever read
            assert reply.json()["results"] == ANSWERS
        else:
            assert (reply.status_code, reply.json()["status"]) == (400, "101")
            assert message in reply.json()["msg"]
    form = {"user_dict": ("dict.txt", "好日子/JOY\n".encode())}
    reply = server.session.post(f"{server.url}/predict/lac", files=form, data={"texts": TEXTS}, timeout=30)
    assert reply.json()["results"][0]["tag"] == ["TIME", "v", "q", "JOY"]
