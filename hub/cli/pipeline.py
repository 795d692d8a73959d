"""A pipeline on the command line: what it needs is installed before its server starts."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hub.paddlex.plan import Plan
    from hub.serving.config.server_config import ServingConfig


def make_ready(plan: Plan, config: ServingConfig) -> None:
    """Install the module that serves the pipeline, and fetch the weights, where they are missing."""
    from hub.cli import render
    from hub.paddlex import ready

    if config.modules_info[plan.module].directory is not None:  # a model repository brings the module
        ready.fetch_weights(plan, render.ProgressBars())
        return
    module = ready.make_ready(plan, render.ProgressBars())
    if module is not None:
        render.note(f"Installed {module.info.name} {module.info.version}, bundled with HubServing.")
