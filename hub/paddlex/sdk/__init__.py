"""``hub pack --sdk NAME``: the folder of PaddleX's high-stability serving, for a module or a pipeline.

    <name>_sdk/
      server/  server.sh  pipeline_config.yaml  models/<part>/ …
               model_repo/<name or endpoint>/  config_cpu.pbtxt  config_gpu.pbtxt  1/<package>/module.py …
               model_repo/<further endpoint>/  config.pbtxt
      client/  client.py  requirements.txt  paddlex_hps_client-<version>-py3-none-any.whl

``server/`` runs where HubServing is installed; ``client/`` needs Python 3.8 and no package of ours.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from importlib.resources import files
from pathlib import Path

from hub.errors import RegistryError
from hub.paddlex.sdk import wheel
from hub.paddlex.sdk.subject import Subject, subject
from hub.version import __version__

_TEMPLATES = files("hub.paddlex.sdk") / "templates"
#: Version folder in the model repository; Triton counts from 1.
_VERSION_FOLDER = "1"
_CONFIG = "pipeline_config.yaml"


def pack(name: str, destination: Path, version: str | None = None) -> Path:
    """Write the SDK folder of an installed module or a pipeline into ``destination``; return the folder.

    Raises:
        ConfigError: the name is that of a pipeline's file, and something in it is wrong.
        ModuleNotInstalledError: there is no such module or pipeline, or the pipeline needs PaddleX.
        RegistryError: the folder exists already, or cannot be written.
    """
    packed = subject(name, version)
    target = destination / f"{packed.title}_sdk"
    if target.exists():
        raise RegistryError(f"{target} exists already; remove it, or name another place with --output")
    try:
        destination.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".sdk-", dir=destination) as staging:
            _write(packed, Path(staging) / "sdk")
            (Path(staging) / "sdk").replace(target)
    except OSError as error:
        raise RegistryError(f"cannot write {target}: {error.strerror or error}") from error
    return target


def _write(packed: Subject, folder: Path) -> None:
    names = {
        "title": packed.title,
        "name": packed.model,
        "package": packed.info.package,
        "version": packed.info.version,
        "weights": " ".join(packed.weights),
        "endpoints": " ".join(packed.endpoints),
    }
    server, client = folder / "server", folder / "client"
    repository = server / "model_repo" / packed.model
    repository.mkdir(parents=True)
    client.mkdir()
    if packed.directory is not None:
        package = repository / _VERSION_FOLDER / packed.directory.name
        shutil.copytree(packed.directory, package, ignore=shutil.ignore_patterns("__pycache__"))
    if packed.pipeline_file is not None:
        (server / _CONFIG).write_text(packed.pipeline_file.text, "utf-8")
        for place, source in packed.pipeline_file.folders.items():
            shutil.copytree(source, server / place)
    else:
        template = f"pipeline/{packed.title}.yaml" if packed.endpoints else _CONFIG
        (server / _CONFIG).write_text(_filled(template, names))
    (server / "server.sh").write_text(_filled("server.sh", names))
    for file in ("config_cpu.pbtxt", "config_gpu.pbtxt"):
        (repository / file).write_text(_filled(file, names))
    for endpoint in packed.endpoints[1:]:
        (repository.parent / endpoint).mkdir()
        text = _filled("pipeline/config.pbtxt", {"first": packed.model, "name": endpoint})
        (repository.parent / endpoint / "config.pbtxt").write_text(text)
    script = "pipeline/client.py" if packed.endpoints else "client.py"
    (client / "client.py").write_text(_filled(script, names))
    (client / "requirements.txt").write_text(_filled("requirements.txt", names))
    for executable in (server / "server.sh", client / "client.py"):
        executable.chmod(0o755)
    _write_client_package(client)


def _write_client_package(folder: Path) -> None:
    # PaddleX's name: scripts that import it, and the document's ``pip install`` line, work as they are.
    name, version = "paddlex_hps_client", f"{__version__}+hubserving"
    info = f"{name}-{version}.dist-info"
    files = {f"{name}/{file}": _filled(f"{name}/{file}", {}) for file in ("__init__.py", "utils.py")}
    for file in ("METADATA", "WHEEL"):
        files[f"{info}/{file}"] = _filled(f"{name}.dist-info/{file}", {"wheel": version})
    wheel.write(folder / f"{name}-{version}-py3-none-any.whl", files, info)


def _filled(file: str, names: dict[str, str]) -> str:
    """Return a template with each ``@word@`` replaced; ``$`` belongs to the shell."""
    text = (_TEMPLATES / file).read_text(encoding="utf-8")
    return re.sub(r"@([a-z]+)@", lambda mark: names[mark[1]], text)
