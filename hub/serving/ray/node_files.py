"""Finds a module's files on a node: in the archive that Ray unpacked, or at the server's paths."""

from __future__ import annotations

import sys
from pathlib import Path

from hub import settings
from hub.errors import InvalidModuleError
from hub.registry.authoring import pack
from hub.registry.progress import Silent
from hub.serving.messages.runner_spec import RunnerSpec


def find_module(spec: RunnerSpec, *, is_shared: bool, home: str) -> Path:
    """Return the module's folder on this node; from now on weights are looked for beside it.

    Raises:
        InvalidModuleError: it is not there.  ChecksumError: it is not as it was sent.
    """
    if is_shared:
        folder = Path(spec.directory)
        if not folder.is_dir():
            raise InvalidModuleError(
                f'this node has no {folder}: with ray_modules "shared" every node must have the server\'s '
                f'{home} at the same path; "archive" sends modules there instead'
            )
        settings.use_home(home)
        return folder
    unpacked = Path.cwd()  # Ray starts the process in it
    if not pack.is_pack(unpacked):
        raise InvalidModuleError(f"this node has no archive of {spec.name}: there is no pack in {unpacked}")
    # Folders called `module` and `weights` must not answer to imports of these names.
    sys.path[:] = [entry for entry in sys.path if Path(entry or ".").absolute() != unpacked]
    settings.use_home(unpacked)
    return pack.check(unpacked, shown_as=f"the archive of {spec.name}", progress=Silent()).module
