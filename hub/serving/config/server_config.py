"""A server's settings: config.json, the command line and ``HUB_*``, validated into one frozen object.

Precedence: a config file (or the command line) over the environment over the defaults. Keys are
PaddleHub's, and ours. Every mistake is a ConfigError that names the key, the value and what is allowed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError, ValidationInfo, field_validator

from hub import extras, settings, validation
from hub.address import bare
from hub.envelope import StatusStyle
from hub.errors import ConfigError
from hub.serving.config import hps, memory
from hub.serving.config import ray as ray_options
from hub.serving.config.base import Settings
from hub.serving.config.config_file import read_keys as read_keys
from hub.serving.config.module_config import Card, CommaList, ModuleConfig, PositiveInt, Seconds
from hub.serving.config.ray import Address
from hub.serving.messages import atomic_json, message

Port = Annotated[int, Field(ge=1, le=65535)]
JobSeconds = Annotated[float, Field(gt=0, le=365 * 86400)]


class ServingConfig(Settings):
    """Everything a server can be told."""

    modules_info: dict[str, ModuleConfig] = Field(min_length=1)
    """The modules: for each name at /predict/<name> the settings of the next table, or {}."""
    engine: Literal["local", "ray"] = "local"
    """Where modules run: in processes of this machine, or as Ray Serve applications (extra `ray`)."""
    ray_address: Address | None = None
    """`auto` or `host:port` of a Ray cluster; without, engine ray starts a Ray instance of its own."""
    ray_modules: Literal["archive", "shared"] | None = None
    """How modules reach a cluster's nodes: sent there as an archive (default), or at the same paths there."""
    host: str = "127.0.0.1"
    """The address to listen on; 0.0.0.0 lets other machines in, :: those with IPv6, too."""
    port: Port = 8866
    """The port to listen on."""
    threads: PositiveInt | None = None
    """Cores that the runners of a module share; all that this process may use unless given."""
    use_gpu: bool = False
    """One runner for each card, instead of the CPU."""
    gpu: Annotated[tuple[Card, ...], CommaList] = ()
    """With use_gpu, the cards: "0,1,2"; the first unless given."""
    use_multiprocess: bool = False
    """Several runners per module, which share the cores."""
    workers: PositiveInt | None = None
    """Runners per module with ``use_multiprocess``; 2 * cores - 1 unless given."""
    status_style: StatusStyle = "1.x"
    """"1.x": success is "0" and errors have their HTTP codes. "2.x": "000", and 101/111/112 come with 200."""
    http_workers: Annotated[int, Field(ge=1, le=64)] | None = None
    """Processes that speak HTTP; they load no model. One for each four cores that the server may use, from 1
    to 4, unless given."""
    http_threads: PositiveInt | None = None
    """Threads per HTTP worker, for what is not small; enough for all that may queue and run unless given."""
    timeout: Seconds = 60.0
    """Seconds until a request is answered 504; a caller may shorten it with X-Request-Timeout. Each
    item of a stream has as long."""
    load_timeout: Seconds = 300.0
    """Seconds that a module may take to load."""
    graceful_timeout: Seconds = 60.0
    """Seconds that running requests get to finish when the server or a runner is stopped; a stream ends with
    an error then."""
    hang_timeout: Seconds | None = None
    """Seconds busy with one batch after which a runner is replaced, and of a stream in all; twice the timeout
    unless given."""
    body_timeout: Seconds = 60.0
    """Seconds a request's body may take to arrive (408)."""
    reply_timeout: Seconds = 60.0
    """Seconds a caller may take to receive its reply, or an item of a stream; then the connection ends."""
    keepalive: Seconds = 75.0
    """Seconds that a connection without a request is kept; longer than a load balancer keeps its own."""
    max_body_mb: Annotated[float, Field(gt=0)] = memory.MAX_BODY_MB
    """The largest body of a request, in MB (413)."""
    max_inflight_mb: Annotated[float, Field(gt=0)] = memory.MAX_INFLIGHT_MB
    """All bodies at once, in MB (503)."""
    max_pixels: PositiveInt = settings.DEFAULT_MAX_PIXELS
    """Pixels of one image, by its header; PaddleX's limit."""
    max_images: PositiveInt = 64
    """Images of one request (413)."""
    max_total_pixels: PositiveInt | None = None
    """Pixels of all images of one request (413); twice max_pixels unless given."""
    max_json_values: PositiveInt = memory.MAX_JSON_VALUES
    """Lists, objects and commas in the JSON of one request (400); each is up to 200 bytes of memory."""
    allow_server_paths: bool = False
    """Let clients name files of the server (`paths`, `save_path`, …)."""
    max_requests: PositiveInt | None = None
    """A runner is replaced after this many requests; never unless given."""
    memory_limit_mb: Annotated[int, Field(ge=256)] | None = None
    """Memory of the whole server, from which limits that are not given follow; the container's limit,
    or the machine's memory, unless given."""
    max_memory_mb: PositiveInt | None = None
    """A runner is replaced above this much memory (PSS), looked at every 15 s; never unless given."""
    runner_memory_limit_mb: PositiveInt | None = None
    """A runner is killed above this much memory (PSS), looked at four times a second; what is left of
    memory_limit_mb, or three quarters of a container's limit, unless given."""
    pdf_memory_mb: PositiveInt = memory.PDF_MEMORY_MB
    """Memory for rendering the pages of a PDF, which happens in a process of its own (422)."""
    metrics_port: Port | None = None
    """A second port for /metrics and /health, answered by a process of its own."""
    grpc_port: Port | None = None
    """A port for the Open Inference Protocol over gRPC, answered by a process of its own (extra `grpc`)."""
    grpc_max_streams: PositiveInt | None = None
    """gRPC streams at once; as many messages of max_body_mb as max_inflight_mb has room for unless given."""
    model_repo: Path | None = None
    """A folder in Triton's layout: `<module>/config.pbtxt`, or `config_<cpu or gpu>.pbtxt`."""
    paddlex_errors: bool = False
    """Answer unknown routes in PaddleX's form; so do `--pipeline` and a server all of whose modules have
    endpoints."""
    watch: bool = False
    """Load a module that is served from a folder again when a file of it changes; for authors."""
    jobs: bool = False
    """Start the process that runs jobs with the server, not at the first job."""
    jobs_dir: Path | None = None
    """The folder of jobs, which has one for each port; `$HUB_HOME/jobs` unless given."""
    job_pages: PositiveInt = 1
    """Pages of jobs per runner that are in a module's queue at once."""
    max_job_mb: Annotated[float, Field(gt=0)] = 1024
    """The largest body of a job, in MB (413); it goes to disk as it comes."""
    max_jobs: PositiveInt = 1000
    """Jobs that are not done yet (429)."""
    max_jobs_gb: Annotated[float, Field(gt=0)] = 10
    """All jobs with their results on the disk, in GB (507)."""
    job_ttl: JobSeconds = 86400.0
    """Seconds that a job and its result are kept after its end."""
    runtime_dir: Path | None = None
    """The folder for the server's sockets and counters; the temporary folder (TMPDIR) unless given."""
    allow_model_control: bool = False
    """Let clients load and unload modules by `/v2/repository/models/…`."""
    api_key_file: Path | None = None
    """A file with one `name:key` per line; requests then need one of the keys."""
    certfile: Path | None = None
    """The TLS certificate, with its chain, as PEM."""
    keyfile: Path | None = None
    """Its private key, as PEM."""
    allowed_hosts: Annotated[tuple[str, ...], CommaList] = ()
    """Names, `host` or `host:port`, under which browsers may reach this server, such as a proxy's (403)."""
    cors_origins: Annotated[tuple[str, ...], CommaList] = ()
    """Web origins that browsers may call from; "*" for all."""
    ui: bool = True
    """The playground at / and the API page at /docs."""
    access_log: bool = True
    """A line in the log for each request."""
    log_format: Literal["text", "json"] = "text"
    """The log as lines of text, or as one JSON object per line, with the request's id."""

    @property
    def jobs_folder(self) -> Path:
        """The folder of this server's jobs."""
        where = self.jobs_dir or settings.hub_home() / "jobs"
        return where.expanduser().absolute() / str(self.port)

    @field_validator("host")
    @classmethod
    def _without_brackets(cls, value: str) -> str:
        return bare(value.strip())

    @field_validator("engine")
    @classmethod
    def _has_ray(cls, value: str) -> str:
        if value == "ray" and not ray_options.is_installed():
            raise ValueError(f"engine ray needs an extra: {ray_options.how_to_install()}")
        return value

    @field_validator("ray_address")
    @classmethod
    def _has_engine_ray(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is not None and info.data.get("engine") == "local":
            raise ValueError('it is for engine ray; give "engine": "ray" too')
        return value

    @field_validator("watch")
    @classmethod
    def _has_folders(cls, value: bool, info: ValidationInfo) -> bool:
        modules: Mapping[str, ModuleConfig] = info.data.get("modules_info", {})
        if value and info.data.get("engine") == "ray":
            raise ValueError("it is for engine local; on a cluster, deploy the new version")
        if value and modules and not any(entry.directory for entry in modules.values()):
            raise ValueError(
                "it is for modules that are served from a folder (hub serving start ./my_module, or "
                f'"directory" in init_args); installed ones are served here: {", ".join(modules)}'
            )
        return value

    @field_validator("metrics_port", "grpc_port")
    @classmethod
    def _own_port(cls, value: int | None, info: ValidationInfo) -> int | None:
        for other in ("port", "metrics_port"):
            if value is not None and info.field_name != other and value == info.data.get(other):
                raise ValueError(f"must be another port than {other}")
        return value

    @field_validator("grpc_port")
    @classmethod
    def _has_grpc(cls, value: int | None) -> int | None:
        if value is not None and not find_spec("grpc"):
            raise ValueError(f"gRPC needs an extra: {extras.command('grpc')}")
        return value

    @field_validator("modules_info", mode="before")
    @classmethod
    def _no_1x_list(cls, value: Any) -> Any:
        if isinstance(value, list):
            raise ValueError('PaddleHub 1.x\'s list is not read; write {"module_name": {"init_args": {…}}}')
        return value

    @field_validator("modules_info")
    @classmethod
    def _names_for_urls(cls, value: dict[str, ModuleConfig]) -> dict[str, ModuleConfig]:
        for name in value:
            if not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}", name):
                raise ValueError(f"{name!r} cannot be part of a URL; use letters, digits, '_', '-' and '.'")
        return value


