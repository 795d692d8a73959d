"""A pipeline of two endpoints: `copy` says what it got, `plain` takes no files and must not run twice."""

import time
from pathlib import Path

from hub.errors import InvalidInputError
from hub.module import Module, moduleinfo, serving


@moduleinfo(name="desk", version="1.0.0")
class Desk(Module):
    def _initialize(self, endpoints=None, wait_for=None):
        self.endpoints = endpoints or {"copy": ("file", "image"), "plain": ()}
        self.once = () if endpoints else ("plain",)
        while wait_for and not Path(wait_for).exists():
            time.sleep(0.02)

    @serving(thread_safe=True)
    def call_endpoint(self, endpoint, body):
        time.sleep(body.get("sleep", 0.0))
        wish = body.get("wish")
        if wish == "teapot":
            return {"http_status": 418, "reply": {"logId": "mine", "errorCode": 418, "errorMsg": "a teapot"}}
        if wish == "refuse":
            raise InvalidInputError("not that")
        if wish == "raise":
            raise RuntimeError("broken")
        if wish == "bare":
            return [1]
        seen = {
            name: f"{len(value)} bytes" if isinstance(value, bytes) else value for name, value in body.items()
        }
        result = {"endpoint": endpoint, "body": seen}
        return {"http_status": 200, "reply": {"errorCode": 0, "errorMsg": "Success", "result": result}}
