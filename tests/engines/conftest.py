from __future__ import annotations

from tests.ocr.conftest import v6, weights

__all__ = ["v6", "weights"]
