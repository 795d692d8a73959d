"""Write doc/reference/ from the code: commands, config keys, environment, metrics, errors and formats.

    python tools/write_reference.py            write the pages
    python tools/write_reference.py --check    exit 1 and name the pages that differ from the code

Descriptions are in the code only: help texts of options, docstrings of settings and errors, help texts of
metrics. One that is missing there is an error here.
"""

from __future__ import annotations

import argparse
import inspect
import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import click
import format_table  # beside this script

from hub import settings
from hub.cli.main import hub
from hub.errors import HubError, RequestError
from hub.registry.configuration import Configuration
from hub.serving.config.module_config import InstanceGroup, ModuleConfig
from hub.serving.config.ray import RayOptions
from hub.serving.config.server_config import IGNORED_KEYS, ServingConfig
from hub.serving.gateway import metrics as counted

FOLDER = Path(__file__).resolve().parents[1] / "doc" / "reference"
NOTE = "Written by `python tools/write_reference.py` from the descriptions in the code."


def main() -> int:
    """Write or compare all pages; the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--check", action="store_true", help="write nothing; tell which pages differ")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where the pages are")
    given = parser.parse_args()
    differing = []
    for name, text in pages().items():
        path = given.folder / name
        if path.exists() and path.read_text("utf-8") == text:
            continue
        differing.append(name)
        if not given.check:
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
    if given.check and differing:
        print(f"out of date: {', '.join(differing)}; run python tools/write_reference.py", file=sys.stderr)
    return 1 if given.check and differing else 0


def pages() -> dict[str, str]:
    """File name → its whole text."""
    made = {
        "commands.md": ("Commands", commands()),
        "config.md": ("Settings", config()),
        "environment.md": ("Environment", environment()),
        "metrics.md": ("Metrics", metrics()),
        "errors.md": ("Errors", errors()),
        "formats.md": ("Formats", format_table.lines()),
    }
    return {
        name: "\n".join([f"# {title}", "", NOTE, "", *lines]).rstrip() + "\n"
        for name, (title, lines) in made.items()
    }


# -- commands --------------------------------------------------------------------------------------


def commands() -> Iterator[str]:
    yield "Exit codes: 0 done, 1 failed, 2 wrong usage. `-h` and `--help` show a command's help."
    for context in each_command():
        yield from ("", f"## {context.command_path}", "")
        yield from (
            "```text",
            " ".join([context.command_path, *context.command.collect_usage_pieces(context)]),
            "```",
            "",
        )
        yield described(context.command.help, context.command_path)
        records = [
            record
            for parameter in context.command.params
            if (record := parameter.get_help_record(context)) is not None
            and (record[1] or isinstance(parameter, click.Option))  # arguments are in the line above
        ]
        if records:
            yield ""
            yield from table(
                ("option", "meaning"),
                [(f"`{names}`", described(text, names)) for names, text in records],
            )


def each_command() -> Iterator[click.Context]:
    """Yield a context for the group itself and for each command below it, but for hidden ones."""
    waiting = [click.Context(hub, info_name="hub")]
    while waiting:
        context = waiting.pop(0)
        yield context
        if isinstance(context.command, click.Group):
            names = context.command.list_commands(context)
            found = [(name, context.command.get_command(context, name)) for name in names]
            waiting[:0] = [
                click.Context(command, info_name=name, parent=context)
                for name, command in found
                if command is not None and not command.hidden
            ]


# -- settings --------------------------------------------------------------------------------------


def config() -> Iterator[str]:
    yield "## Of a server"
    yield ""
    yield (
        "Keys of config.json, or of the same as YAML; an unknown one is an error. The "
        "[environment](environment.md) may set those that neither the file nor the command line sets."
    )
    if IGNORED_KEYS:
        yield f"PaddleHub's {', '.join(f'`{key}`' for key in IGNORED_KEYS)} is read and does nothing."
    yield ""
    yield from keys(ServingConfig)
    yield from ("", "## Of a module", "", "Keys of an entry of `modules_info`.", "")
    yield from keys(ModuleConfig)
    yield from ("", "## Of a group of runners", "", "Keys of an entry of a module's `instances`.", "")
    yield from keys(InstanceGroup)
    yield from ("", "## Of a module on Ray", "", "Keys of a module's `ray`, for [engine ray](../ray.md).", "")
    yield from keys(RayOptions)
    yield from ("", "## Of the registry", "")
    yield "Kept in `$HUB_HOME/config.json` and changed with [`hub config set`](commands.md#hub-config-set)."
    yield ""
    yield from keys(Configuration)


def keys(model: Any) -> Iterator[str]:
    schema = model.model_json_schema()
    rows = []
    for name, details in schema["properties"].items():
        default = "required" if name in schema.get("required", ()) else f"`{shown(details['default'])}`"
        description = described(details.get("description"), f"{model.__name__}.{name}")
        rows.append((f"`{name}`", allowed(details), default, description))
    yield from table(("key", "values", "default", "meaning"), rows)


def allowed(details: Mapping[str, Any]) -> str:
    """Describe the JSON schema of a key in words: its type and limits."""
    if "anyOf" in details:
        return " or ".join(allowed(each) for each in details["anyOf"])
    if "$ref" in details:
        return "object"
    if "enum" in details:
        return ", ".join(f"`{shown(value)}`" for value in details["enum"])
    if details["type"] == "array":
        return f"list ({allowed(details['items'])})"
    word = "path" if details.get("format") == "path" else _TYPES[details["type"]]
    return f"{word} {limits(details)}".rstrip()


_TYPES = {
    "boolean": "`true`, `false`",
    "integer": "whole number",
    "null": "`null`",
    "number": "number",
    "object": "object",
    "string": "text",
}


def limits(details: Mapping[str, Any]) -> str:
    """``from 1 to 65535``, ``above 0``; empty where there are none."""
    names = {"exclusiveMinimum": "above", "minimum": "from", "maximum": "to"}
    return " ".join(f"{word} {details[name]}" for name, word in names.items() if name in details)


def shown(value: Any) -> str:
    """Return a value as JSON has it, a whole number without its point."""
    return json.dumps(int(value) if isinstance(value, float) and value.is_integer() else value)


# -- environment -----------------------------------------------------------------------------------


def environment() -> Iterator[str]:
    yield "An empty variable counts as not set."
    yield ""
    yield from table(
        ("variable", "meaning"), [(f"`{name}`", text) for name, text in settings.VARIABLES.items()]
    )
    yield from (
        "",
        "## Settings",
        "",
        "They count where neither config file nor command line sets a key. Lists are separated by commas",
    )
    yield "(`HUB_GPU`, `HUB_CORS_ORIGINS`) or spaces (`HUB_INDEX`)."
    yield ""
    of_server = [(name, "of-a-server") for name in ServingConfig.model_fields if name != "modules_info"]
    of_registry = [(name, "of-the-registry") for name in Configuration.model_fields]
    yield from table(
        ("variable", "key"),
        [
            (f"`HUB_{name.upper()}`", f"[`{name}`](config.md#{where})")
            for name, where in of_server + of_registry
        ],
    )


# -- metrics and errors ----------------------------------------------------------------------------


def metrics() -> Iterator[str]:
    yield "Metrics of `GET /metrics`, for Prometheus. A histogram has `_bucket`, `_sum` and `_count`."
    yield ""
    yield from table(
        ("metric", "type", "labels", "meaning"),
        [_metric(family, metric) for family, metric in _metric_families()],
    )


def _metric_families() -> Iterator[tuple[Any, Any]]:
    """Yield each family of metrics that a server tells, and the object that knows its labels."""
    for metric in vars(counted.RequestMetrics()).values():
        yield from ((family, metric) for family in metric.describe())
    yield from ((family, family) for family in counted.of_runners())


def _metric(family: Any, metric: Any) -> tuple[str, str, str, str]:
    name = f"{family.name}_total" if family.type == "counter" else family.name
    labels = ", ".join(f"`{label}`" for label in metric._labelnames)
    return f"`{name}`", family.type, labels, described(family.documentation, name)


def errors() -> Iterator[str]:
    yield (
        "Classes of `hub.errors`; `except WeightsError` catches those below it, too. Errors of a request "
        "have an HTTP code, and a status in the reply, whose header `X-Hub-Error` names the class. The exit "
        "code is that of the command line."
    )
    yield ""
    rows = []
    for depth, each in tree(HubError):
        request = issubclass(each, RequestError) and each is not RequestError
        code = f"{each.http_status}, `{each.status}`" if request else ""
        text = described(
            inspect.cleandoc(each.__dict__.get("__doc__") or "").partition("\n")[0], each.__name__
        )
        rows.append((f"{'&emsp;' * depth}`{each.__name__}`", code, str(each.exit_code), text))
    yield from table(("class", "HTTP, status", "exit", "meaning"), rows)


def tree(root: type[HubError], depth: int = 0) -> Iterator[tuple[int, type[HubError]]]:
    """Yield a class and all below it, each with its depth."""
    yield depth, root
    for each in root.__subclasses__():
        yield from tree(each, depth + 1)


# -- Markdown --------------------------------------------------------------------------------------


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    for row in (head, ["---"] * len(head), *rows):
        yield " | ".join(["", *(cell.replace("|", "\\|") for cell in row), ""]).strip()


def described(text: str | None, name: str) -> str:
    """Return a description as Markdown.

    Raises:
        SystemExit: there is none.
    """
    if not text:
        raise SystemExit(f"{name} has no description in the code")
    return " ".join(text.replace("``", "`").split())


if __name__ == "__main__":
    sys.exit(main())
