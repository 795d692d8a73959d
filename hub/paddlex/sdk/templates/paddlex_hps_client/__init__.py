"""Send a JSON body to a model of a server that speaks the Open Inference Protocol, and get JSON back.

    client = connect("localhost:8001")               # gRPC, needs tritonclient[grpc]
    client = connect("http://localhost:8000")        # HTTP, needs nothing
    reply = triton_request(client, "ocr_system", {"images": [utils.prepare_input_file("page.jpg")]})

Runs on Python 3.8 and newer. A gRPC client of tritonclient may be passed, too.
"""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import Any, Dict, Optional

from paddlex_hps_client import utils

__all__ = ["HTTPClient", "ServingError", "connect", "triton_request", "utils"]

_TIMEOUT_S = 300.0


class ServingError(Exception):
    """The server refused the request or cannot be reached; the message is for the person who asked."""


class HTTPClient:
    """``/v2`` over HTTP by the standard library; ``headers`` go with every request."""

    def __init__(self, url: str, headers: Optional[Dict[str, str]] = None) -> None:
        self.url = url.rstrip("/")
        self.headers = headers or {}

    def request(self, model_name: str, body: str, timeout: float = _TIMEOUT_S) -> str:
        """Send a text as the model's tensor ``input``; return the text of its ``output``."""
        tensor = {"name": "input", "datatype": "BYTES", "shape": [1, 1], "data": [body]}
        data = json.dumps({"inputs": [tensor], "outputs": [{"name": "output"}]}).encode()
        headers = dict(self.headers, **{"Content-Type": "application/json"})
        call = urllib.request.Request(self.url + "/v2/models/" + model_name + "/infer", data, headers)
        try:
            with urllib.request.urlopen(call, timeout=timeout) as reply:
                answer = json.load(reply)
        except urllib.error.HTTPError as error:
            raise ServingError("{} {}".format(error.code, _message(error.read()))) from error
        except OSError as error:
            raise ServingError("{} cannot be reached: {}".format(self.url, error)) from error
        return str(answer["outputs"][0]["data"][0])


def connect(url: str, key: Optional[str] = None) -> Any:
    """Return a client for ``http(s)://HOST:PORT`` or, without a scheme, for gRPC at ``HOST:PORT``."""
    if url.startswith(("http://", "https://")):
        return HTTPClient(url, {"Authorization": "Bearer " + key} if key else None)
    try:
        from tritonclient import grpc
    except ImportError as error:
        raise SystemExit(
            "gRPC needs tritonclient: pip install -r requirements.txt; or use --url http://HOST:8000"
        ) from error
    client = grpc.InferenceServerClient(url=url)
    if key:
        from tritonclient.grpc.auth import BearerAuth  # type: ignore[import-not-found, unused-ignore]

        client.register_plugin(BearerAuth(key))
    return client


def triton_request(
    client: Any, model_name: str, data: Any, *, request_kwargs: Optional[Dict[str, Any]] = None
) -> Any:
    """Send ``data`` as JSON to the model's tensor ``input``; return the JSON of its ``output``.

    ``request_kwargs`` go to the client's own call. Raises ServingError.
    """
    body = json.dumps(data, ensure_ascii=False)
    options = request_kwargs or {}
    if isinstance(client, HTTPClient):
        return json.loads(client.request(model_name, body, **options))
    return json.loads(_over_grpc(client, model_name, body, options))


def _over_grpc(client: Any, model_name: str, body: str, options: Dict[str, Any]) -> str:
    import numpy as np
    from tritonclient import grpc
    from tritonclient.utils import InferenceServerException

    tensor = grpc.InferInput("input", [1, 1], "BYTES")
    tensor.set_data_from_numpy(np.array([[body.encode("utf-8")]], dtype=np.object_))
    wanted = [grpc.InferRequestedOutput("output")]
    try:
        result = client.infer(model_name, inputs=[tensor], outputs=wanted, **options)
    except InferenceServerException as error:
        raise ServingError("{} {}".format(error.status(), error.message())) from error
    text: bytes = result.as_numpy("output").reshape(-1)[0]
    return text.decode("utf-8")


def _message(body: bytes) -> str:
    try:
        return str(json.loads(body.decode("utf-8"))["error"])
    except (ValueError, KeyError, TypeError):
        return body.decode("utf-8", "replace")[:500]
