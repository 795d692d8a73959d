"""The modules that come with HubServing, and the well-known ones that cannot.

In an installed package they are in ``hub/bundled/<name>/``, where ``setup.py`` puts them; in a checkout in
``modules/`` and ``deploy/hubserving/``. ``hub install NAME`` copies them from there: no network.

Standard library only: a runner that does not find a module asks here for the command that installs it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from hub import settings
from hub.errors import InvalidModuleError
from hub.module.info import ModuleInfo, read_module_info

_IN_PACKAGE = settings.PACKAGE / "bundled"
_IN_CHECKOUT = (settings.PACKAGE.parent / "modules", settings.PACKAGE.parent / "deploy" / "hubserving")


@dataclass(frozen=True)
class Unavailable:
    """A module of PaddleHub's documents whose weights nobody may or does redistribute.

    Attributes:
        what: what it does.
        wrapper: the bundled module that serves such a model from a folder, or None.
    """

    what: str
    wrapper: str | None


UNAVAILABLE = {
    "senta_bilstm": Unavailable("tells the sentiment of Chinese sentences", None),
    "yolov3_darknet53_coco2017": Unavailable("finds objects in images", "object_detector"),
    "vgg16_imagenet": Unavailable("classifies images", "image_classifier"),
    "pyramidbox_lite_server_mask": Unavailable("finds faces and whether they wear a mask", "object_detector"),
}


def folders() -> dict[str, Path]:
    """Return the folder of every bundled module by its name (with ``_``)."""
    places = (_IN_PACKAGE,) if _IN_PACKAGE.is_dir() else _IN_CHECKOUT
    found = [source.parent for place in places for source in place.glob("*/module.py")]
    return {folder.name: folder for folder in sorted(found, key=lambda each: each.name)}


def infos() -> list[tuple[ModuleInfo, Path]]:
    """Return what each of them declares, and its folder."""
    found = []
    for folder in folders().values():
        try:
            found.append((read_module_info(folder), folder))
        except InvalidModuleError:  # being edited in a checkout; installing it says what is wrong
            continue
    return found


def install_hint(name: str) -> str | None:
    """Return the sentence that helps with a module that is not installed, or None for an unknown name."""
    package = name.replace("-", "_")
    if package in folders():
        return f"Install it with: hub install {name}"
    return unavailable_reason(package) if package in UNAVAILABLE else None


def unavailable_reason(package: str) -> str:
    """Say why a module of the documents cannot be installed by its name, and what serves such a model."""
    missing = UNAVAILABLE[package]
    reason = (
        f"{package} ({missing.what}) cannot be installed by name: its weights are published by PaddleHub's "
        "own servers only, and are not among those that HubServing may fetch. If you have the module's "
        "folder or archive: hub install DIR. "
    )
    if missing.wrapper is None:
        way = "write a module around it: hub init NAME makes one to start from"
    else:
        way = (
            f"the module {missing.wrapper} serves it from its folder: hub install {missing.wrapper}, "
            f"or make a module of it with: hub convert MODEL_DIR --module_name {package}"
        )
    return f"{reason}If you have an exported model of its kind (Paddle or ONNX), {way}"
