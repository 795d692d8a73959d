"""``hub paddlex``: the command lines of PaddleX's serving documents, taken as they are.

The command ``paddlex`` itself belongs to the real package. This one does what its serving does, and names
the command for each of the other things.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from typing import Any, Final

import click

from hub.cli import render
from hub.errors import ConfigError, UsageError
from hub.suggestion import closest

#: PaddleX's plugins for serving, and what to do here instead.
_PLUGINS: Final[Mapping[str, str]] = {
    "serving": "Nothing to install: OCR is bundled. Other pipelines need the real PaddleX",
    "hpi-cpu": "--use_hpip on the CPU is OpenVINO: pip install openvino",
    "hpi-gpu": "--use_hpip on NVIDIA's cards is ONNX Runtime, for ONNX models: pip install onnxruntime-gpu",
    "paddle2onnx": "Nothing to install: OpenVINO reads Paddle's files as they are.",
}
#: Options of PaddleX's other modes: what each does, and which command does it.
_ELSEWHERE: Final[Mapping[str, str]] = {
    "paddle2onnx": "converts a model; the real package does that: paddlex --paddle2onnx …",
    "get_pipeline_config": "writes a pipeline's YAML file; the real package does that: "
    "paddlex --get_pipeline_config NAME --save_path . (its files work here: --serve --pipeline FILE.yaml)",
    "input": "predicts without a server; here that is: hub run ocr_system --input_path FILE. "
    "To serve, say --serve",
}


@click.command(context_settings={"ignore_unknown_options": True})
@click.option("--serve", is_flag=True, help="Serve a pipeline.")
@click.option("--pipeline", metavar="NAME|FILE.yaml", help="Which one.")
@click.option("--device", help="cpu, gpu, gpu:0,1.  [default: gpu:0 where Paddle sees a card, else cpu]")
@click.option("--host", help="Address to listen on.  [default: 127.0.0.1, this machine only]")
@click.option("--port", type=int, help="Port to listen on.  [default: 8080]")
@click.option("--use_hpip", is_flag=True, default=None, help="Insist on the fast engines.")
@click.option("--hpi_config", metavar="{…}", help="Which of them, in PaddleX's words.")
@click.option("--engine", help="Another engine, in PaddleX's words.")
@click.option("--allow_urls", is_flag=True, default=None, help="Fetch files that requests name by URL.")
@click.option("--serial_number", help="Does nothing: there is no licence.")
@click.option("--update_license", is_flag=True, help="Does nothing: there is no licence.")
@click.option("--install", is_flag=False, flag_value="", metavar="PLUGIN", help="Say what a plugin is here.")
@click.option("--platform", hidden=True)  # of --install, whose other options have no value
@click.option("--input", hidden=True)
@click.option("--get_pipeline_config", hidden=True)
@click.option("--paddle2onnx", is_flag=True, hidden=True)
@click.argument("rest", nargs=-1, type=click.UNPROCESSED, metavar="")
@click.pass_context
def paddlex(
    context: click.Context, /, serve: bool, install: str | None, rest: Sequence[str], **options: Any
) -> None:
    """Take PaddleX's serving command lines as they are: `paddlex --serve …` is `hub paddlex --serve …`.

    `hub serving start --pipeline …` does the same and has more options.
    """
    if install is not None:
        _install([word for word in (install, *rest) if word and not word.startswith("-")])
    elif serve:
        _serve(options, rest, known=[option for each in context.command.params for option in each.opts])
    else:
        _refuse(context, options)


def _install(plugins: Sequence[str]) -> None:
    from hub.paddlex import ready

    if len(plugins) > 1:
        raise UsageError(f"{' and '.join(plugins)} cannot be installed together; PaddleX takes one at a time")
    (plugin,) = plugins or ("",)
    if plugin not in _PLUGINS:
        raise UsageError(
            f"--install {plugin}: PaddleX's own command installs that: paddlex --install {plugin}".rstrip()
            + f". Known here: {', '.join(_PLUGINS)}"
        )
    said = _PLUGINS[plugin]
    if plugin == "serving":
        said += ", which is here." if ready.has_paddlex() else f". {ready.how_to_install()}"
    render.line(said)


def _serve(options: dict[str, Any], rest: Sequence[str], known: Sequence[str]) -> None:
    from hub.cli.server_request import for_pipeline
    from hub.cli.start import run
    from hub.paddlex.plan import PipelineOptions
    from hub.serving.config import hps

    if rest:
        meant = closest(rest[0].partition("=")[0], known)
        raise UsageError(f"unknown option {rest[0]}" + (f"; did you mean {meant}?" if meant else ""))
    licence = [f"--{name}" for name in ("serial_number", "update_license") if options[name]]
    notices = [*([hps.no_licence(licence)] if licence else []), *hps.notices()]
    for notice in notices:
        render.note(f"Note: {notice}")
    wanted = options["pipeline"] or hps.config_path()
    if wanted is None:
        raise UsageError("--serve needs the pipeline: --pipeline NAME, or --pipeline FILE.yaml")
    hpi_config = _literal(options["hpi_config"])
    asked = PipelineOptions(
        options["device"], options["use_hpip"], hpi_config, options["engine"], options["allow_urls"]
    )
    given = {key: options[key] for key in ("host", "port") if options[key] is not None}
    run(for_pipeline(wanted, asked, given))


def _literal(given: str | None) -> dict[str, Any] | None:
    """Read ``--hpi_config``, which is a dict in Python's form; so is JSON without null, true and false."""
    if given is None:
        return None
    try:
        value = ast.literal_eval(given)
    except (ValueError, SyntaxError) as error:
        raise ConfigError(
            f"--hpi_config {given}: {error}; write it like {{'backend': 'openvino'}}"
        ) from error
    if not isinstance(value, dict):
        raise ConfigError(f"--hpi_config {given} must be like {{'backend': 'openvino'}}")
    return value


def _refuse(context: click.Context, options: dict[str, Any]) -> None:
    """Name the command of PaddleX's other modes; without any option, show how this one is used."""
    for mode, where in _ELSEWHERE.items():
        if options[mode]:
            raise UsageError(f"--{mode} {where}")
    if options["pipeline"]:
        raise UsageError("--pipeline alone does nothing here; to serve the pipeline, say --serve as well")
    click.echo(context.get_help(), err=True)
    context.exit(2)