def save(config: ServingConfig, path: Path) -> None:
    """Write a validated configuration into the run dir, for the helpers of this version."""
    atomic_json.write(path, message.stamp(config.model_dump(mode="json")))


def load(path: Path) -> ServingConfig:
    """Read what ``save`` wrote; raises OtherVersionError when another version of HubServing did."""
    return ServingConfig.model_validate(message.check_version(json.loads(path.read_bytes())))


#: Reads the settings again; None where they came from a command line alone.
Reread = Callable[[], ServingConfig | None]
_WORDS: Mapping[str, bool] = {
    **dict.fromkeys(("1", "true", "yes", "on"), True),
    **dict.fromkeys(("0", "false", "no", "off"), False),
}
#: Keys of PaddleHub's config files that never had an effect there, or have none here.
IGNORED_KEYS = ("use_singleprocess",)


def from_file(path: str | Path, overrides: Mapping[str, Any] | None = None) -> ServingConfig:
    """Read a config file, with ``overrides`` on top; raises ConfigError."""
    return from_keys(read_keys(path), path, overrides)


def from_keys(
    keys: Mapping[str, Any], path: str | Path, overrides: Mapping[str, Any] | None = None
) -> ServingConfig:
    """Validate the keys of the config file at ``path``, with ``overrides`` on top; raises ConfigError."""
    if "pipeline_name" in keys:
        raise ConfigError(
            f"config file {path} describes PaddleX's pipeline {keys['pipeline_name']!r}; "
            f"start it with: hub serving start --pipeline {path}"
        )
    known = {key: value for key, value in keys.items() if key not in IGNORED_KEYS}
    return build({**known, **(overrides or {})}, source=str(path))


