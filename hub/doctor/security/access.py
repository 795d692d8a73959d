"""Who gets in: address, keys, TLS, browsers, and the other ports."""

from __future__ import annotations

import ssl
import stat
from collections.abc import Iterator
from pathlib import Path

from hub.doctor.finding import Finding
from hub.doctor.security.audience import Audience, place
from hub.errors import ConfigError
from hub.serving.config.api_keys import read_api_keys
from hub.serving.config.server_config import ServingConfig

_ALL_NETWORKS = ("0.0.0.0", "::", "")
_ASK_FOR_KEYS = "api_key_file asks for a key"


def look(config: ServingConfig, audience: Audience, folder: Path) -> Iterator[Finding]:
    yield _host(config, audience)
    yield from _keys(config, audience, folder)
    yield from _tls(config, audience, folder)
    yield _browsers(config, audience)
    if audience.has_strangers:
        value = "a name of a stranger's that leads here (DNS rebinding) is taken for this server's own"
        advice = f"pages may then call through a visitor's browser; {_ASK_FOR_KEYS}, which no page has"
        yield Finding("names", value, "note", advice)
    if config.metrics_port is not None:
        yield _metrics_port(config, audience, config.metrics_port)
    if config.grpc_port is not None:
        yield _grpc_port(config, audience, config.grpc_port)


def _host(config: ServingConfig, audience: Audience) -> Finding:
    if audience.is_local:
        proxy = f", and whom a proxy for {', '.join(config.allowed_hosts)} lets in" * bool(
            config.allowed_hosts
        )
        return Finding("host", f"{audience.place}: users and programs of this machine{proxy}")
    reach = "every network of this machine" if config.host in _ALL_NETWORKS else "the network of that address"
    advice = 'behind a proxy on this machine "host": "127.0.0.1" is enough'
    if config.host in _ALL_NETWORKS:
        advice = f"the address of one network is narrower; {advice}"
    return Finding("host", f"{audience.place}: {reach}", "note", advice)


def _keys(config: ServingConfig, audience: Audience, folder: Path) -> Iterator[Finding]:
    if config.api_key_file is None:
        yield Finding("keys", f"none: {audience} may call", audience.verdict(), _ASK_FOR_KEYS)
        return
    path = folder / config.api_key_file
    try:
        names = read_api_keys(path)
    except (ConfigError, ValueError) as error:
        advice = "the server does not start with it; one that runs keeps the keys of before"
        yield Finding("keys", str(error), "broken", advice)
        return
    yield Finding("keys", f"{len(names)}, of {', '.join(names)}; health checks and pages need none")
    mode = path.stat().st_mode
    advice = f"chmod go-rwx {config.api_key_file}, or 0640 with a group that only the server is in"
    if mode & (stat.S_IWGRP | stat.S_IWOTH):
        yield Finding(
            "key file", f"others may write to {config.api_key_file}, and add a key", "broken", advice
        )
    elif mode & stat.S_IROTH:
        yield Finding(
            "key file", f"every user of this machine can read {config.api_key_file}", "warning", advice
        )


def _tls(config: ServingConfig, audience: Audience, folder: Path) -> Iterator[Finding]:
    if config.certfile is None and config.keyfile is None:
        yield _no_tls(audience)
        return
    try:
        if config.certfile is None:
            raise ssl.SSLError("keyfile is given without certfile")
        key = folder / (config.keyfile or config.certfile)
        ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(folder / config.certfile, key)
    except OSError as error:  # ssl.SSLError is one
        yield Finding("TLS", f"{config.certfile}: {error}", "broken", "the server does not start with it")
        return
    yield Finding("TLS", f"with {config.certfile}")
    if key.stat().st_mode & stat.S_IROTH:
        value = f"every user of this machine can read {config.keyfile or config.certfile}"
        advice = "whoever has it can pose as this server; chmod o-rwx it"
        yield Finding("private key", value, "warning", advice)


def _no_tls(audience: Audience) -> Finding:
    if audience.is_local:
        return Finding("TLS", "none; plain HTTP does not leave this machine")
    reads = "who can listen on the network reads requests and replies"
    advice = 'certfile and keyfile, or TLS in a proxy and "host": "127.0.0.1"'
    if audience.has_keys:
        return Finding("TLS", f"none: {reads}, and has the keys", "warning", advice)
    return Finding("TLS", f"none: {reads}", "note", advice)


def _browsers(config: ServingConfig, audience: Audience) -> Finding:
    origins = config.cors_origins
    if {"*", "null"} & {*origins}:  # "null": a file, or a frame without an origin; anybody can make one
        able = "call, with a key that they have" if audience.has_keys else "call and read the replies"
        value = f"pages of anybody may {able} (cors_origins {', '.join(origins)})"
        advice = "a page reaches what its visitor reaches: name the origins of your own pages in cors_origins"
        return Finding("browsers", value, "note" if audience.has_keys else "warning", advice)
    own = ", ".join(("its own", *(f"those of {name}" for name in config.allowed_hosts)))
    if origins:
        return Finding(
            "browsers", f"pages may send requests: {own}; and read replies: {', '.join(origins)}", "note"
        )
    strangers = ", and strange names in Host" * audience.is_local
    return Finding("browsers", f"pages that may send requests: {own}; 403 for others{strangers}")


def _metrics_port(config: ServingConfig, audience: Audience, port: int) -> Finding:
    where = place(config, port)
    if audience.is_local:
        return Finding("metrics_port", f"{where}: health and metrics, for this machine")
    value = f"{where}: names of modules and figures without a key or TLS, for everybody who reaches it"
    return Finding("metrics_port", value, "warning", f"close port {port} to other networks in the firewall")


def _grpc_port(config: ServingConfig, audience: Audience, port: int) -> Finding:
    keys = "with the same keys" if audience.has_keys else "without a key"
    value = f"{place(config, port)}: {keys}, {'with' if config.certfile else 'without'} TLS"
    if audience.is_local or (audience.has_keys and config.certfile):
        return Finding("grpc_port", value)
    advice = "what is said of keys and TLS goes for this port, too; a proxy for HTTP does not cover it"
    return Finding("grpc_port", value, "warning", advice)
