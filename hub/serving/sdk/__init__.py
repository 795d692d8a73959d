"""[cli] ``hub pack --sdk NAME``: the folder of PaddleX's high-stability serving, for a module.

    <name>_sdk/
      server/  server.sh  pipeline_config.yaml
               model_repo/<name>/  config_cpu.pbtxt  config_gpu.pbtxt  1/<package>/module.py …
      client/  client.py  requirements.txt  paddlex_hps_client-<version>-py3-none-any.whl

``server/`` runs wherever HubServing is installed; ``client/`` needs Python 3.8 and nothing of ours.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from importlib.resources import files
from pathlib import Path

from hub.errors import RegistryError
from hub.registry.local import InstalledModule, LocalRegistry
from hub.serving.sdk import wheel

_TEMPLATES = files("hub.serving.sdk") / "templates"
#: Version folder in the model repository; Triton counts from 1.
_VERSION_FOLDER = "1"


def pack(name: str, destination: Path, version: str | None = None) -> Path:
    """Write the SDK folder of an installed module into ``destination``; returns the folder.

    Raises:
        ModuleNotInstalledError: there is no such module.
        RegistryError: the folder exists already, or cannot be written.
    """
    module = LocalRegistry().find(name, version)
    target = destination / f"{module.info.name}_sdk"
    if target.exists():
        raise RegistryError(f"{target} exists already; remove it, or name another place with --output")
    try:
        destination.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".sdk-", dir=destination) as staging:
            _write(module, Path(staging) / "sdk")
            (Path(staging) / "sdk").replace(target)
    except OSError as error:
        raise RegistryError(f"cannot write {target}: {error.strerror or error}") from error
    return target


def _write(module: InstalledModule, folder: Path) -> None:
    names = {
        "name": module.info.name,
        "package": module.directory.name,
        "version": module.info.version,
        "weights": " ".join(module.info.weights),
    }
    server, client = folder / "server", folder / "client"
    repository = server / "model_repo" / module.info.name
    package = repository / _VERSION_FOLDER / module.directory.name
    shutil.copytree(module.directory, package, ignore=shutil.ignore_patterns("__pycache__"))
    client.mkdir()
    for file in ("server.sh", "pipeline_config.yaml"):
        (server / file).write_text(_filled(file, names))
    for file in ("config_cpu.pbtxt", "config_gpu.pbtxt"):
        (repository / file).write_text(_filled(file, names))
    for file in ("client.py", "requirements.txt"):
        (client / file).write_text(_filled(file, names))
    for script in (server / "server.sh", client / "client.py"):
        script.chmod(0o755)
    package_source = {
        f"paddlex_hps_client/{source}": (_TEMPLATES / "paddlex_hps_client" / source).read_bytes()
        for source in ("__init__.py", "utils.py")
    }
    wheel.write(client, package_source)


def _filled(file: str, names: dict[str, str]) -> str:
    """A template with each ``@word@`` replaced; ``$`` belongs to the shell."""
    text = (_TEMPLATES / file).read_text(encoding="utf-8")
    return re.sub(r"@([a-z]+)@", lambda mark: names[mark[1]], text)
