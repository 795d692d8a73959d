"""Small limits for tests."""

from __future__ import annotations

from hub.serving.gateway.admission import RequestLimits

LIMITS = RequestLimits(
    max_body=1000,
    max_inflight=3000,
    body_timeout=5.0,
    max_pixels=1000,
    max_images=3,
    max_total_pixels=2000,
    max_json_values=1000,
    allow_server_paths=False,
)
