"""Which models are loaded: those of params.py, of ``init_args``, or what stands in for the default.

Fields are those of ``init_args.params``, then params.py, then the model's rules (:mod:`hub.ocr.model_rules`),
then PaddleOCR's defaults. ``init_args.model`` names a set of models (:mod:`hub.ocr.model_sets`); it replaces
those of params.py and what belongs to them, such as the dictionary, and leaves thresholds alone.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final, Unpack

from hub.engines.available import obstacle
from hub.engines.base import EngineOptions
from hub.errors import ConfigError, ModelNotFoundError, WeightsMissingError
from hub.ocr.model_sets import DEFAULT, PRESETS, REFERENCE
from hub.ocr.params import FIELDS, ORIENTATION
from hub.ocr.rules import Rules
from hub.suggestion import did_you_mean

log = logging.getLogger(__name__)

#: Fields of params.py that belong to a model and go with it.
_OF_A_MODEL: Final = ("det_mean", "det_std", "rec_image_shape", "rec_char_dict_path", "use_space_char")
#: The fields that init_args.params may set.
_FIELDS: Final = tuple(dict.fromkeys((*FIELDS, *Rules.model_fields)))
#: Finds a weights name, folder or file; raises ModelNotFoundError or WeightsError where there is none.
Find = Callable[[str | Path], Path]


def with_models(config: object, name: str | None) -> object:
    """Return the object that ``read_params()`` gave, with the models replaced by a set of them.

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
    kept = {key: value for key, value in _fields(config).items() if key not in _OF_A_MODEL}
    return SimpleNamespace(**{**kept, **PRESETS[name]})


def configured(
    config: object,
    find: Find,
    *,
    model: str | None = None,
    params: Mapping[str, Any] | None = None,
    parity: bool = False,
    **options: Unpack[EngineOptions],
) -> object:
    """Return the object that ``read_params()`` gave as ``init_args`` change it, with models that can run.

    Args:
        config: of params.py; it names the models that the module loads.
        find: see :mod:`hub.ocr.build`.
        model: a set of models instead of those.
        params: fields that win over all others.
        parity: PaddleOCR's very rules; the shipped default is then PP-OCRv4.
        **options: how models are executed.

    Raises:
        ConfigError: an unknown set or field.
        WeightsMissingError: weights that have not been fetched; all of them are named.
    """
    given = dict(_checked(params or {}))
    own = _fields(config) | given
    fields = _fields(with_models(config, model)) | given
    default = PRESETS[DEFAULT].items()
    chosen = [key for key, name in default if model is None and fields.get(key) == name and key not in given]
    if chosen and (parity or not _runs_here(options)):
        fields |= {key: PRESETS[REFERENCE][key] for key in chosen}
    _require_weights([fields.get(key, ORIENTATION) for key in _models_in(own)], find)
    return SimpleNamespace(**fields)


def _fields(config: object) -> dict[str, Any]:
    return {key: getattr(config, key) for key in dir(config) if not key.startswith("_")}


def _checked(params: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return ``init_args.params``; raises ConfigError where they are not fields of params.py."""
    if not isinstance(params, Mapping):
        raise ConfigError(f"init_args: params must be an object of fields of params.py, not {params!r}")
    for name in params:
        if name not in _FIELDS:
            raise ConfigError(
                f"init_args: params has no field {name!r}; there are {', '.join(_FIELDS)}."
                f"{did_you_mean(str(name), _FIELDS)}"
            )
    return params


def _runs_here(options: EngineOptions) -> bool:
    """Tell whether an engine runs the default models; if not, say so."""
    why = obstacle("onnx", options.get("engine", "auto"), options.get("device", "cpu"))
    if why:
        log.warning("%s cannot run here (%s); %s runs instead", DEFAULT, why, REFERENCE)
    return not why


def _models_in(fields: Mapping[str, Any]) -> list[str]:
    """Return the fields that name the models which a module loads."""
    unused = () if fields.get("use_angle_cls", True) else ("cls_model_dir",)
    read = [key for key in (*PRESETS[DEFAULT], "cls_model_dir") if fields.get(key) and key not in unused]
    # Only what finds and reads text has a use for it.
    orients = fields.get("page_orientation") and set(PRESETS[DEFAULT]) <= set(read)
    return [*read, "page_orientation_model_dir"] if orients else read


def _require_weights(models: Iterable[str | Path], find: Find) -> None:
    """Raise WeightsMissingError with the names of all weights that are missing, not only the first."""
    missing: list[str] = []
    for model in models:
        try:
            find(model)
        except WeightsMissingError as error:
            missing += error.names
        except ModelNotFoundError:
            continue  # a folder, of which the step that loads it has more to say
    if missing:
        raise WeightsMissingError(tuple(dict.fromkeys(missing)))
