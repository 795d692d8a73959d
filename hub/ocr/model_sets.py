"""The sets of models that have a name: a detector and a recogniser of the weights catalogue each."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

#: The name of a set → the fields of params.py that it fills.
PRESETS: Final[Mapping[str, Mapping[str, str]]] = MappingProxyType(
    {
        name: MappingProxyType({"det_model_dir": f"{name}_det", "rec_model_dir": f"{name}_rec"})
        for name in ("PP-OCRv6_small", "PP-OCRv6_tiny", "PP-OCRv5_mobile", "PP-OCRv4_mobile")
    }
)
#: The set that the shipped params.py name, and the one that runs instead in parity mode and where it cannot.
DEFAULT: Final = "PP-OCRv6_small"
REFERENCE: Final = "PP-OCRv4_mobile"
