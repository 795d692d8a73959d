from __future__ import annotations

from tests.ocr.conftest import weights

__all__ = ["weights"]
