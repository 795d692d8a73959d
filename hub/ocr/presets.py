"""Sets of models that ``init_args: {"model": NAME}`` chooses, each with the rules that it was made for.

A set replaces fields of params.py: the models, the dictionary, and how pixels are prepared. All other
fields (thresholds, ``drop_score``, the angle classifier, batch sizes) stay what params.py says.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType, SimpleNamespace
from typing import Any, Final

from hub.errors import ConfigError
from hub.suggestion import did_you_mean

PRESETS: Final[Mapping[str, dict[str, Any]]] = MappingProxyType(
    {
        "PP-OCRv4_mobile": {
            "det_model_dir": "PP-OCRv4_mobile_det",
            "rec_model_dir": "PP-OCRv4_mobile_rec",
            "rec_char_dict_path": "ppocr_keys_v1.txt",
        },
        # Pixels are prepared as for PP-OCRv4, and its thresholds suit: doc/ocr.md has what else was tried.
        # The dictionary is in the recogniser's file; its last class is the space, which is not listed.
        "PP-OCRv6_small": {
            "det_model_dir": "PP-OCRv6_small_det",
            "det_mean": (0.485, 0.456, 0.406),
            "det_std": (0.229, 0.224, 0.225),
            "rec_model_dir": "PP-OCRv6_small_rec",
            "rec_image_shape": "3, 48, 320",
            "rec_char_dict_path": None,
            "use_space_char": True,
        },
    }
)


def with_models(config: object, name: str | None) -> object:
    """Return the object that ``read_params()`` gave, with the fields of a set of models replaced.

    Raises:
        ConfigError: there is no such set.
    """
    if name is None:
        return config
    if name not in PRESETS:
        raise ConfigError(
            f"init_args: model = {name!r}; allowed are {', '.join(PRESETS)}."
            f"{did_you_mean(str(name), PRESETS)} Other models: give their folders in params.py"
        )
    given: dict[str, Any] = {key: getattr(config, key) for key in dir(config) if not key.startswith("_")}
    return SimpleNamespace(**given | PRESETS[name])
