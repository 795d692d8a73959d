"""From options, environment and config file to one frozen request for a server.

Files are read here, and nothing else happens: `start.py` prints the notes, installs and starts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hub.cli import init_args
from hub.errors import UsageError

if TYPE_CHECKING:  # pydantic is behind all of these; `hub serving start --help` needs none of it
    from hub.paddlex.plan import PipelineOptions, Plan
    from hub.serving.config.server_config import Reread, ServingConfig

#: PaddleHub's own flags, which a config file overrides altogether, and what says the same in PaddleX's words.
OVERRIDDEN_BY_CONFIG = ("modules", "port", "use_gpu", "gpu", "device", "use_multiprocess", "workers")
#: Options that say what is served; all others are keys of the server's configuration.
_NOT_KEYS = ("modules", "more_modules", "config", "pipeline", "device", "use_hpip", "allow_urls", "init_args")


@dataclass(frozen=True)
class ServerRequest:
    """A server to start.

    Attributes:
        config: its settings, validated.
        reread: reads the config file or model repository again, for ``hub serving reload``.
        notes: lines to print about what has no effect, or another effect than expected.
        warning: about options that the config file overrides; empty without any.
        plan: how the pipeline is served that has to be installed first; None without a pipeline.
    """

    config: ServingConfig
    reread: Reread
    notes: tuple[str, ...] = ()
    warning: str = ""
    plan: Plan | None = None


def from_options(options: Mapping[str, Any]) -> ServerRequest:
    """Return what the options of ``hub serving start`` ask for; those that are not given are None.

    Raises:
        UsageError, ConfigError.
    """
    from hub.paddlex.plan import PipelineOptions, is_pipeline_file
    from hub.serving.config import hps, server_config

    names = (*options["modules"], *options["more_modules"])
    pipeline, path = options["pipeline"], options["config"]
    asked = PipelineOptions(options["device"], options["use_hpip"], allow_urls=options["allow_urls"])
    given = {key: value for key, value in options.items() if key not in _NOT_KEYS and value is not None}
    if asked.device is not None and (given.get("use_gpu") or given.get("gpu")):
        raise UsageError(f"--device {asked.device} says what --use_gpu and --gpu say; give one of them")
    if pipeline and path:
        raise UsageError("--pipeline and --config both say what to serve; give one of them")
    if not (path or names or pipeline):
        path = hps.config_path()
    keys = server_config.read_keys(path) if path else {}
    if path and not is_pipeline_file(path, keys):
        request = _for_file(path, keys, asked, {**given, "modules": names or None})
    elif path or pipeline:
        values = {**given, "modules_info": _modules(names)}
        request = for_pipeline(path or pipeline, asked, values, keys or None)
    else:
        request = _for_modules(asked, {**given, "modules_info": _modules(names)})
    notices = (f"Note: {notice}" for notice in hps.notices())
    request = replace(request, notes=(*notices, *request.notes))
    given_args = init_args.parse(options.get("init_args") or ())
    return _with_init_args(request, given_args) if given_args else request


def _with_init_args(request: ServerRequest, given: Sequence[init_args.Setting]) -> ServerRequest:
    def reread() -> ServingConfig | None:
        config = request.reread()
        return None if config is None else init_args.applied(config, given)

    return replace(request, config=init_args.applied(request.config, given), reread=reread)


def from_file(path: str) -> ServerRequest:
    """Return what ``hub serving start -c PATH`` asks for; raises UsageError, ConfigError."""
    names = {"modules": (), "more_modules": ()}
    return from_options({**dict.fromkeys(_NOT_KEYS), **names, "config": path})


def for_pipeline(
    pipeline: str, asked: PipelineOptions, given: Mapping[str, Any], keys: Mapping[str, Any] | None = None
) -> ServerRequest:
    """Return the request for a pipeline, by its name or the path of its file.

    Args:
        pipeline: the name or path.
        asked: how it shall run.
        given: settings of the server; ``modules_info`` may hold further modules.
        keys: what its file says, where that has been read.

    Raises:
        UsageError, ConfigError.
    """
    from hub import settings
    from hub.paddlex import ready
    from hub.paddlex.plan import configuration, plan

    if settings.wants_hpip():
        asked = replace(asked, use_hpip=True)
    planned = plan(pipeline, asked, keys)
    if planned.module in given.get("modules_info", {}):
        raise UsageError(f"{planned.module} serves {planned.pipeline} already; leave -m {planned.module} out")
    config = configuration(planned, given, python=lambda: ready.interpreter(planned))
    # A reload does not look for cards again: that takes seconds, and a device does not change.
    settled = {**given, "use_gpu": config.use_gpu, "gpu": config.gpu}
    notes = [f"Note: {pipeline}: {note}" for note in planned.notes]
    if planned.ignored:
        notes.append(f"Note: {pipeline}: these keys have no effect here: {', '.join(planned.ignored)}")
    if planned.unsupported:
        reasons = "".join(f"\n  {reason}" for reason in planned.unsupported)
        why = f"because {planned.pipeline} here does not do this"
        notes.append(f"Note: the real PaddleX serves {pipeline}, {why}:{reasons}")
    reread = lambda: configuration(plan(pipeline, asked), settled)  # noqa: E731
    return ServerRequest(config, reread, tuple(notes), plan=planned)


def _for_file(
    path: str, keys: Mapping[str, Any], asked: PipelineOptions, given: Mapping[str, Any]
) -> ServerRequest:
    """Return the request for a config file, beside which not every option counts."""
    from hub.serving.config import server_config

    _device_settings(asked)
    given = {**given, "device": asked.device}
    ignored = [f"--{key}" for key in OVERRIDDEN_BY_CONFIG if given.get(key) is not None]
    warning = f"{', '.join(ignored)} ignored; with --config, {path} decides" if ignored else ""
    kept = {key: value for key, value in given.items() if key not in OVERRIDDEN_BY_CONFIG}
    config = server_config.from_keys(keys, path, kept)
    return ServerRequest(config, partial(server_config.from_file, path, kept), warning=warning)


def _for_modules(asked: PipelineOptions, given: Mapping[str, Any]) -> ServerRequest:
    """Return the request for modules that the command line names, or a model repository has."""
    from hub import settings
    from hub.serving.config import server_config

    build = partial(server_config.build, {**given, **_device_settings(asked)}, "command line")
    if given.get("model_repo") or settings.from_environment("model_repo"):
        return ServerRequest(build(), build)
    if not given["modules_info"]:
        raise UsageError(
            "name the modules to serve (-m NAME), a pipeline (--pipeline NAME), "
            "or a config file (-c config.json)"
        )
    return ServerRequest(build(), lambda: None)


def _device_settings(asked: PipelineOptions) -> dict[str, Any]:
    """Return what ``--device`` means for modules, which have no other option of a pipeline."""
    from hub.paddlex import device

    if asked.use_hpip:
        raise UsageError(
            '--use_hpip is for a pipeline (--pipeline); for a module write "engine": "hpip" in its init_args'
        )
    if asked.allow_urls:
        raise UsageError("--allow_urls is for a pipeline (--pipeline); modules fetch nothing")
    return {} if asked.device is None else device.parse(asked.device).settings


def _modules(words: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Return ``modules_info`` for modules and for folders of modules, ``./palette``; raises UsageError."""
    from hub.module.info import read_module_info

    folders = [word for word in words if "/" in word or word in (".", "..")]
    modules = parse_modules(word for word in words if word not in folders)
    for word in folders:
        folder = Path(word).expanduser().resolve()
        name = read_module_info(folder).name
        if name in modules:
            raise UsageError(f"module {name} is named twice, the second time by {word}")
        modules[name] = {"init_args": {"directory": str(folder)}}
    return modules


def parse_modules(given: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Return ``modules_info`` for the ways in which the documents name modules.

    ``a b==1.0.0``, ``a,b`` and ``[a==1.0.0, b]`` are all read; raises UsageError.
    """
    modules: dict[str, dict[str, Any]] = {}
    for word in re.split(r"[\s,\[\]]+", " ".join(given)):
        if not word:
            continue
        name, separator, version = word.partition("==")
        if not name or (separator and not version):
            raise UsageError(f"{word!r} is not NAME or NAME==VERSION")
        if name in modules:
            raise UsageError(f"module {name} is named twice; a server has one version of it")
        modules[name] = {"init_args": {"version": version} if version else {}}
    return modules
