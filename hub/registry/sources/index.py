"""A private index: a folder, or a static web server, with ``index.json`` and the archives that it names.

    {"format": 1,
     "modules": [{"name": "lac", "version": "1.1.0", "summary": "…", "author": "…", "type": "…",
                  "archive": "lac-1.1.0.tar.gz", "size": 12345, "sha256": "…64 hex digits…"}]}

``archive`` is relative to ``index.json`` (in a folder it may not lead out of it) or, on a web server, also a
full address. ``hub index build DIR`` writes the file. Unknown keys are ignored: later versions may add some.
"""

from __future__ import annotations

import json
from pathlib import Path, PurePosixPath
from typing import Annotated
from urllib.parse import urljoin

from pydantic import BaseModel, Field, StringConstraints, ValidationError

from hub import atomic_file
from hub.errors import ConfigError, HubError, InvalidModuleError, NetworkError, RegistryError
from hub.module.info import read_module_info
from hub.registry.progress import Progress
from hub.registry.sources.pip_download import without_password
from hub.registry.sources.unpack import SUFFIXES, module_root, unpack
from hub.registry.store import checksums
from hub.registry.store.layout import Layout
from hub.registry.store.workspace import NewFolder, workspace

FILE = "index.json"
_LARGEST_INDEX = 32_000_000

Text = Annotated[str, StringConstraints(max_length=2000)]


class IndexedModule(BaseModel):
    """One archive of an index."""

    name: Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_-]*$")]
    version: Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z][0-9A-Za-z.+!_-]*$")]
    summary: Text = ""
    author: Text = ""
    type: Text = ""
    archive: Annotated[str, StringConstraints(min_length=1)]
    size: int = Field(ge=0)
    sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-fA-F]{64}$")]


class _File(BaseModel):
    format: int
    modules: list[IndexedModule]


def read(location: str) -> list[IndexedModule]:
    """Return the modules of the index at ``location``: a folder or an http(s) address.

    ``archive`` of each is then a path of this machine or a full address.

    Raises:
        NetworkError: it cannot be reached.
        ConfigError: it is not an index; the message names the place and the key.
    """
    is_address = location.startswith(("http://", "https://"))
    base = location if is_address else str(Path(location).expanduser())
    where = f"{base.rstrip('/')}/{FILE}"
    data = _read_address(where) if is_address else _read_file(where, base)
    content = _parse(data, without_password(where))
    return [
        each.model_copy(
            update={"archive": urljoin(where, each.archive) if is_address else _inside(each, base)}
        )
        for each in content.modules
    ]


def _read_address(where: str) -> bytes:
    from hub.registry.sources.http import read_bytes

    try:
        return read_bytes(where, limit=_LARGEST_INDEX)
    except NetworkError as error:
        raise NetworkError(
            f"the index that is configured cannot be asked: {error}\n"
            "See or change it with: hub config get index, hub config set index …, hub config reset index"
        ) from error


def _read_file(where: str, base: str) -> bytes:
    try:
        return Path(where).read_bytes()
    except OSError as error:
        raise ConfigError(
            f"the index {base} cannot be read: {error}. "
            f"Make its {FILE} with: hub index build {base}; or change the setting: hub config set index …"
        ) from error


def _parse(data: bytes, where: str) -> _File:
    try:
        content = _File.model_validate_json(data)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(map(str, first["loc"])) or "the file"
        raise ConfigError(f"{where} is not an index of modules: {key}: {first['msg']}") from error
    if content.format != 1:
        raise ConfigError(
            f"{where} has format {content.format}, and this version reads format 1; update hubserving"
        )
    return content


def _inside(module: IndexedModule, base: str) -> str:
    path = PurePosixPath(module.archive)
    if path.is_absolute() or ".." in path.parts or "://" in module.archive:
        raise ConfigError(f"{base}/{FILE}: archive {module.archive!r} is not a path below the index")
    return str(Path(base) / path)


def build(folder: Path, layout: Layout, progress: Progress) -> tuple[list[IndexedModule], list[str]]:
    """Write ``index.json`` for the archives and module folders right below ``folder``.

    A module's folder is packed into ``<name>-<version>.tar.gz`` beside it first.

    Returns:
        The modules of the index, and a line for each archive that is not a module's.

    Raises:
        RegistryError: there is no such folder, or it cannot be written.
    """
    from hub.registry.authoring.pack import pack_folder

    if not folder.is_dir():
        raise RegistryError(f"{folder} is not a folder; give the one that holds the modules' archives")
    for path in sorted(folder.iterdir()):
        if (path / "module.py").is_file():
            pack_folder(path, folder, progress)
    archives = [path for path in sorted(folder.iterdir()) if path.name.endswith(SUFFIXES)]
    found: dict[tuple[str, str], IndexedModule] = {}
    refused = []
    with workspace(layout) as new_folder, progress.task(f"Reading {len(archives)} archives"):
        for archive in archives:
            try:
                module = _described(archive, new_folder)
            except HubError as error:
                refused.append(str(error))
                continue
            key = (module.name.replace("-", "_"), module.version)
            if key in found:
                refused.append(f"{archive.name} is {module.name} {module.version} as well; left out")
            else:
                found[key] = module
    try:
        content = {"format": 1, "modules": [module.model_dump() for module in found.values()]}
        atomic_file.write(folder / FILE, json.dumps(content, ensure_ascii=False, indent=1) + "\n")
    except OSError as error:
        raise RegistryError(f"{folder / FILE} cannot be written: {error}") from error
    return list(found.values()), refused


def _described(archive: Path, new_folder: NewFolder) -> IndexedModule:
    unpacked = new_folder("module")
    unpack(archive, unpacked, shown_as=archive.name)
    try:
        info = read_module_info(module_root(unpacked, shown_as=archive.name))
    except InvalidModuleError as error:
        raise InvalidModuleError(f"{archive.name}: {str(error).replace(str(unpacked), '')}") from error
    described = {key: getattr(info, key) for key in ("name", "version", "summary", "author", "type")}
    size, sha256 = archive.stat().st_size, checksums.of_file(archive)
    return IndexedModule(**described, archive=archive.name, size=size, sha256=sha256)
