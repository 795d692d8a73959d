"""``hub run``: call a module once, on the command line."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import click

from hub.cli import completion


@click.command(context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
@click.argument("module", type=completion.MODULE_OR_FOLDER)
@click.argument("words", type=completion.ARGUMENT, nargs=-1)
@click.pass_context
def run(context: click.Context, module: str, words: tuple[str, ...]) -> None:
    """Call a module once and print what it returns.

    A module with a @runnable method gets the arguments as they are. Of any other the @serving method is
    called, with what FILE, --input_path FILE, --input_text TEXT, --input_file FILE, --use_gpu, --batch_size N
    and --arguments JSON say; `hub run NAME --help` shows them. `hub run ocr_system a.jpg b.pdf` prints the
    text in the files, with --json a line of JSON for each. --method NAME calls another @serving method.
    """
    from hub.cli import call

    folder, interpreter = _find(module)
    if interpreter is None:
        context.exit(call.call(folder, words))
    context.exit(_elsewhere(interpreter, folder, words))


def _find(module: str) -> tuple[Path, Path | None]:
    """Return the module's folder, and its own interpreter if it has one; an installed name comes first."""
    from hub.errors import ModuleNotInstalledError
    from hub.registry.local import LocalRegistry
    from hub.registry.resolve import installed
    from hub.registry.store.environment import interpreter_of

    name, _, version = module.partition("==")
    folder = Path(module).expanduser()
    if "/" not in module and module not in (".", ".."):
        try:
            found = LocalRegistry().find(name, version or None)
        except ModuleNotInstalledError:
            if not (folder / "module.py").is_file():
                raise
        else:
            return installed(name, version or None), interpreter_of(found.content)
    return folder.resolve(), None


def _elsewhere(interpreter: Path, folder: Path, words: tuple[str, ...]) -> int:
    from hub import settings
    from hub.registry.store.environment import expose_hub

    with tempfile.TemporaryDirectory() as path:
        environment = settings.child_environment(expose_hub(Path(path)))
        sys.stdout.flush()
        command = [os.fspath(interpreter), "-m", "hub.cli.call", str(folder), *words]
        return subprocess.run(command, env=environment, check=False).returncode
