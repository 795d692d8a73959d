"""``hub init``: a new module to start from, which installs, serves and passes its own test as it is."""

from __future__ import annotations

import json
import keyword
import sys
from pathlib import Path

from hub.errors import InvalidModuleError, RegistryError
from hub.module.info import read_module_info

_MODULE = '''\
"""Say how long texts are: ``POST /predict/NAME``."""

from __future__ import annotations

from hub.errors import InvalidInputError
from hub.module import Module, moduleinfo, runnable, serving


@moduleinfo(
    name="NAME",
    version="0.1.0",
    summary="says how long texts are",
    author="",
    type="nlp/example",
)
class CLASS(Module):
    def _initialize(self, unit: str = "characters") -> None:
        """Load models here. Called once in each process; the arguments are the config file's init_args."""
        if unit not in ("characters", "words"):
            raise ValueError(f"unit must be characters or words, not {unit!r}")
        self.unit = unit

    # With batch="texts", texts of requests that wait at the same time come in one call: one result per text.
    @serving(batch="texts")
    def predict(self, texts: list[str]) -> list[dict[str, object]]:
        """Say how long each text is."""
        if not all(isinstance(text, str) for text in texts):
            raise InvalidInputError("texts must be a list of strings")
        return [{"text": text, "length": self._length(text)} for text in texts]

    @runnable
    def run(self, argv: list[str]) -> list[dict[str, object]]:
        """Answer ``hub run NAME TEXT…``."""
        return self.predict(texts=argv)

    def _length(self, text: str) -> int:
        return len(text) if self.unit == "characters" else len(text.split())
'''

_TEST = '''\
"""Run with: python -m pytest FOLDER"""

from __future__ import annotations

from pathlib import Path

import pytest

import hub


def test_it_says_how_long_texts_are() -> None:
    module = hub.Module(directory=Path(__file__).parent)
    assert module.predict(texts=["abc", ""]) == [{"text": "abc", "length": 3}, {"text": "", "length": 0}]


def test_it_refuses_what_is_not_a_text() -> None:
    with pytest.raises(hub.InvalidInputError, match="list of strings"):
        hub.Module(directory=Path(__file__).parent).predict(texts=[1])
'''

_README = """\
# NAME

Says how long texts are.

    hub install FOLDER/
    hub serving start -m NAME

    curl -H 'Content-Type: application/json' -d '{"texts": ["abc"]}' http://127.0.0.1:8866/predict/NAME
    {"msg":"","results":[{"length":3,"text":"abc"}],"status":"0"}

On the command line: `hub run NAME abc`. In Python: `hub.Module(name="NAME").predict(texts=["abc"])`.

| argument | default | meaning |
| --- | --- | --- |
| `texts` | | list of texts |
| `unit` (init_args) | `characters` | or `words` |

`hub serving start -c FOLDER/config.json` starts it with the settings of `config.json`.

Packages that the module needs go into a `requirements.txt` beside `module.py`.
"""


def scaffold(name: str, folder: Path) -> Path:
    """Write the module ``name`` into a new folder below ``folder``; return it.

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
        "FOLDER": package,
    }
    try:
        target.mkdir(parents=True)
        (target / "__init__.py").touch()
        files = {
            "module.py": _MODULE,
            f"test_{package}.py": _TEST,
            "README.md": _README,
            "config.json": config_json(name, {"version": "0.1.0", "unit": "characters"}),
        }
        for file, text in files.items():
            for word, value in words.items():
                text = text.replace(word, value)
            (target / file).write_text(text, encoding="utf-8")
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
