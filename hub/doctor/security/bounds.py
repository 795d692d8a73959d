"""How much callers may take, and what the log keeps of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from hub.doctor.finding import Finding
from hub.doctor.security.audience import Audience
from hub.serving.config import memory
from hub.serving.config.server_config import ServingConfig


def look(config: ServingConfig, audience: Audience, _: Path) -> Iterator[Finding]:
    yield _limits(config)
    yield _memory(config, audience)
    yield _log(config)


def _limits(config: ServingConfig) -> Finding:
    total_pixels = config.max_total_pixels or 2 * config.max_pixels
    value = (
        f"a body {config.max_body_mb:g} MB, all bodies {config.max_inflight_mb:g} MB, "
        f"{config.max_images} images of {config.max_pixels} pixels, {total_pixels} in all, "
        f"{config.max_json_values} values of JSON, {config.timeout:g} s"
    )
    if config.max_body_mb > config.max_inflight_mb:
        advice = "raise max_inflight_mb, or lower max_body_mb: the largest bodies are always refused (503)"
        return Finding("limits", value, "warning", advice)
    return Finding("limits", value)


def _memory(config: ServingConfig, audience: Audience) -> Finding:
    whole, runner = memory.whole_mb(config.memory_limit_mb), config.runner_memory_limit_mb
    others = memory.beside_runners_mb(config.max_inflight_mb, config.max_json_values, config.pdf_memory_mb)
    value = f"{whole:.0f} MB in all; everything but runners may take {others:.0f} MB"
    if runner is not None:
        value += f", a runner {runner} MB"
    if others + (runner if runner and config.memory_limit_mb else 0) > whole:
        advice = (
            "lower max_body_mb and max_inflight_mb, or leave out what you have set; doc/tuning.md adds it up"
        )
        return Finding("memory", value, "warning", advice)
    if runner is None:
        advice = (
            "a request may take what there is: memory_limit_mb, or runner_memory_limit_mb, bounds a runner"
        )
        return Finding("memory", value, audience.verdict(), advice)
    return Finding("memory", value)


def _log(config: ServingConfig) -> Finding:
    if config.access_log:
        return Finding("log", "a line for each request, with the name of its key; never with a key")
    return Finding(
        "log", "who called, and when, is not kept", "note", "access_log keeps a line for each request"
    )
