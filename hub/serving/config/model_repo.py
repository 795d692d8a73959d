"""A model repository in Triton's layout, as PaddleX's high-stability serving ships it.

    model_repo/<module>/config.pbtxt                  for every device
                        config_cpu.pbtxt              instead, where the device type is cpu
                        config_gpu.pbtxt              instead, where it is gpu
                        1/<package>/module.py         the module itself; otherwise the installed one is served

Where no modules are named, each folder with a configuration names one. A key in ``modules_info`` wins.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hub import text_file
from hub.errors import ConfigError
from hub.serving.config import hps, triton


def merge(values: Mapping[str, Any], folders: Mapping[str, str]) -> Any:
    """Return ``modules_info`` on top of the repository's settings for each module.

    Args:
        values: a server's keys, with ``model_repo``, before they are validated.
        folders: other folders for modules that have none of their own.

    Raises:
        ConfigError: the folder is missing, or a configuration in it is wrong.
    """
    modules = values.get("modules_info", {})
    if not isinstance(modules, dict):  # the validation's to refuse
        return modules
    repository = Path(str(values["model_repo"]))
    wants_gpu = str(values.get("use_gpu")).lower() in ("true", "1", "yes", "on")
    device = hps.device_type() or ("gpu" if wants_gpu else "cpu")
    if not repository.is_dir():
        raise ConfigError(f"model_repo {repository} is not a folder")
    names = list(modules) or sorted(
        folder.name for folder in repository.iterdir() if _configuration(folder, device) is not None
    )
    if not names:
        raise ConfigError(
            f"model_repo {repository} has no <module>/config.pbtxt or <module>/config_{device}.pbtxt"
        )
    merged = dict(modules)
    for name in names:
        entry = merged.get(name, {})
        if isinstance(entry, dict):  # anything else is the validation's to refuse
            own = repository / name
            folder = own if own.is_dir() else repository / folders.get(name, name)
            merged[name] = _entry(entry, folder, device)
    return merged


def _configuration(folder: Path, device: str) -> Path | None:
    """Return the file that applies: of the device type, else the general one."""
    for file in (folder / f"config_{device}.pbtxt", folder / "config.pbtxt"):
        if file.is_file():
            return file
    return None


def _entry(entry: dict[str, Any], folder: Path, device: str) -> dict[str, Any]:
    settings: dict[str, Any] = {}
    file = _configuration(folder, device)
    if file is not None:
        text = text_file.read(file, "model repository's")
        settings = triton.read(text, str(file), name=folder.name, device=device)
    init_args = dict(entry.get("init_args") or {})
    module = _module(folder)
    if module is not None:
        init_args.setdefault("directory", str(module))
    return {**settings, **entry, "init_args": init_args}


def _module(folder: Path) -> Path | None:
    """Return the module's folder in the newest version folder, where there is one."""
    versions = sorted(
        (each for each in folder.glob("*") if each.name.isdecimal() and each.is_dir()),
        key=lambda each: int(each.name),
    )
    if not versions:
        return None
    found = sorted(source.parent for source in versions[-1].glob("*/module.py"))
    if len(found) > 1:
        raise ConfigError(f"{versions[-1]} holds several modules: {', '.join(each.name for each in found)}")
    return found[0] if found else None
