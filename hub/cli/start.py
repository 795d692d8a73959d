"""``hub serving start``: from the command line to a running server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from hub.cli import banner, completion, render, server_request
from hub.cli.daemon import start_daemon
from hub.cli.server_request import ServerRequest

if TYPE_CHECKING:
    from hub.paddlex.plan import Plan
    from hub.serving.config.server_config import ServingConfig


@click.command()
@click.option(
    "--modules",
    "-m",
    type=completion.MODULE,
    multiple=True,
    help="Modules to serve: names, or folders like ./palette.",
)
@click.argument("more_modules", type=completion.MODULE, nargs=-1)
@click.option(
    "--config", "-c", type=click.Path(), help="A config.json; PaddleHub's other flags are then ignored."
)
@click.option("--pipeline", metavar="NAME|FILE.yaml", help="A pipeline of PaddleX, or its YAML file.")
@click.option("--port", "-p", type=int, help="Port to listen on.  [default: 8866; of a pipeline 8080]")
@click.option("--host", help="Address to listen on.  [default: 127.0.0.1, this machine only]")
@click.option(
    "--set", "init_args", metavar="KEY=VALUE", multiple=True, help="An entry of the module's init_args."
)
@click.option("--use_multiprocess", is_flag=True, default=None, help="Several runners per module.")
@click.option("--workers", "-w", type=int, help="Runners per module.  [default: 2 * cores - 1]")
@click.option("--threads", type=int, help="Cores for a module's runners.  [default: all]")
@click.option("--use_gpu", is_flag=True, default=None, help="Run on the GPU.")
@click.option("--gpu", "-i", help="Cards to use, like 0,1.  [default: 0]")
@click.option("--device", help="The same in PaddleX's words: cpu, gpu, gpu:0,1.")
@click.option("--use_hpip", is_flag=True, default=None, help="Insist on a pipeline's fast engines.")
@click.option("--allow_urls", is_flag=True, default=None, help="Fetch a pipeline's files from URLs, too.")
@click.option("--engine", type=click.Choice(["local", "ray"]), help="Where modules run.  [default: local]")
@click.option("--ray_address", help="A Ray cluster: auto or host:port.  [default: one of its own]")
@click.option("--no_ui", "ui", flag_value=False, default=None, help="No web pages: no playground, no /docs.")
@click.option("--grpc_port", type=int, help="Also serve the Open Inference Protocol over gRPC there.")
@click.option("--metrics_port", type=int, help="Also serve /metrics and /health there, always answering.")
@click.option("--model_repo", type=click.Path(), help="A Triton model repository: config.pbtxt files.")
@click.option(
    "--allow_model_control", is_flag=True, default=None, help="Let clients load and unload modules."
)
@click.option(
    "--watch", is_flag=True, default=None, help="Load a module's folder again when a file of it changes."
)
@click.option("--daemon", is_flag=True, help="Return when the server is ready and leave it running.")
def start(daemon: bool, **options: Any) -> None:
    """Serve modules, or a pipeline, over HTTP until Ctrl-C or `hub serving stop`."""
    run(server_request.from_options(options), daemon=daemon)


def run(request: ServerRequest, *, daemon: bool = False) -> None:
    """Install what is missing and serve until told to stop; ``daemon`` returns when the server is ready."""
    from hub.registry import copies

    for note in request.notes:
        render.note(note)
    if request.warning:
        render.problem("Warning", request.warning)
    config, plan = request.config, request.plan
    if plan is not None:
        _make_ready(plan, config)
    for line in copies.notes(_from_registry(config)):
        render.note(f"Note: {line}")
    if daemon:
        start_daemon(config)
        return
    from hub.serving.process import logs
    from hub.serving.supervisor.planning import serve

    logs.set_up(config.log_format, "supervisor")
    as_paddlex = plan is not None  # then also the lines are printed that PaddleX's server prints
    if as_paddlex:
        banner.starting()
    serve(config, request.reread, lambda state: banner.announce(config, state, as_paddlex=as_paddlex))


def _from_registry(config: ServingConfig) -> list[tuple[str, str | None]]:
    """Return name and version of the modules that are served as they are installed."""
    return [
        (entry.installed_name or name, entry.version)
        for name, entry in config.modules_info.items()
        if entry.directory is None
    ]


def _make_ready(plan: Plan, config: ServingConfig) -> None:
    """Install the module that serves the pipeline, and fetch the weights, where they are missing."""
    from hub.paddlex import ready

    if config.modules_info[plan.module].directory is not None:  # a model repository brings the module
        ready.fetch_weights(plan, render.ProgressBars())
        return
    module = ready.make_ready(plan, render.ProgressBars())
    if module is not None:
        render.note(f"Installed {module.info.name} {module.info.version}, bundled with HubServing.")
