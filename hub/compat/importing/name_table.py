"""Every name of PaddleHub that is answered here, and by what. The whole list; nothing else is imported.

A value is ``"file:name"`` below ``hub.compat.paddlehub_api``, or ``"package.file:name"`` where it names
another package.
Names are found when they are used, so ``import paddlehub as hub`` imports no NumPy and no Paddle.
"""

from __future__ import annotations

from typing import Final

#: The same class as hub.module's; asked for here, it can also find modules by name.
_MODULE = "hub:Module"

_CONTRACT: Final = {
    "Module": _MODULE,
    "RunModule": "contract:RunModule",
    "InvalidHubModule": "contract:InvalidHubModule",
    "moduleinfo": "contract:moduleinfo",
    "runnable": "contract:runnable",
    "serving": "contract:serving",
}
_LOG: Final = {"logger": "logger:logger", "Logger": "logger:Logger", "ProgressBar": "logger:ProgressBar"}
_HOMES: Final = {
    name: f"paddlehub_env:{name}"
    for name in (
        "USER_HOME",
        "HUB_HOME",
        "MODULE_HOME",
        "CACHE_HOME",
        "DATA_HOME",
        "CONF_HOME",
        "THIRD_PARTY_HOME",
        "TMP_HOME",
        "SOURCES_HOME",
        "LOG_HOME",
    )
}
_TOKENIZATION: Final = {
    name: f"tokenization:{name}"
    for name in (
        "BasicTokenizer",
        "FullTokenizer",
        "WordpieceTokenizer",
        "convert_by_vocab",
        "convert_ids_to_tokens",
        "convert_to_unicode",
        "convert_tokens_to_ids",
        "load_vocab",
        "whitespace_tokenize",
    )
}
_BATCHING: Final = {"pad_batch_data": "batching:pad_batch_data"}
_PROGRAMS: Final = {
    name: f"static_program:{name}"
    for name in ("add_vars_prefix", "remove_vars_prefix", "rename_var", "get_variable_info", "dtype_map")
}
_PARSERS: Final = {name: f"parsers:{name}" for name in ("csv_parser", "txt_parser", "yaml_parser")}
_ENCODINGS: Final = {
    "sys_stdin_encoding": "parsers:sys_stdin_encoding",
    "sys_stdout_encoding": "parsers:sys_stdout_encoding",
    "get_platform_default_encoding": "parsers:get_platform_default_encoding",
}
_NLP_PREDICTION: Final = {
    "DataFormatError": "nlp_prediction:DataFormatError",
    "NLPBaseModule": "nlp_prediction:NLPBaseModule",
    "NLPPredictionModule": "nlp_prediction:NLPPredictionModule",
    "TransformerModule": "nlp_prediction:TransformerModule",
}
_TRANSFORMS: Final = {
    name: f"transforms:{name}"
    for name in (
        "CenterCrop",
        "Compose",
        "Normalize",
        "Padding",
        "RandomBlur",
        "RandomDistort",
        "RandomHorizontalFlip",
        "RandomPaddingCrop",
        "RandomRotation",
        "RandomVerticalFlip",
        "Resize",
        "ResizeByLong",
        "ResizeRangeScaling",
        "ResizeStepScaling",
    )
} | {"LAB2RGB": "colours:LAB2RGB", "RGB2LAB": "colours:RGB2LAB"}

NAMES: Final[dict[str, dict[str, str]]] = {
    "paddlehub": {
        "Module": _MODULE,
        "NLPPredictionModule": "nlp_prediction:NLPPredictionModule",
        "TransformerModule": "nlp_prediction:TransformerModule",
        "logger": "logger:logger",
        "__version__": "contract:PADDLEHUB_VERSION",
    },
    "paddlehub.env": _HOMES,
    "paddlehub.module": {},
    "paddlehub.module.module": _CONTRACT,
    "paddlehub.module.cv_module": {
        "ImageServing": "image_modules:ImageServing",
        "ImageClassifierModule": "image_modules:ImageClassifierModule",
        "ImageSegmentationModule": "image_modules:ImageSegmentationModule",
        "ImageColorizeModule": "drawing_modules:ImageColorizeModule",
        "StyleTransferModule": "drawing_modules:StyleTransferModule",
    },
    "paddlehub.module.nlp_module": {
        "DataFormatError": "nlp_prediction:DataFormatError",
        "EmbeddingModule": "text_modules:EmbeddingModule",
        "EmbeddingServing": "text_modules:EmbeddingServing",
        "TextServing": "text_modules:TextServing",
        "TransformerModule": "text_modules:TransformerModule",
    },
    "paddlehub.compat": {},
    "paddlehub.compat.module": {},
    "paddlehub.compat.module.nlp_module": _NLP_PREDICTION,
    "paddlehub.compat.paddle_utils": _PROGRAMS
    | {"static_mode_guard": "static_mode:static_mode", "run_in_static_mode": "static_mode:static"},
    "paddlehub.compat.task": {},
    "paddlehub.compat.task.batch": _BATCHING,
    "paddlehub.compat.task.tokenization": _TOKENIZATION,
    "paddlehub.reader": {},
    "paddlehub.reader.batching": _BATCHING,
    "paddlehub.reader.tokenization": _TOKENIZATION,
    "paddlehub.utils": {},
    "paddlehub.utils.log": _LOG,
    "paddlehub.utils.parser": _PARSERS,
    "paddlehub.utils.utils": _ENCODINGS
    | {
        "logger": "logger:logger",
        "base64_to_cv2": "images:base64_to_cv2",
        "cv2_to_base64": "images:cv2_to_base64",
        "download": "downloads:download",
        "md5": "parsers:md5",
    },
    "paddlehub.common": {},
    "paddlehub.common.dir": _HOMES | {"THIRDPARTY_HOME": "paddlehub_env:THIRD_PARTY_HOME"},
    "paddlehub.common.downloader": {
        "Downloader": "downloads:Downloader",
        "default_downloader": "downloads:default_downloader",
    },
    "paddlehub.common.logger": _LOG,
    "paddlehub.common.paddle_helper": _PROGRAMS,
    "paddlehub.common.utils": _ENCODINGS
    | {"logger": "logger:logger", "mkdir": "downloads:mkdir", "md5": "parsers:md5"},
    "paddlehub.io": {},
    "paddlehub.io.parser": _PARSERS,
    "paddlehub.process": {},
    "paddlehub.process.transforms": _TRANSFORMS,
    "paddlehub.vision": {},
    "paddlehub.vision.functional": {
        name: f"images:{name}"
        for name in ("horizontal_flip", "normalize", "permute", "resize", "resize_long", "vertical_flip")
    },
    "paddlehub.vision.segmentation_transforms": {
        name: f"segmentation_transforms:{name}"
        for name in ("ColorMap", "Compose", "Normalize", "Padding", "Resize", "SegmentVisual")
    },
    "paddlehub.vision.transforms": _TRANSFORMS,
    "paddlehub.vision.utils": {
        name: f"visuals:{name}"
        for name in (
            "get_img_file",
            "get_pseudo_color_map",
            "gram_matrix",
            "is_image_file",
            "subtract_imagenet_mean_batch",
            "visualize",
        )
    },
}
