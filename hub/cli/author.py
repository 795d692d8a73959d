"""Commands for authors of modules: init, convert, pack, index."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hub.cli import completion, render
from hub.cli.groups import Group

if TYPE_CHECKING:
    from hub.registry.authoring.scaffold import Kind


@click.command()
@click.argument("name")
@click.option(
    "--output_dir",
    "-o",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(),
    help="Where to make the folder.  [default: here]",
)
@click.option("--text", "kind", flag_value="text", default="text", help="It takes texts.  [default]")
@click.option("--image", "kind", flag_value="image", help="It takes images, decoded.")
@click.option("--batch", "kind", flag_value="batch", help="Items of several requests come in one call.")
@click.option(
    "--pipeline", "kind", flag_value="pipeline", help="It has routes of its own, as PaddleX's have."
)
def init(name: str, output_dir: Path, kind: Kind) -> None:
    """Start a new module: a folder with the module, an example, its README and a test that passes."""
    from hub.registry.authoring.scaffold import scaffold

    folder = scaffold(name, output_dir, kind)
    serve = f"hub serving start {folder if folder.is_absolute() else f'./{folder}'} --watch"
    render.line(f"The new module is in {folder}")
    render.note(f"Serve it while you write it:  {serve}\nTest it:  python -m pytest {folder}")


@click.command()
@click.argument("model", metavar="[MODEL_DIR]", required=False, type=click.Path(path_type=Path))
@click.option("--model_dir", "-d", type=click.Path(path_type=Path), help="The exported model's folder.")
@click.option("--module_name", "-n", "name", help="The module's name.  [default: the folder's]")
@click.option(
    "--module_version", "-v", "version", default="1.0.0", show_default=True, help="The module's version."
)
@click.option(
    "--kind",
    type=click.Choice(["classifier", "detector"]),
    help="The model's task.  [default: guessed from its inputs]",
)
@click.option("--labels", type=click.Path(exists=True, path_type=Path), help="A file with a class a line.")
@click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="KEY=JSON",
    help="A default in params.py: image_size=[320,320]",
)
@click.option(
    "--output_dir",
    "-o",
    "target",
    type=click.Path(path_type=Path),
    help="The new folder.  [default: NAME_TIME]",
)
def convert(model: Path | None, model_dir: Path | None, settings: Sequence[str], **how: Any) -> None:
    """Make a module of the folder of an exported Paddle or ONNX model (image classifier or detector)."""
    from hub.registry.authoring.convert import convert as make

    folder = model or model_dir
    if folder is None:
        raise click.UsageError("Missing argument 'MODEL_DIR', the folder of an exported model.")
    made = make(folder, settings=dict(_setting(each) for each in settings), **how)
    render.line(f"The converted module is stored in `{made}`.")
    render.note(f"Look at its params.py (how images are prepared), then: hub install {made}/")


def _setting(given: str) -> tuple[str, Any]:
    key, _, value = given.partition("=")
    try:
        return key, json.loads(value)
    except ValueError:
        return key, value  # a text need not be quoted


@click.command()
@click.argument("module", type=completion.MODULE)
@click.option(
    "--output",
    "-o",
    type=click.Path(path_type=Path),
    default=Path(),
    help="The archive, or the folder for it.  [default: NAME-VERSION.hub.tar.gz here]",
)
@click.option("--wheels", is_flag=True, help="Put in wheels of what it requires, too (asks pip's index).")
@click.option(
    "--sdk",
    is_flag=True,
    help="Instead: a folder with server.sh, Triton's files and a client; also of a pipeline or its file.",
)
def pack(module: str, output: Path, wheels: bool, sdk: bool) -> None:
    """Put an installed module, its weights and checksums into one archive.

    `hub install` of that archive needs no network. With --wheels, neither does --isolated or
    --install_requirements.
    """
    name, _, version = module.partition("==")
    if sdk:
        from hub.paddlex import sdk as triton_sdk

        made = triton_sdk.pack(name, output, version or None)
        render.line(f"{made}")
        render.note(f"Serve it: bash {made}/server/server.sh")
        return
    from hub.registry.authoring.pack import pack as make
    from hub.registry.local import LocalRegistry
    from hub.registry.requirements import FILE, pip_wheel
    from hub.registry.store.workspace import workspace

    registry, progress = LocalRegistry(), render.ProgressBars()
    found = registry.find(name, version or None)
    with workspace(registry.layout) as new_folder:
        folder = None
        if wheels:
            folder = new_folder("wheels")
            pip_wheel(found.directory, folder, name=name, progress=progress)
        archive = make(found, output, home=registry.layout.home, progress=progress, wheels=folder)
    render.line(f"{archive} ({render.size(archive.stat().st_size)})")
    if not wheels and (found.directory / FILE).is_file():
        render.note("The packages in requirements.txt are not in the archive; --wheels adds them")


@click.group(cls=Group)
def index() -> None:
    """Private indexes: folders, or static web servers, of modules' archives."""


@index.command("build")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.pass_context
def index_build(context: click.Context, folder: Path) -> None:
    """Write DIR/index.json for the archives (and module folders, packed first) right below DIR."""
    from hub.registry.sources.index import FILE, build
    from hub.registry.store.layout import Layout

    modules, refused = build(folder.absolute(), Layout(), render.ProgressBars())
    rows = [(module.name, module.version, module.archive) for module in modules]
    render.table(("ModuleName", "Version", "Archive"), rows)
    for line in refused:
        render.problem("Warning", line)
    render.note(
        f"{folder / FILE} has {len(modules)} modules. Use it: hub config set index {folder.absolute()}"
    )
    if refused:
        context.exit(1)
