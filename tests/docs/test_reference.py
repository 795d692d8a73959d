"""doc/reference is what the code says, and nothing is missing in it."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from prometheus_client.parser import text_string_to_metric_families

from hub import errors, settings
from hub.cli.main import hub
from hub.serving.config.module_config import ModuleConfig
from hub.serving.config.server_config import ServingConfig
from tests.serving.running import ROOT, Server

REFERENCE = ROOT / "doc" / "reference"
#: How code reads a variable: the function, and what it puts before the name.
READERS = {"os.environ.get": "", "from_environment": "HUB_", "paddlex_hps": "PADDLEX_HPS_"}


def check(folder: Path) -> subprocess.CompletedProcess[str]:
    script = str(ROOT / "tools" / "write_reference.py")
    words = [sys.executable, script, "--check", "--folder", str(folder)]
    return subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)


def test_the_pages_are_what_the_code_says() -> None:
    done = check(REFERENCE)
    assert done.returncode == 0, done.stderr


def test_a_page_that_lacks_an_item_is_noticed(tmp_path: Path) -> None:
    for page in REFERENCE.glob("*.md"):
        kept = [
            line
            for line in page.read_text("utf-8").splitlines(keepends=True)
            if "`body_timeout` |" not in line
        ]
        (tmp_path / page.name).write_text("".join(kept), encoding="utf-8")
    done = check(tmp_path)
    assert done.returncode == 1
    assert "out of date: config.md;" in done.stderr


def commands(command: click.Command, path: str) -> Iterator[tuple[str, click.Command]]:
    yield path, command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            assert below is not None
            yield from commands(below, f"{path} {name}")


def test_every_command_and_option_is_there() -> None:
    sections = (REFERENCE / "commands.md").read_text("utf-8").split("\n## ")
    of_command = {section.partition("\n")[0]: section for section in sections}
    for path, command in commands(hub, "hub"):
        for parameter in command.params:
            if isinstance(parameter, click.Option) and not parameter.hidden:
                for name in (*parameter.opts, *parameter.secondary_opts):
                    assert name in of_command[path], f"{path} {name}"


def test_the_short_tables_of_settings_name_every_key_and_no_other() -> None:
    section = (
        (ROOT / "doc" / "serving.md").read_text("utf-8").partition("## config.json")[2].partition("\n## ")[0]
    )
    of_module, of_server = section.partition("| key of the server |")[::2]
    for table, model in ((of_module, ModuleConfig), (of_server, ServingConfig)):
        cells = re.findall(r"^\| (`.*?) \|", table, re.MULTILINE)
        named = {name for cell in cells for name in re.findall(r"`(\w+)`", cell)}
        assert named == set(model.model_fields) - {"modules_info"}


def test_every_error_is_there() -> None:
    page = (REFERENCE / "errors.md").read_text("utf-8")
    found = [
        each for each in vars(errors).values() if isinstance(each, type) and issubclass(each, errors.HubError)
    ]
    assert len(found) > 30
    assert not [each.__name__ for each in found if f"`{each.__name__}`" not in page]


def read_in(path: Path) -> Iterator[str]:
    """Names of environment variables that are literals in a file."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
            reader = ast.unparse(node.func).removeprefix("settings.")
            if reader in READERS:
                yield READERS[reader] + str(node.args[0].value).upper()


def test_every_variable_that_is_read_is_there() -> None:
    found = {name for path in (ROOT / "hub").rglob("*.py") for name in read_in(path)}
    assert {"HUB_HOME", "HUB_API_KEY", "PADDLEX_HPS_DEVICE_TYPE", "CUDA_VISIBLE_DEVICES"} <= found
    of_settings = {f"HUB_{key.upper()}" for key in ServingConfig.model_fields}
    assert found - of_settings <= set(settings.VARIABLES)
    page = (REFERENCE / "environment.md").read_text("utf-8")
    assert not [name for name in found if f"`{name}`" not in page]


@pytest.fixture
def figures(tmp_path: Path) -> Iterator[str]:
    with Server(tmp_path / "home", {"greet": {}}) as server:
        server.post("greet", {"names": ["a"]})
        yield server.get("/metrics").text


def test_every_metric_of_a_server_is_there_with_its_type_and_labels(figures: str) -> None:
    page = (REFERENCE / "metrics.md").read_text("utf-8")
    seen = 0
    for family in text_string_to_metric_families(figures):
        name = family.name + ("_total" if family.type == "counter" else "")
        for sample in family.samples:
            labels = ", ".join(f"`{label}`" for label in sample.labels if label != "le")
            row = f"| `{name}` | {family.type} | "
            assert row in page
            told = page.partition(row)[2].partition(" |")[0]
            assert set(told.split(", ")) == set(labels.split(", ")), name
            seen += 1
    assert seen > 30
