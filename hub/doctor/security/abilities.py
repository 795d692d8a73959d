"""Beyond calling modules: may callers name files and URLs, load modules, run code?"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from hub.doctor.finding import Finding
from hub.doctor.security.audience import Audience
from hub.errors import InvalidModuleError
from hub.module.info import read_module_info
from hub.serving.config.module_config import ModuleConfig
from hub.serving.config.server_config import ServingConfig

#: The module that fetches from public addresses only.
_GUARDED = "ocr_pipeline"


def look(config: ServingConfig, audience: Audience, folder: Path) -> Iterator[Finding]:
    yield _server_paths(config, audience)
    yield from _urls(config, audience, folder)
    yield from _trust(config, audience)
    yield _model_control(config, audience)
    yield _pages(config, audience)
    yield from _ray(config)


def _server_paths(config: ServingConfig, audience: Audience) -> Finding:
    if not config.allow_server_paths:
        return Finding("server paths", "refused")
    value = f"{audience} may have modules read, and write to, files of this machine by their paths"
    verdict = audience.verdict(for_strangers="broken", for_others="warning")
    return Finding("server paths", value, verdict, "take allow_server_paths out; callers then send files")


def _urls(config: ServingConfig, audience: Audience, folder: Path) -> Iterator[Finding]:
    fetching = [
        (name, entry) for name, entry in config.modules_info.items() if entry.init_args.get("allow_urls")
    ]
    if not fetching:
        yield Finding("URLs", "no module is told to fetch any (allow_urls)")
    for name, entry in fetching:
        if _module(name, entry, folder) == _GUARDED:
            value = f"{name} fetches files from public addresses for {audience}; private ones are refused"
            yield Finding(
                "URLs", value, "note", f"take allow_urls out of init_args of {name} to fetch nothing"
            )
            continue
        value = f"{name} fetches whatever this machine reaches, private networks included, for {audience}"
        advice = f"take allow_urls out of init_args of {name}, or let this machine reach nothing of worth"
        verdict = audience.verdict(for_strangers="broken", for_others="warning")
        yield Finding("URLs", value, verdict, advice)


def _module(name: str, entry: ModuleConfig, folder: Path) -> str:
    """Return the name of the module behind an entry."""
    if entry.directory is not None:
        with contextlib.suppress(InvalidModuleError):
            return read_module_info(folder / entry.directory).name
    return entry.installed_name or name


def _trust(config: ServingConfig, audience: Audience) -> Iterator[Finding]:
    for name, entry in config.modules_info.items():
        if entry.init_args.get("trust_callers"):
            value = f"{audience} may run any code on this machine: {name} unpickles what callers send"
            verdict = audience.verdict(for_strangers="broken", for_others="warning")
            yield Finding("trust_callers", value, verdict, f"take trust_callers out of init_args of {name}")


def _model_control(config: ServingConfig, audience: Audience) -> Finding:
    if not config.allow_model_control:
        return Finding("model control", "only `hub serving` on this machine loads and unloads modules")
    value = f"{audience} may load installed modules, and unload those that others use"
    verdict = audience.verdict(for_strangers="broken", for_others="note" if audience.has_keys else "warning")
    return Finding("model control", value, verdict, "take allow_model_control out")


def _pages(config: ServingConfig, audience: Audience) -> Finding:
    if not config.ui:
        return Finding("pages", "none")
    asks = "they hold no data, and ask for a key" if audience.has_keys else f"for {audience}"
    return Finding("pages", f'the playground at / and the API page at /docs: {asks} ("ui": false: none)')


def _ray(config: ServingConfig) -> Iterator[Finding]:
    if config.engine == "ray" and config.ray_address is not None:
        value = f"who reaches the ports of the cluster at {config.ray_address} can run code on it"
        advice = "keep them in a private network, and set RAY_AUTH_MODE=token (doc/ray.md)"
        yield Finding("Ray", value, "warning", advice)
