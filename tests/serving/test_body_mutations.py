"""Bodies changed at random, alike for a seed: never a 5xx, a traceback or a hang; a 4xx says why."""

from __future__ import annotations

import base64
import codecs
import gzip
import http.client
import json
import random
import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from tests.serving import pictures
from tests.serving.running import Server

SEED = 20261130
#: Codes that a body can lead to; PaddleX's form has 422 for 400.
CODES = {200, 400, 413, 415, 422}
#: A cause is more than this many characters.
SHORTEST_CAUSE = 10
PNG = pictures.png(9, 7)
#: Takes arguments of every type, so a 500 is never its own.
VIEW = """
from hub.module import Module, moduleinfo, serving

@moduleinfo(name="view", version="1.0.0")
class View(Module):
    @serving(images=["images", "mask"])
    def view(self, images=(), mask=None, label=""):
        return {"kind": type(images).__name__, "label": label}
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """view takes pictures, probe anything, desk is a pipeline with the endpoint copy."""
    home: Path = tmp_path_factory.mktemp("home")
    (home / "module.py").write_text(VIEW)
    modules = {"view": {"init_args": {"directory": str(home)}}, "probe": {}, "desk": {}}
    with Server(home, modules, max_body_mb=1, timeout=10) as running:
        yield running


@dataclass(frozen=True)
class Sent:
    """A request: path, headers, body."""

    path: str
    body: bytes
    kind: str | None = "application/json"
    coding: str | None = None
    length: int | None = None

    def headers(self) -> dict[str, str]:
        named = {
            "Content-Type": self.kind,
            "Content-Encoding": self.coding,
            "Inference-Header-Content-Length": None if self.length is None else str(self.length),
        }
        return {name: value for name, value in named.items() if value is not None}


class Mutator:
    """Makes requests that are right, and changes most of them somewhere."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def request(self) -> Sent:
        choice = self.random.choice
        make = choice([self.json, self.json, self.endpoint, self.form, self.form, self.tensor, self.picture])
        sent = make()
        if self.random.random() < 0.3:
            sent = replace(sent, body=self.damaged(sent.body))
        if sent.kind == "application/json" and self.random.random() < 0.15:
            sent = replace(sent, kind=choice([None, "", "application/json; charset=utf-16", "text/json"]))
        if self.random.random() < 0.25:
            coding = choice(["gzip", "deflate", "x-gzip", "br", "gzip, gzip", "GZIP"])
            packed = zlib.compress(sent.body) if coding == "deflate" else gzip.compress(sent.body, mtime=0)
            body = self.damaged(packed) if self.random.random() < 0.3 else packed
            sent = replace(sent, coding=coding, body=body if self.random.random() < 0.9 else sent.body)
        return sent

    def json(self) -> Sent:
        module = self.random.choice(["view", "probe"])
        arguments: dict[str, Any] = {"images": [self.base64() for _ in range(self.random.randint(0, 2))]}
        for name in self.random.sample(["mask", "label", "image", "imgs", "paths", "extra"], 2):
            arguments[name] = self.random.choice([self.base64(), self.value(), None])
        if module == "view" and self.random.random() < 0.6:
            arguments = {"images": arguments["images"], "label": self.value()}
        return Sent(f"/predict/{module}", self.encoded(arguments))

    def endpoint(self) -> Sent:
        return Sent("/copy", self.encoded({"file": self.base64(), "other": self.value()}))

    def tensor(self) -> Sent:
        value = self.random.choice([self.base64(), PNG, self.encoded({"images": [self.base64()]}), b""])
        item = value.encode("utf-8", "surrogatepass") if isinstance(value, str) else value
        raw = struct.pack("<I", len(item)) + item
        tensor: dict[str, Any] = {
            "name": self.random.choice(["images", "input", "label", "", 7]),
            "datatype": self.random.choice(["BYTES"] * 5 + ["FP32", "UINT8", "TEXT", None]),
            "shape": self.random.choice([[1]] * 5 + [[], [1, 1], [2], "1", [-1], [10**12]]),
            "parameters": self.random.choice([{"binary_data_size": len(raw)}] * 6 + [{}, [], "a", {"x": 1}]),
        }
        whole = {"inputs": [tensor]} | self.random.choice([{}, {}, {"outputs": "results"}, {"outputs": [1]}])
        head = self.encoded(whole)
        return Sent("/v2/models/view/infer", head + raw, length=len(head))

    def form(self) -> Sent:
        parts = [self.part() for _ in range(self.random.randint(0, 3))]
        kind = self.random.choice(["multipart/form-data; boundary=sep"] * 5 + ["multipart/form-data"])
        path = self.random.choice(["/predict/view", "/predict/probe"])
        return Sent(path, b"".join(parts) + b"--sep--\r\n", kind)

    def part(self) -> bytes:
        choice = self.random.choice
        name = choice([*['; name="images"'] * 2, "; name=images", '; name="images[]"', '; name="file"', ""])
        file = choice(
            ["", '; filename=""', '; filename="a.png"', "; filename*=utf-8''%E5%9B%BE", "; filename="]
        )
        kind = choice(["", "\r\nContent-Type: image/png", "\r\nContent-Type: text/plain; charset=utf-16"])
        text = self.base64().encode("utf-8", "surrogatepass")
        head = f"--sep\r\nContent-Disposition: form-data{name}{file}{kind}\r\n\r\n"
        return head.encode() + choice([PNG, text, b"", b"3", self.damaged(PNG)]) + b"\r\n"

    def picture(self) -> Sent:
        body = self.random.choice([PNG, b"", self.damaged(PNG)])
        return Sent(self.random.choice(["/predict/view", "/predict/probe"]), body, "image/png")

    def base64(self) -> str:
        data = self.random.choice(
            [PNG, PNG, b"no picture", self.random.randbytes(self.random.randint(0, 90))]
        )
        text = base64.b64encode(data).decode()
        spell: Callable[[str], str] = self.random.choice([
            str, str, str.lower, lambda text: text.rstrip("="), lambda text: text.replace("+", " "),
            lambda text: f"DATA:image/png;base64,{text}", lambda text: f"b'{text}'", lambda text: f'"{text}',
            lambda text: base64.b64encode(text.encode()).decode(), lambda text: data.hex(),
            lambda text: text.replace("/", "%2F"), lambda text: text + "\ud800", lambda text: text[:-3] + "é",
            lambda text: "\n".join(text[at : at + 19] + " " for at in range(0, len(text), 19)),
        ])  # fmt: skip
        return spell(text)

    def value(self) -> Any:
        return self.random.choice(
            [float("nan"), float("-inf"), "\ud800", "字", [], {}, "", 0, None, [[float("nan")]], "NaN"]
        )

    def encoded(self, value: Any) -> bytes:
        """JSON in one of the encodings that json.loads reads."""
        text = json.dumps(value, ensure_ascii=self.random.random() < 0.5)
        encoding = self.random.choice(["utf-8"] * 6 + ["utf-16", "utf-16-be", "utf-32", "utf-8-sig", "gbk"])
        try:
            return text.encode(encoding, "replace" if encoding == "gbk" else "surrogatepass")
        except UnicodeEncodeError:  # utf-8-sig has no way to pass half a pair
            return codecs.BOM_UTF8 + text.encode("utf-8", "surrogatepass")

    def damaged(self, data: bytes) -> bytes:
        """Some bytes changed, taken out, or put in."""
        changed = bytearray(data)
        for _ in range(self.random.randint(1, 3)):
            at = self.random.randrange(len(changed) + 1)
            match self.random.randint(0, 2):
                case 0 if at < len(changed):
                    changed[at] = self.random.randrange(256)
                case 1:
                    del changed[at : at + self.random.randint(1, 12)]
                case _:
                    changed[at:at] = self.random.choice(
                        [b"\0", b",", b'"', b"\xff", b"NaN", b"[[", b"\r\n--sep"]
                    )
        return bytes(changed)


