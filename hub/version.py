"""The version, and where the package is. Imports nothing of ours, so that every file may ask for them."""

from __future__ import annotations

from pathlib import Path
from typing import Final

__version__ = "0.1.0"

#: The folder ``hub``.
PACKAGE: Final = Path(__file__).resolve().parent
