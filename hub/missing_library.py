"""Names what brings a library of the system that a Python package lacks. Standard library only."""

from __future__ import annotations

from typing import Final

#: The start of a library's file name → what brings it on Debian and Ubuntu.
_PACKAGES: Final = {
    "libGL.so": "libgl1",
    "libEGL.so": "libegl1",
    "libgthread-2.0.so": "libglib2.0-0",
    "libglib-2.0.so": "libglib2.0-0",
    "libSM.so": "libsm6",
    "libXext.so": "libxext6",
    "libXrender.so": "libxrender1",
    "libxcb.so": "libxcb1",
    "libgomp.so": "libgomp1",
    "libstdc++.so": "libstdc++6",
}
#: OpenCV with windows needs these, and is installed where none are.
_OF_WINDOWS: Final = (
    "libGL.so",
    "libEGL.so",
    "libSM.so",
    "libXext.so",
    "libXrender.so",
    "libxcb.so",
    "libgthread",
)


def advice(error: BaseException | str) -> str:
    """Return what to do about an import that failed; empty where no known library is missing."""
    text = str(error)
    found = next((package for library, package in _PACKAGES.items() if library in text), "")
    if not found:
        return ""
    if any(library in text for library in _OF_WINDOWS):
        return (
            f"apt-get install {found}, or take OpenCV without windows: "
            "pip uninstall opencv-python; pip install opencv-python-headless"
        )
    return f"apt-get install {found}"