def cause(reply: Any) -> str:
    """The message of a reply in the form of whichever protocol."""
    return str(reply.get("msg") or reply.get("errorMsg") or reply.get("error") or "")


def run(server: Server, seed: int, requests: int) -> int:
    """Send so many; return how many were answered with 200."""
    mutator = Mutator(seed)
    pids = {name: server.runner_pids(name) for name in ("view", "probe", "desk")}
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
    right = 0
    for number in range(requests):
        sent = mutator.request()
        case = f"seed {seed}, request {number}: {sent}"
        connection.request("POST", sent.path, sent.body, sent.headers())
        reply = connection.getresponse()
        content = reply.read()
        assert reply.status in CODES, (case, content)
        answer = json.loads(content)
        if reply.status == 200:
            right += 1
        else:
            assert len(cause(answer)) >= SHORTEST_CAUSE, (case, content)
        assert "Traceback" not in content.decode(), case
    connection.close()

    assert {name: server.runner_pids(name) for name in pids} == pids
    assert "Traceback" not in server.log(), server.log()[-3000:]
    assert "Logging error" not in server.log()
    return right


def test_changed_bodies_are_read_or_refused_with_the_cause(server: Server) -> None:
    assert run(server, SEED, requests=600) > 60


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_many_changed_bodies_are_read_or_refused_with_the_cause(server: Server, seed: int) -> None:
    assert run(server, seed, requests=3000) > 300
