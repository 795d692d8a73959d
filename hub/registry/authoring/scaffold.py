"""``hub init``: a new module to start from, which installs, serves and passes its own test as it is."""

from __future__ import annotations

import json
import keyword
import sys
from pathlib import Path
from typing import Literal

from hub.errors import InvalidModuleError, RegistryError
from hub.module.info import read_module_info

#: A folder for each kind of module. NAME, CLASS and PACKAGE in its files are replaced, also in their names.
TEMPLATES = Path(__file__).with_name("templates")
#: A new module takes texts, images, items that are joined into batches, or has routes of its own.
Kind = Literal["text", "image", "batch", "pipeline"]


def scaffold(name: str, folder: Path, kind: Kind = "text") -> Path:
    """Write the module ``name`` of a ``kind`` into a new folder below ``folder``; return it.

    Raises:
        InvalidModuleError: the name cannot be a module's.
        RegistryError: the folder is there already, or cannot be written.
    """
    package = name.replace("-", "_")
    if not package.isidentifier() or not package.isascii() or keyword.iskeyword(package):
        raise InvalidModuleError(
            f"{name!r} cannot be a module's name: letters, digits, _ and -, "
            "and no digit first, like my_module"
        )
    if package == "hub" or package in sys.stdlib_module_names:
        raise InvalidModuleError(f"{name!r} is the name of a package of Python's own; choose another")
    target = folder / package
    words = {
        "NAME": name,
        "CLASS": "".join(part[:1].upper() + part[1:] for part in package.split("_")) or "Example",
        "PACKAGE": package,
    }
    try:
        target.mkdir(parents=True)
        (target / "__init__.py").touch()
        config = config_json(name, {"version": "0.1.0"})
        (target / "config.json").write_text(config, encoding="utf-8")
        for template in (TEMPLATES / kind).iterdir():
            text = template.read_text(encoding="utf-8")
            for word, value in words.items():
                text = text.replace(word, value)
            (target / template.name.replace("PACKAGE", package)).write_text(text, encoding="utf-8")
    except FileExistsError as error:
        raise RegistryError(f"{target} exists already; choose another name or --output_dir") from error
    except OSError as error:
        raise RegistryError(f"{target} cannot be written: {error}") from error
    read_module_info(target)
    return target


def config_json(name: str, init_args: dict[str, str]) -> str:
    """Return the text of a server's config file with one module in it."""
    module = {"init_args": init_args, "predict_args": {}}
    return json.dumps({"modules_info": {name: module}, "port": 8866}, indent=2) + "\n"
