"""``hub doctor``: what is on this machine, what is wrong, what to do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict

import click

from hub.cli import render, server_request
from hub.cli.groups import json_option
from hub.doctor import Finding, examine
from hub.errors import UsageError


@click.command()
@click.option(
    "--security", is_flag=True, help="Tell what a server leaves open, to whom, and how to close it."
)
@click.option("--config", "-c", type=click.Path(), help="With --security: the config file to look at.")
@click.option("--port", "-p", type=int, help="With --security: the port of the server to look at.")
@json_option
@click.pass_context
def doctor(
    context: click.Context, /, security: bool, config: str | None, port: int | None, json_: bool
) -> None:
    """Look at this machine: Python and packages, processor and memory, engines, GPU, registry, servers.

    With --security, look at the settings of a config file, of the server on a port, or of every running
    server instead. For each problem it says what to do. Nothing is changed, and nothing goes to the network.
    The exit code is 1 if something is broken.
    """
    if not security and (config is not None or port is not None):
        raise UsageError("--config and --port are for hub doctor --security")
    if config is not None and port is not None:
        raise UsageError("--config and --port both say what to look at; give one of them")
    with render.working() as begun:
        findings = list(_open(config, port) if security else examine(begun))
    counts = {verdict: sum(f.verdict == verdict for f in findings) for verdict in ("broken", "warning")}
    if json_:
        report = {"ok": not counts["broken"], "findings": [asdict(finding) for finding in findings]}
        render.as_json(report)
    else:
        _show(findings)
        render.line(f"\n{counts['broken']} broken, {counts['warning']} to look at")
    if counts["broken"]:
        context.exit(1)


def _open(config: str | None, port: int | None) -> Iterator[Finding]:
    """Report what is open of the server that the options name."""
    from hub.doctor import security

    if config is not None:
        return security.of_config(server_request.from_file(config).config, config)
    return security.of_servers() if port is None else security.of_server(port)


def _show(findings: list[Finding]) -> None:
    section = ""
    for finding in findings:
        if finding.section != section:
            section = finding.section
            render.line(("\n" if finding is not findings[0] else "") + render.styled(section, "bold"))
        verdict = render.styled(f"{finding.verdict:7}", render.STATES[finding.verdict])
        render.line(f"  {verdict}  {finding.name}: {finding.value}")
        if finding.advice:
            render.line(f"           → {finding.advice}")
