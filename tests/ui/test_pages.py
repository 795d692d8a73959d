"""What is served at /, /ui, /docs and /api/modules, and to whom."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import requests

from hub.serving.gateway.ui import STATIC, SWAGGER_FILES
from tests.serving.running import Server
from tests.ui.conftest import own

BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
KEY = "0123456789abcdef-secret"


def test_a_browser_gets_the_page_and_a_script_gets_text(server: Server) -> None:
    page = requests.get(server.url, headers=BROWSER, timeout=10)
    text = requests.get(server.url, timeout=10)

    assert "<html" in page.text
    assert text.headers["Content-Type"].startswith("text/plain")
    assert "POST /predict/boxes    2.0.0  READY" in text.text


def test_post_to_the_root_stays_harmless(server: Server) -> None:
    reply = requests.post(server.url, json={"images": ["x"]}, headers=BROWSER, timeout=10)

    assert (reply.status_code, reply.headers["Content-Type"].split(";")[0]) == (200, "text/plain")


def test_the_playground_weighs_less_than_300_kb() -> None:
    assert sum(path.stat().st_size for path in STATIC.iterdir()) < 300_000


def test_nothing_comes_from_another_host_and_nothing_is_inline() -> None:
    for path in [path for path in STATIC.iterdir() if path.suffix in (".html", ".js", ".css", ".svg")]:
        text = path.read_text().replace("http://www.w3.org/2000/svg", "").replace("http://192.168.…", "")
        assert not re.search(r"https?://|\bon\w+=\"|style=\"|<script>|innerHTML|eval\(", text), path.name


def test_every_file_that_the_page_names_is_there(server: Server) -> None:
    seen: set[str] = set()
    waiting = ["ui/app.js", *re.findall(r'(?:href|src)="(ui/[^"]+)"', (STATIC / "index.html").read_text())]
    while waiting:
        path = waiting.pop()
        reply = requests.get(f"{server.url}/{path}", timeout=10)
        assert reply.status_code == 200, path
        seen.add(path)
        if path.endswith(".js"):
            assert reply.headers["Content-Type"] == "text/javascript; charset=utf-8"
            found = [f"ui/{name}" for name in re.findall(r'from "\./([^"]+)"', reply.text)]
            waiting += [name for name in found if name not in seen]

    assert len(seen) > 10


def test_the_page_forbids_everything_but_its_own_files(server: Server) -> None:
    policy = requests.get(server.url, headers=BROWSER, timeout=10).headers["Content-Security-Policy"]

    assert "default-src 'none'" in policy
    assert "unsafe" not in policy


def test_a_file_that_the_browser_has_is_not_sent_again(server: Server) -> None:
    first = requests.get(f"{server.url}/ui/app.js", timeout=10)
    again = requests.get(
        f"{server.url}/ui/app.js", headers={"If-None-Match": first.headers["ETag"]}, timeout=10
    )

    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize("path", ["/ui/nothing", "/ui/..%2fapp.py", "/ui/%2e%2e/app.py", "/ui/"])
def test_only_known_files_are_served(server: Server, path: str) -> None:
    assert requests.get(server.url + path, timeout=10).status_code == 404


def test_swagger_ui_comes_from_this_server(server: Server) -> None:
    page = requests.get(f"{server.url}/docs", headers=BROWSER, timeout=10).text

    for name in SWAGGER_FILES:
        assert f'"ui/{name}"' in page
        assert requests.get(f"{server.url}/ui/{name}", timeout=10).status_code == 200


def test_the_listing_tells_what_a_form_needs(server: Server) -> None:
    listing = server.get("/api/modules").json()
    modules = {module["name"]: module for module in listing["modules"]}
    texts = modules["tagger"]["parameters"][0]

    assert listing["server"]["max_images"] == 64
    assert modules["tagger"]["summary"] == "tags words by their looks"
    assert modules["tagger"]["example"] == {"texts": ["HubServing 2026 in Beijing", "I like it"]}
    assert texts["schema"] == {
        "type": "array",
        "items": {"type": "string"},
        "description": "the texts, each a string of any length.",
    }
    assert modules["boxes"]["parameters"][0]["is_image"]
    assert (modules["broken"]["state"], modules["broken"]["parameters"]) == ("FAILED", [])
    assert "the weights are missing" in modules["broken"]["reason"]


def test_with_keys_the_pages_are_open_and_tell_nothing(home: Path) -> None:
    home.mkdir()
    keys = home / "keys"
    keys.write_text(f"me:{KEY}\n")
    with Server(home, own("tagger"), api_key_file=str(keys)) as server:
        for path in ("/", "/docs", "/ui/app.js"):
            reply = requests.get(server.url + path, headers=BROWSER, timeout=10)
            assert reply.status_code == 200
            assert "tagger" not in reply.text.replace("tagger's", "")
        for path in ("/", "/api/modules", "/openapi.json"):
            assert requests.get(server.url + path, timeout=10).status_code == 401
            reply = requests.get(server.url + path, headers={"X-API-Key": KEY}, timeout=10)
            assert (reply.status_code, "tagger" in reply.text) == (200, True)


def test_without_ui_there_are_no_pages(home: Path) -> None:
    with Server(home, own("tagger"), ui=False) as server:
        index = requests.get(server.url, headers=BROWSER, timeout=10)

        assert index.headers["Content-Type"].startswith("text/plain")
        assert requests.get(f"{server.url}/docs", headers=BROWSER, timeout=10).status_code == 404
        assert requests.get(f"{server.url}/ui/app.js", timeout=10).status_code == 404
        assert server.get("/openapi.json").status_code == 200
