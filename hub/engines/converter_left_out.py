"""Import OpenVINO without its converter of models: to be imported before ``openvino``.

The converter counts in the user's home folder (``~/intel``) how often it was imported, to report it where the
user agrees. Nothing here uses it, and it takes a third of the time of the import. Who wants it can import
``openvino.tools.ovc`` afterwards.
"""

from __future__ import annotations

import sys
from typing import Final

_CONVERTER: Final = "openvino.tools.ovc"

__all__ = ["openvino"]

_known = sys.modules.get(_CONVERTER)
sys.modules[_CONVERTER] = None  # type: ignore[assignment]  # as Python's documents say: not to be found
try:
    import openvino
finally:
    del sys.modules[_CONVERTER]
    if _known:
        sys.modules[_CONVERTER] = _known