def build(
    values: Mapping[str, Any],
    source: str,
    *,
    defaults: Mapping[str, Any] | None = None,
    folders: Mapping[str, str] | None = None,
) -> ServingConfig:
    """Validate ``values``, with ``HUB_*`` for keys that they leave out; raises ConfigError.

    Args:
        values: keys and what they are set to.
        source: what ``values`` were read from, for messages.
        defaults: for keys that neither ``values`` nor the environment have.
        folders: modules whose folder in a model repository may have another name, and that name.
    """
    given = _from_environment()
    merged = {**(defaults or {}), **hps.defaults(), **given, **values}
    merged = {**memory.defaults(merged), **merged}
    if merged.get("model_repo"):
        from hub.serving.config import model_repo  # which imports protobuf

        merged["modules_info"] = model_repo.merge(merged, folders or {})
    try:
        return ServingConfig.model_validate(merged)
    except ValidationError as error:
        raise ConfigError(validation.told(error, ServingConfig, source, values, given)) from error


def _from_environment() -> dict[str, str | bool]:
    """Return the keys that ``HUB_*`` give; a word there stands for true or false."""
    given: dict[str, str | bool] = {}
    for key, field in ServingConfig.model_fields.items():
        text = settings.from_environment(key)
        if text and key != "modules_info":
            given[key] = _WORDS.get(text.lower(), text) if field.annotation is bool else text
    return given
