"""A pipeline on the command line: its options, its configuration, and what the user is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hub.paddlex.plan import PipelineOptions, Plan
    from hub.serving.config.server_config import ServingConfig


def asked(options: dict[str, Any]) -> PipelineOptions:
    """Take what concerns how a pipeline runs out of the options of a command."""
    from hub.paddlex.plan import PipelineOptions

    device = options.pop("device", None)
    if device is not None and (options.get("use_gpu") or options.get("gpu")):
        raise UsageError(f"--device {device} says what --use_gpu and --gpu say; give one of them")
    keys = ("use_hpip", "hpi_config", "engine", "allow_urls")
    return PipelineOptions(device, *(options.pop(key, None) for key in keys))


def device_settings(asked: PipelineOptions) -> dict[str, Any]:
    """Return the settings for ``--device``, the only option of a pipeline that modules have."""
    from hub.paddlex import device

    if asked.use_hpip:
        raise UsageError(
            '--use_hpip is for a pipeline (--pipeline); for a module write "engine": "hpip" in its init_args'
        )
    if asked.allow_urls:
        raise UsageError("--allow_urls is for a pipeline (--pipeline); modules fetch nothing")
    return {} if asked.device is None else device.parse(asked.device).settings


def is_described_in(path: str) -> bool:
    """Tell whether a config file is PaddleX's, of a pipeline, and not one of ours."""
    from hub.paddlex import document

    if not path.lower().endswith(document.SUFFIXES):
        return False
    try:
        return document.describes_pipeline(document.load(path))
    except ConfigError:  # the next reader reports what is wrong
        return False


def configured(wanted: str, asked: PipelineOptions, given: dict[str, Any]) -> tuple[ServingConfig, Reread]:
    """Return a server's configuration for a pipeline; install its module, if that is bundled.

    Args:
        wanted: the pipeline's name, or the path of its file.
        asked: the options of the pipeline.
        given: settings of the server; ``modules_info`` may hold further modules.
    """
    from hub import settings
    from hub.cli import render
    from hub.paddlex import ready

    if settings.wants_hpip():
        asked = replace(asked, use_hpip=True)
    planned = plan.plan(wanted, asked)
    if planned.module in given.get("modules_info", {}):
        raise UsageError(f"{planned.module} serves {planned.pipeline} already; leave -m {planned.module} out")
    for line in _remarks(wanted, planned):
        render.note(line)
    config = plan.configuration(planned, given, python=lambda: ready.interpreter(planned))
    if config.modules_info[planned.module].directory is None:  # it is not in a model repository
        module = ready.make_ready(planned, render.ProgressBars())
        if module is not None:
            render.note(f"Installed {module.info.name} {module.info.version}, bundled with HubServing.")
    else:
        ready.fetch_weights(planned, render.ProgressBars())
    # A reload does not look for cards again: that takes seconds, and a device does not change.
    settled = {**given, "use_gpu": config.use_gpu, "gpu": config.gpu}
    return config, lambda: plan.configuration(plan.plan(wanted, asked), settled)


def _remarks(wanted: str, planned: Plan) -> list[str]:
    lines = []
    if planned.ignored:
        lines.append(f"Note: {wanted}: these keys have no effect here: {', '.join(planned.ignored)}")
    if planned.unsupported:
        reasons = "".join(f"\n  {reason}" for reason in planned.unsupported)
        why = f"because {planned.pipeline} here does not do this"
        lines.append(f"Note: the real PaddleX serves {wanted}, {why}:{reasons}")
    return lines
