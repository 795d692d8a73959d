"""``hub serving start``: from the command line to a running server."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from hub.cli import completion
from hub.errors import UsageError

if TYPE_CHECKING:
    from hub.serving.config.server_config import ServingConfig
    from hub.serving.supervisor.planning import Reread

#: PaddleHub's own flags, which a config file overrides altogether, and what says the same in PaddleX's words.
OVERRIDDEN_BY_CONFIG = ("modules", "port", "use_gpu", "gpu", "device", "use_multiprocess", "workers")


@click.command()
@click.option(
    "--modules",
    "-m",
    "modules",
    multiple=True,
    metavar="NAME[==VERSION]",
    help="Modules to serve.",
    shell_complete=completion.modules,
)
@click.argument("more_modules", nargs=-1, metavar="[NAME[==VERSION]]...", shell_complete=completion.modules)
@click.option(
    "--config", "-c", type=click.Path(), help="A config.json; PaddleHub's other flags are then ignored."
)
@click.option("--pipeline", metavar="NAME|FILE.yaml", help="A pipeline of PaddleX, or its YAML file.")
@click.option("--port", "-p", type=int, help="Port to listen on.  [default: 8866; of a pipeline 8080]")
@click.option("--host", help="Address to listen on.  [default: 127.0.0.1, this machine only]")
@click.option("--use_multiprocess", is_flag=True, default=None, help="Several runners per module.")
@click.option("--workers", "-w", type=int, help="Runners per module.  [default: 2 * cores - 1]")
@click.option("--use_gpu", is_flag=True, default=None, help="Run on the GPU.")
@click.option("--gpu", "-i", help="Cards to use, like 0,1.  [default: 0]")
@click.option("--device", help="The same in PaddleX's words: cpu, gpu, gpu:0,1.")
@click.option("--use_hpip", is_flag=True, default=None, help="Insist on a pipeline's fast engines.")
@click.option("--allow_urls", is_flag=True, default=None, help="Fetch a pipeline's files from URLs, too.")
@click.option(  # `engine` in the options is PaddleX's word, for what computes
    "--engine",
    "serving_engine",
    type=click.Choice(["local", "ray"]),
    help="Where modules run.  [default: local]",
)
@click.option("--ray_address", help="A Ray cluster: auto or host:port.  [default: one of its own]")
@click.option("--no_ui", "ui", flag_value=False, default=None, help="No web pages: no playground, no /docs.")
@click.option("--grpc_port", type=int, help="Also serve the Open Inference Protocol over gRPC there.")
@click.option("--metrics_port", type=int, help="Also serve /metrics and /health there, always answering.")
@click.option("--model_repo", type=click.Path(), help="A Triton model repository: config.pbtxt files.")
@click.option(
    "--allow_model_control", is_flag=True, default=None, help="Let clients load and unload modules."
)
@click.option("--daemon", is_flag=True, help="Return when the server is ready and leave it running.")
def start(daemon: bool, **options: Any) -> None:
    """Serve modules, or a pipeline, over HTTP until Ctrl-C or `hub serving stop`."""
    config, reread, is_pipeline = _settings(options)
    run(config, reread, daemon=daemon, as_paddlex=is_pipeline)


def run(config: ServingConfig, reread: Reread, *, daemon: bool = False, as_paddlex: bool = False) -> None:
    """Serve until told to stop; ``daemon`` returns when the server is ready.

    ``as_paddlex`` also says the lines that PaddleX's server says.
    """
    from hub.cli import banner

    if daemon:
        from hub.cli.daemon import start_daemon

        start_daemon(config)
        return
    from hub.serving.process import logs
    from hub.serving.supervisor.planning import serve

    logs.set_up(config.log_format, "supervisor")
    if as_paddlex:
        banner.starting()
    serve(config, reread, lambda state: banner.announce(config, state, as_paddlex=as_paddlex))


def parse_modules(given: tuple[str, ...]) -> dict[str, dict[str, Any]]:
    """``modules_info`` from the ways in which the documents name modules.

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


def _settings(options: dict[str, Any]) -> tuple[ServingConfig, Reread, bool]:
    """One validated configuration, the way to read it again, and whether it is a pipeline's."""
    from hub import settings
    from hub.cli import pipeline
    from hub.serving.config import hps, server_config

    for notice in hps.notices():
        click.echo(f"Note: {notice}", err=True)
    names = (*options.pop("modules"), *options.pop("more_modules"))
    asked = pipeline.asked(options)
    wanted, path = options.pop("pipeline"), options.pop("config")
    options["engine"] = options.pop("serving_engine")
    given = {key: value for key, value in options.items() if value is not None}
    if wanted and path:
        raise UsageError("--pipeline and --config both say what to serve; give one of them")
    if path is None and not names and not wanted:
        path = hps.config_path()
    if path is not None and pipeline.is_described_in(path):
        wanted = path
    if wanted is not None:
        modules = {"modules_info": parse_modules(names)} if names else {}
        return *pipeline.configured(wanted, asked, {**given, **modules}), True
    on_device = pipeline.device_settings(asked)
    if path is not None:
        kept = _kept({**given, "device": asked.device} if asked.device else given, names, path)
        return server_config.from_file(path, kept), lambda: server_config.from_file(path, kept), False
    values = {**given, **on_device, "modules_info": parse_modules(names)}
    if given.get("model_repo") or settings.from_environment("model_repo"):
        build = partial(server_config.build, values, "command line")
        return build(), build, False
    if not names:
        raise UsageError(
            "name the modules to serve (-m NAME), a pipeline (--pipeline NAME), "
            "or a config file (-c config.json)"
        )
    return server_config.build(values, source="command line"), lambda: None, False


def _kept(given: dict[str, Any], names: tuple[str, ...], path: str) -> dict[str, Any]:
    """What of the command line counts beside a config file; warns of the rest."""
    ignored = [f"--{key}" for key in OVERRIDDEN_BY_CONFIG if key in given or (key == "modules" and names)]
    if ignored:
        from hub.cli import render

        render.problem("Warning", f"{', '.join(ignored)} ignored; with --config, {path} decides")
    return {key: value for key, value in given.items() if key not in OVERRIDDEN_BY_CONFIG}
