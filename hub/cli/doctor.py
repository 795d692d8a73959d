"""``hub doctor``: what is on this machine, what is wrong, what to do."""

from __future__ import annotations

from dataclasses import asdict

import click

from hub.cli import render
from hub.cli.groups import json_option
from hub.doctor import Finding, examine


@click.command()
@json_option
@click.pass_context
def doctor(context: click.Context, /, json_: bool) -> None:
    """Look at this machine: Python and packages, processor and memory, engines, GPU, registry, servers.

    For each problem it says what to do. Nothing is changed, and nothing goes to the network. The exit code is
    1 if something is broken.
    """
    with render.working() as begun:
        findings = list(examine(begun))
    counts = {verdict: sum(f.verdict == verdict for f in findings) for verdict in ("broken", "warning")}
    if json_:
        report = {"ok": not counts["broken"], "findings": [asdict(finding) for finding in findings]}
        render.as_json(report)
    else:
        _show(findings)
        render.line(f"\n{counts['broken']} broken, {counts['warning']} to look at")
    if counts["broken"]:
        context.exit(1)


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
