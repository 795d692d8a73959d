"""Count the lines of files, at a route of its own: ``POST /NAME``."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from hub import InvalidInputError
from hub.module import Module, moduleinfo, serving


@moduleinfo(
    name="NAME",
    version="0.1.0",
    summary="counts the lines of files",
    author="",
    type="example",
)
class CLASS(Module):
    # POST /NAME; the body's field "file" holds a file: base64 arrives as bytes, an http or https URL as text.
    endpoints: ClassVar = {"NAME": ("file",)}
    endpoint_schemas: ClassVar = {
        "NAME": {"type": "object", "properties": {"file": {"type": "string"}}, "required": ["file"]}
    }

    def _initialize(self) -> None:
        """Load models here. Called once in each process; the arguments are the config file's init_args."""

    @serving(thread_safe=True)
    def call_endpoint(self, endpoint: str, body: dict[str, Any]) -> dict[str, Any]:
        """Answer a request at a route of ours, with its HTTP status and the whole reply."""
        file = body.get("file")
        if not isinstance(file, bytes):
            raise InvalidInputError("file must be a file in base64")
        result = {"lines": len(file.splitlines())}
        reply = {"logId": str(uuid.uuid4()), "errorCode": 0, "errorMsg": "Success", "result": result}
        return {"http_status": 200, "reply": reply}
