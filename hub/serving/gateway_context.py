"""[2] What every request handler needs, in one object that hangs on the Flask app."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from flask import current_app

from hub.serving.config import ServingConfig
from hub.serving.dispatcher import Dispatcher
from hub.serving.guards import Admission, Limits
from hub.serving.keys import KeyRing
from hub.serving.metrics import RequestMetrics
from hub.serving.state import StateReader

EXTENSION = "hub"


@dataclass(frozen=True)
class Gateway:
    """One HTTP worker's collaborators."""

    config: ServingConfig
    states: StateReader
    dispatcher: Dispatcher
    limits: Limits
    admission: Admission
    keys: KeyRing
    metrics: RequestMetrics
    run_dir: Path


def gateway() -> Gateway:
    """The object of the app that handles the current request."""
    found: Gateway = current_app.extensions[EXTENSION]
    return found


def limits_of(config: ServingConfig) -> Limits:
    return Limits(
        max_body=int(config.max_body_mb * 1e6),
        max_inflight=int(config.max_inflight_mb * 1e6),
        body_timeout=config.body_timeout,
        max_pixels=config.max_pixels,
        max_images=config.max_images,
        allow_server_paths=config.allow_server_paths,
    )
