"""``hub mcp`` with the SDK's own client: over stdio and over HTTP, of a server and of modules by name."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anyio
import pytest

pytest.importorskip("mcp")
from mcp import Client
from mcp.client.stdio import StdioServerParameters, stdio_client
from mcp.client.streamable_http import streamable_http_client

from tests.serving.running import ROOT, Server, environment, free_port, hub, wait_until

MODULES = ROOT / "tests" / "modules"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    served = {
        "qrcode": {"init_args": {"directory": str(ROOT / "modules" / "qrcode")}},
        "say_annotated": {"init_args": {"directory": str(MODULES / "say_annotated")}},
    }
    with Server(tmp_path_factory.mktemp("home"), served) as running:
        yield running


def over_stdio(*words: str, home: Path, work: Any) -> Any:
    """Start ``hub mcp`` as a program does that has tools, and do the work with its client."""
    parameters = StdioServerParameters(
        command=sys.executable, args=["-m", "hub", "mcp", *words], env=environment(home)
    )

    async def run() -> Any:
        async with Client(stdio_client(parameters)) as client:
            return await work(client)

    return anyio.run(run)


def text_of(result: Any) -> str:
    (content,) = result.content
    return str(content.text)


def test_each_module_of_a_server_is_a_tool_with_its_schema(server: Server, tmp_path: Path) -> None:
    async def work(client: Any) -> Any:
        return (await client.list_tools()).tools

    tools = {tool.name: tool for tool in over_stdio(server.url, home=tmp_path, work=work)}
    assert sorted(tools) == ["qrcode", "say_annotated"]
    assert tools["say_annotated"].input_schema["properties"]["times"]["maximum"] == 9
    assert "path" in str(tools["qrcode"].input_schema)


def test_a_picture_is_given_by_its_path_and_a_mistake_is_told(server: Server, tmp_path: Path) -> None:
    picture = tmp_path / "code.png"
    example = json.loads((ROOT / "modules" / "qrcode" / "example_request.json").read_text("utf-8"))
    import base64

    picture.write_bytes(base64.b64decode(example["images"][0]))

    async def work(client: Any) -> Any:
        read = await client.call_tool("qrcode", {"images": [str(picture)]})
        wrong = await client.call_tool("say_annotated", {"texts": ["a"], "times": 10})
        return read, wrong

    read, wrong = over_stdio(server.url, home=tmp_path, work=work)
    assert json.loads(text_of(read))[0][0]["text"]
    assert wrong.is_error and "`times` must be int from 1 up to 9" in text_of(wrong)


def test_a_module_by_name_is_served_and_gone_afterwards(tmp_path: Path) -> None:
    hub("install", str(MODULES / "say_annotated"), home=tmp_path)

    async def work(client: Any) -> Any:
        return await client.call_tool("say_annotated", {"texts": "a", "times": 2})

    assert text_of(over_stdio("say_annotated", home=tmp_path, work=work)) == '["aa"]'
    wait_until(lambda: not list((tmp_path / "conf").glob("serving_*.json")))


def test_over_http_the_callers_key_is_sent_on(tmp_path: Path) -> None:
    keys = tmp_path / "keys"
    keys.write_text("me:a-key-of-the-test\n")
    keys.chmod(0o600)
    served = {"say_annotated": {"init_args": {"directory": str(MODULES / "say_annotated")}}}
    with Server(tmp_path / "home", served, api_key_file=str(keys)) as server:
        port = free_port()
        command = [sys.executable, "-m", "hub", "mcp", server.url, "--http", str(port)]
        process = subprocess.Popen(command, env=environment(tmp_path / "home"))
        try:
            assert text_of(anyio.run(_with_key, port, "a-key-of-the-test")) == '["a"]'
            assert "key" in text_of(anyio.run(_with_key, port, "another-key"))
        finally:
            process.terminate()
            process.wait(30)


async def _with_key(port: int, key: str) -> Any:
    import httpx2

    deadline = time.monotonic() + 60
    while True:
        try:
            async with httpx2.AsyncClient(headers={"Authorization": f"Bearer {key}"}) as http:
                transport = streamable_http_client(f"http://127.0.0.1:{port}/mcp", http_client=http)
                async with Client(transport) as client:
                    return await client.call_tool("say_annotated", {"texts": "a"})
        except* httpx2.ConnectError:
            if time.monotonic() > deadline:
                raise
        await anyio.sleep(0.2)


def test_two_urls_are_refused_in_one_line(tmp_path: Path) -> None:
    done = hub("mcp", "http://a", "http://b", home=tmp_path, check=False)
    assert done.returncode == 2 and "give one server's URL" in done.stderr
