"""The settings of the pipeline: params.py, and over it ``init_args`` in the words of PaddleX's files."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from types import NoneType, SimpleNamespace
from typing import Any, Final

from pydantic import ValidationError

from hub.errors import ConfigError
from hub.ocr.params import EndpointParams, Ratio
from hub.validation import told

#: Sections of a pipeline file, and for each key the name that it has in params.py.
SECTIONS: Final[Mapping[str, Mapping[str, str]]] = {
    "text_detection": {
        "model_dir": "det_model_dir",
        "limit_side_len": "det_limit_side_len",
        "limit_type": "det_limit_type",
        "max_side_limit": "det_max_side_limit",
        "thresh": "det_db_thresh",
        "box_thresh": "det_db_box_thresh",
        "unclip_ratio": "det_db_unclip_ratio",
    },
    "text_recognition": {
        "model_dir": "rec_model_dir",
        "score_thresh": "drop_score",
        "batch_size": "rec_batch_num",
        "return_word_box": "return_word_box",
    },
    "textline_orientation": {"model_dir": "cls_model_dir", "batch_size": "cls_batch_num"},
    "doc_orientation_classify": {"model_dir": "page_orientation_model_dir"},
}
#: Other keys of ``init_args``, and their names in params.py.
OPTIONS: Final[Mapping[str, str]] = {
    "use_textline_orientation": "use_angle_cls",
    "use_doc_orientation_classify": "page_orientation",
    **{key: key for key in EndpointParams.model_fields},
}
#: Of a detector that does not say its own.
PADDLEX_THRESHOLDS: Final[Mapping[str, float]] = {
    "det_db_thresh": 0.3,
    "det_db_box_thresh": 0.6,
    "det_db_unclip_ratio": 1.5,
}
_NONE_IS_NO_LIMIT: Final = ("max_num_input_imgs", "max_output_img_size")


class Settings(EndpointParams):
    """The pipeline's own settings; the rest of params.py is the models' (:mod:`hub.ocr.params`)."""

    use_angle_cls: bool
    page_orientation: bool = False
    drop_score: Ratio
    return_word_box: bool

    @classmethod
    def read(cls, config: object) -> Settings:
        """Check the settings; raises ConfigError."""
        try:
            return cls.model_validate(vars(config))
        except ValidationError as error:
            raise ConfigError(told(error, cls, "ocr_pipeline", vars(config))) from error


def combined(params: object, given: Mapping[str, Any]) -> SimpleNamespace:
    """Return params.py's fields, with those replaced that ``init_args`` give.

    Args:
        params: what ``read_params()`` gave.
        given: keys of ``OPTIONS``, and ``SECTIONS`` with keys of theirs. None means "as in params.py", but
            for the two limits of PaddleX's, where it means that there is none.

    Raises:
        ConfigError: a key is none of these.
    """
    fields = {key: getattr(params, key) for key in dir(params) if not key.startswith("_")}
    for key, value in given.items():
        _known(key, (*OPTIONS, *SECTIONS), "init_args")
        if key in OPTIONS:
            if value is not None or key in _NONE_IS_NO_LIMIT:
                fields[OPTIONS[key]] = value
            continue
        if not isinstance(value, (Mapping, NoneType)):
            raise ConfigError(
                f"init_args: {key} must be an object of {', '.join(SECTIONS[key])}, not {value!r}"
            )
        for inner, setting in (value or {}).items():
            _known(inner, SECTIONS[key], key)
            if setting is not None:
                fields[SECTIONS[key][inner]] = setting
    return SimpleNamespace(**fields)


def named_models(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of params.py for the models that ``init_args`` name themselves."""
    return {
        keys["model_dir"]: given[section]["model_dir"]
        for section, keys in SECTIONS.items()
        if (given.get(section) or {}).get("model_dir") is not None
    }


def _known(key: str, names: Iterable[str], where: str) -> None:
    """Raise ConfigError for a key that is not one of these."""
    names = list(names)
    if key not in names:
        close = difflib.get_close_matches(str(key), names, n=1)
        hint = f" Did you mean {close[0]!r}?" if close else ""
        raise ConfigError(f"{where}: {key!r} is not a key; there are {', '.join(names)}.{hint}")
