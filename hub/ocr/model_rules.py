"""The rules that a model was made for: thresholds and sizes, in the words of params.py.

They are in the model's ``inference.yml``, or for weights of the catalogue without one in a table here. They
hold for what params.py leaves out.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from hub.engines.description import description

#: PaddleX's thresholds of a detector, and their names in params.py.
_NAMES: Final = MappingProxyType(
    {"thresh": "det_db_thresh", "box_thresh": "det_db_box_thresh", "unclip_ratio": "det_db_unclip_ratio"}
)
#: Of weights whose wheel has no inference.yml: what the one that PaddleOCR publishes beside them says.
_PUBLISHED: Final[Mapping[str, Mapping[str, float]]] = MappingProxyType(
    {
        "PP-OCRv6_small_det": {"thresh": 0.2, "box_thresh": 0.45, "unclip_ratio": 1.4},
        "PP-OCRv5_mobile_det": {"thresh": 0.3, "box_thresh": 0.6, "unclip_ratio": 1.5},
        "PP-OCRv4_mobile_seal_det": {"thresh": 0.2, "box_thresh": 0.6, "unclip_ratio": 0.5},
    }
)
#: Values that read better than the published ones: with 1.4 the recogniser gets lines cut so closely that it
#: makes twice the errors in hei (doc/ocr_kinds.md).
_READS_BETTER: Final[Mapping[str, Mapping[str, float]]] = MappingProxyType(
    {"PP-OCRv6_tiny_det": {"unclip_ratio": 1.6}}
)


def detector_rules(name: str | Path, folder: Path, *, parity: bool = True) -> dict[str, Any]:
    """Return a detector's thresholds and the normalisation of its pixels.

    Args:
        name: of the weights, or their folder.
        folder: of the weights.
        parity: the published values only, not those that read better.

    Raises:
        ModelNotFoundError: the inference.yml in its folder cannot be understood.
    """
    told = description(folder)
    thresholds = dict(told.thresholds or _PUBLISHED.get(str(name), {}))
    if not parity:
        thresholds |= _READS_BETTER.get(str(name), {})
    rules: dict[str, Any] = {_NAMES[key]: value for key, value in thresholds.items()}
    if told.mean and told.std:
        rules |= {"det_mean": told.mean, "det_std": told.std}
    return rules


def recognizer_rules(folder: Path) -> dict[str, Any]:
    """Return the shape of a recogniser's input; raises ModelNotFoundError as :func:`detector_rules`."""
    shape = description(folder).image_shape
    return {"rec_image_shape": ", ".join(map(str, shape))} if shape else {}
