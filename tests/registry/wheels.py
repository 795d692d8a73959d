"""Tiny wheels and modules that need them: for tests of requirements, without a network."""

from __future__ import annotations

import zipfile
from pathlib import Path

NEEDS = """\
from hub.module import Module, moduleinfo, serving
import tinydep

@moduleinfo(name="{name}", version="1.0.0", summary="needs tinydep {pin}")
class Needs(Module):
    @serving
    def tell(self, texts=()):
        return [tinydep.VERSION, tinydep.__file__]
"""


def wheel(folder: Path, version: str, name: str = "tinydep") -> Path:
    """A wheel of one file that knows its version."""
    folder.mkdir(parents=True, exist_ok=True)
    info = f"{name}-{version}.dist-info"
    path = folder / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"{name}.py", f"VERSION = {version!r}\n")
        archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        tags = "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        archive.writestr(f"{info}/WHEEL", tags)
        archive.writestr(
            f"{info}/RECORD", f"{name}.py,,\n{info}/METADATA,,\n{info}/WHEEL,,\n{info}/RECORD,,\n"
        )
    return path


def needing_module(folder: Path, pin: str, name: str) -> Path:
    """A module's folder whose requirements.txt says ``tinydep<pin>``."""
    target = folder / name
    target.mkdir(parents=True)
    (target / "module.py").write_text(NEEDS.format(name=name, pin=pin))
    (target / "requirements.txt").write_text(f"# what it needs\ntinydep{pin}\n")
    return target


def only_from(wheels: Path) -> dict[str, str]:
    """The environment in which pip sees nothing but ``wheels``."""
    dead = "http://127.0.0.1:9"
    return {
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": str(wheels),
        "PIP_CONFIG_FILE": "/dev/null",
        "HTTP_PROXY": dead,
        "HTTPS_PROXY": dead,
        "NO_PROXY": "127.0.0.1",
    }
