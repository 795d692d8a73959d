"""Serves any PaddleX pipeline by PaddleX's own code: ``POST /ocr``, ``/object-detection``, ….

The routes, what a request and a reply look like, and PaddleX's errors are those of its own server, because
its application answers. Processes, limits, metrics and restarts are HubServing's.
"""

from __future__ import annotations

import contextlib
import json
import uuid
from collections.abc import Mapping
from typing import Any

from hub.errors import ConfigError, InvalidInputError
from hub.module import Module, moduleinfo, serving

from .asgi import InProcess
from .guards import refusal, untrusted
from .indexes import CHANGING
from .older_form import translated
from .pipeline import Options, build


@moduleinfo(
    name="paddlex_pipeline",
    version="1.1.0",
    summary="serves any pipeline of the package paddlex, at PaddleX's own routes",
    type="pipeline",
)
class PaddleXPipeline(Module):
    def _initialize(
        self,
        pipeline: str | Mapping[str, Any] | None = None,
        device: str | None = None,
        use_gpu: bool = False,
        allow_urls: bool = False,
        trust_callers: bool = False,
        **options: Any,
    ) -> None:
        """Build the pipeline.

        Args:
            pipeline: a name of PaddleX's (``image_classification``), a YAML file, or what would be in one.
            device: as for PaddleX: cpu, gpu:0, npu:0, …; by default the one that the server gave this runner.
            use_gpu: the server gave it a card.
            allow_urls: fetch files that a request names by address. PaddleX fetches from anywhere.
            trust_callers: open /bev-3d-object-detection, whose callers can run any code on this machine.
            options: engine, engine_config, use_hpip, hpi_config, font, mend (sic); see ``Options``.

        Raises:
            EngineError: paddlex is not installed, or cannot build the pipeline.
            ConfigError: no pipeline is named, or there is none of that name.
        """
        if not pipeline:
            raise ConfigError(
                "paddlex_pipeline: no pipeline; set pipeline in init_args of the config file to a name of "
                "PaddleX's, such as image_classification, or to a YAML file"
            )
        for name, value in (("allow_urls", allow_urls), ("trust_callers", trust_callers)):
            if not isinstance(value, bool):
                raise ConfigError(f"paddlex_pipeline: {name} = {value!r}; it is true or false")
        try:
            wanted = Options(pipeline, _device(device, use_gpu), **options)
        except TypeError as error:
            raise ConfigError(f"paddlex_pipeline: {error}; init_args are those of its README") from error
        self.allow_urls = allow_urls
        self.trust_callers = trust_callers
        built = build(wanted)
        self.endpoints = dict.fromkeys(built.routes, ())
        self.once = tuple(route for route in built.routes if route.endswith(CHANGING))
        self._application = InProcess(built.application)
        self._indexes = built.indexes
        self._signer = built.signer

    @serving
    def call_endpoint(self, endpoint: str, body: dict[str, Any]) -> dict[str, Any]:
        """Answer a request as PaddleX's own server does.

        Args:
            endpoint: a route of the pipeline, without its slash.
            body: the request's JSON object.

        Returns:
            ``{"http_status": 200, "reply": {…}}``.
        """
        if endpoint not in self.endpoints:
            raise InvalidInputError(f"no route {endpoint!r}; there are {', '.join(self.endpoints)}")
        if not isinstance(body, dict):
            raise InvalidInputError(f"body must be a JSON object, not {type(body).__name__}")
        refused = (
            untrusted(endpoint, trust_callers=self.trust_callers)
            or refusal(body, allow_urls=self.allow_urls)
            or self._signer.refusal(body)
        )
        if refused is not None:
            return {"http_status": 422, "reply": _error(body, 422, refused)}
        changing = self._indexes.changing(endpoint, body) if self._indexes else contextlib.nullcontext()
        with changing:
            sent = json.dumps(translated(endpoint, body)).encode()
            status, reply = self._application.post(f"/{endpoint}", sent)
        answer = json.loads(reply)
        self._signer.sign(answer)
        return {"http_status": status, "reply": answer}


def _device(device: str | None, use_gpu: bool) -> str:
    """Return PaddleX's name of the device. A runner that was given a card sees that one only, as number 0."""
    if use_gpu and (device is None or device.partition(":")[0] == "gpu"):
        return "gpu:0"
    return device or "cpu"


def _error(body: Mapping[str, Any], code: int, message: str) -> dict[str, Any]:
    """Return PaddleX's envelope of an error."""
    log_id = body.get("logId")
    return {
        "logId": log_id if isinstance(log_id, str) and log_id else str(uuid.uuid4()),
        "errorCode": code,
        "errorMsg": message,
    }
