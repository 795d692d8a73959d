"""Every name of PaddleHub that is answered here, and by what. The whole list; nothing else is imported.

A value is ``"file:name"`` below ``hub.compat.paddlehub_api``, or ``"hub:Module"``, which can also find
modules by name.
Names are found when they are used, so ``import paddlehub as hub`` imports no NumPy and no Paddle.
"""

from __future__ import annotations

from typing import Final


def _in(file: str, names: str) -> dict[str, str]:
    """Return the entries of names that keep their name in a file of ours."""
    return {name: f"{file}:{name}" for name in names.split()}


_MODULE = _in("hub", "Module")
_LOGGER = _in("logger", "logger")
_LOG = _in("logger", "logger Logger")
_ENV = _in("paddlehub_env", "HUB_HOME MODULE_HOME CACHE_HOME DATA_HOME THIRD_PARTY_HOME")
_TOKENIZATION = _in(
    "tokenization",
    "BasicTokenizer FullTokenizer WordpieceTokenizer convert_by_vocab convert_ids_to_tokens "
    "convert_to_unicode convert_tokens_to_ids load_vocab whitespace_tokenize",
)
_BATCHING = _in("batching", "pad_batch_data")
_PROGRAMS = _in("static_program", "add_vars_prefix get_variable_info")
_PARSERS = _in("parsers", "txt_parser")
_ENCODINGS = _in("parsers", "sys_stdin_encoding")
_TRANSFORMS = {
    **_in(
        "transforms",
        "CenterCrop Compose Normalize Padding RandomBlur RandomDistort RandomHorizontalFlip "
        "RandomPaddingCrop RandomRotation RandomVerticalFlip Resize ResizeByLong ResizeRangeScaling "
        "ResizeStepScaling",
    ),
    **_in("colours", "LAB2RGB RGB2LAB"),
}

NAMES: Final[dict[str, dict[str, str]]] = {
    "paddlehub": {
        **_MODULE,
        **_LOGGER,
        **_in("nlp_prediction", "NLPPredictionModule TransformerModule"),
        "__version__": "contract:PADDLEHUB_VERSION",
    },
    "paddlehub.env": _ENV,
    "paddlehub.module": {},
    "paddlehub.module.module": {
        **_MODULE,
        **_in("contract", "RunModule moduleinfo runnable serving"),
    },
    "paddlehub.module.cv_module": {
        **_in("image_modules", "ImageClassifierModule ImageSegmentationModule"),
        **_in("drawing_modules", "ImageColorizeModule StyleTransferModule"),
    },
    "paddlehub.module.nlp_module": {
        **_in("nlp_prediction", "DataFormatError"),
        **_in("text_modules", "EmbeddingModule TransformerModule"),
    },
    "paddlehub.compat": {},
    "paddlehub.compat.module": {},
    "paddlehub.compat.module.nlp_module": _in(
        "nlp_prediction", "DataFormatError NLPBaseModule NLPPredictionModule TransformerModule"
    ),
    "paddlehub.compat.task": {},
    "paddlehub.compat.task.batch": _BATCHING,
    "paddlehub.compat.task.tokenization": _TOKENIZATION,
    "paddlehub.reader": {},
    "paddlehub.reader.batching": _BATCHING,
    "paddlehub.reader.tokenization": _TOKENIZATION,
    "paddlehub.utils": {},
    "paddlehub.utils.log": _LOG,
    "paddlehub.utils.parser": _PARSERS,
    "paddlehub.utils.utils": {
        **_LOGGER,
        **_ENCODINGS,
        **_in("images", "base64_to_cv2 cv2_to_base64"),
        **_in("downloads", "download"),
    },
    "paddlehub.common": {},
    "paddlehub.common.dir": {**_ENV, "THIRDPARTY_HOME": "paddlehub_env:THIRD_PARTY_HOME"},
    "paddlehub.common.downloader": _in("downloads", "Downloader default_downloader"),
    "paddlehub.common.logger": _LOG,
    "paddlehub.common.paddle_helper": _PROGRAMS,
    "paddlehub.common.utils": {**_LOGGER, **_ENCODINGS, **_in("downloads", "mkdir")},
    "paddlehub.io": {},
    "paddlehub.io.parser": _PARSERS,
    "paddlehub.vision": {},
    "paddlehub.vision.segmentation_transforms": _in(
        "segmentation_transforms", "ColorMap Compose Normalize Padding Resize"
    ),
    "paddlehub.vision.transforms": _TRANSFORMS,
    "paddlehub.process": {},
    "paddlehub.process.transforms": _TRANSFORMS,  # its place in PaddleHub 2.0's betas
}
