"""The noop module inside Flask, as PaddleHub served modules:  ``gunicorn -w 2 benchmarks.flask_app:app``."""

from __future__ import annotations

from typing import Any

from flask import Flask, request

app = Flask(__name__)


@app.post("/predict/noop")
def predict() -> dict[str, Any]:
    """Do what benchmarks/modules/noop does, in this process."""
    body = request.get_json()
    results = {"images": len(body.get("images", ())), "text": len(body.get("text", ""))}
    return {"msg": "", "results": results, "status": "0"}


@app.get("/health")
def health() -> dict[str, Any]:
    """Answer."""
    return {}
