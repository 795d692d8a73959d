"""The fields of a module's params.py that the OCR library understands, checked.

The names and defaults are PaddleOCR's. Unused fields are accepted and ignored, as
PaddleOCR's files have many; a known field of the wrong type or value is a ConfigError.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Final, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PositiveFloat,
    PositiveInt,
    ValidationError,
)

from hub import validation
from hub.errors import ConfigError

Ratio = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
#: Of a request; a box that grows without bounds would keep a core busy for minutes.
Growth = Annotated[float, Field(gt=0, le=100, allow_inf_nan=False)]
LimitType = Literal["min", "max", "resize_long"]
Triple = Annotated[tuple[float, float, float], Field(strict=False)]


def _path(value: Any) -> Any:
    if value is not None and not isinstance(value, (str, Path)):
        raise ValueError("must be a path, as text")
    return value


def _shape(text: str) -> str:
    if not re.fullmatch(r"\s*3\s*,\s*[1-9]\d*\s*,\s*[1-9]\d*\s*", text):
        raise ValueError('must be text of channels, height and width, like "3, 48, 320"')
    return text


Shape = Annotated[str, AfterValidator(_shape)]
File = Annotated[str | Path, BeforeValidator(_path)]

#: The file name of PaddleOCR's dictionary.
DICTIONARY: Final = "ppocr_keys_v1.txt"
#: The weights of the classifier of pages.
ORIENTATION: Final = "PP-LCNet_x1_0_doc_ori"
#: PaddleX's longest side of a detector's input.
MAX_SIDE: Final = 4000


class Params(BaseModel):
    """Base of the three steps' parameters."""

    model_config = ConfigDict(frozen=True, strict=True, extra="ignore")

    use_tensorrt: Literal[False] = False
    use_pdserving: Literal[False] = False

    @classmethod
    def read(cls, config: object, rules: Mapping[str, Any] = MappingProxyType({})) -> Self:
        """Take what concerns this step from the object that ``read_params()`` gave.

        Args:
            config: that object.
            rules: the model's own values of what it leaves out.

        Raises:
            ConfigError: a field is missing, or has a type or value that is not allowed.
        """
        names = [name for name in dir(config) if not name.startswith("_")]
        values = {**rules, **{name: getattr(config, name) for name in names}}
        try:
            return cls.model_validate(values)
        except ValidationError as error:
            raise ConfigError(validation.told(error, cls, "params.py or init_args", values)) from error


class DetectorParams(Params):
    det_algorithm: Literal["DB"] = "DB"
    det_model_dir: File
    #: Of BGR, in this order; PaddleOCR gives ImageNet's figures for RGB to BGR images.
    det_mean: Triple = (0.485, 0.456, 0.406)
    det_std: Triple = (0.229, 0.224, 0.225)
    det_limit_side_len: Annotated[int, Field(gt=0)] = 960
    det_limit_type: LimitType = "max"
    #: PaddleX's: no side of the model's input is longer, whatever the two above say. None: 4000, as there, or
    #: det_limit_side_len where that limits the longer side and is larger.
    det_max_side_limit: Annotated[int, Field(gt=0)] | None = None
    #: A pixel of the map above this is text.
    det_db_thresh: Ratio = 0.3
    #: A box needs at least this mean probability: under the box (fast) or under the exact contour (slow).
    det_db_box_thresh: Ratio = 0.5
    det_db_score_mode: Literal["fast", "slow"] = "fast"
    #: How far a box grows, times its area over its perimeter.
    det_db_unclip_ratio: Annotated[float, Field(gt=0)] = 1.6
    #: Widen the text by a 2×2 kernel first.
    use_dilation: bool = False

    def updated(self, options: Mapping[str, Any]) -> DetectorParams:
        """Return the parameters with what a request's checked options set; None and other steps' stay out."""
        fields = type(self).model_fields
        given = {name: value for name, value in options.items() if name in fields and value is not None}
        return self.model_copy(update=given)

    @property
    def longest_side(self) -> int:
        """The longest side of the model's input, in pixels, whatever the picture and the other limits."""
        if self.det_max_side_limit is not None:
            return self.det_max_side_limit
        return MAX_SIDE if self.det_limit_type == "min" else max(MAX_SIDE, self.det_limit_side_len)

    @property
    def db_options(self) -> DetectorParams:
        """The argument of ``boxes_from_map``: once a class of its own, now the parameters themselves."""
        return self


class ClassifierParams(Params):
    cls_model_dir: File
    cls_image_shape: Shape = "3, 48, 192"
    label_list: list[str] = Field(default=["0", "180"], min_length=1)
    cls_batch_num: Annotated[int, Field(gt=0)] = 30
    cls_thresh: Ratio = 0.9


class OrientationParams(Params):
    #: Turn a picture whose page is on its side or upside down before it is read.
    page_orientation: bool = False
    page_orientation_model_dir: File = ORIENTATION
    #: It is turned if the model is at least as sure. 0: always by its class, as in PaddleX.
    page_orientation_thresh: Ratio = 0.9


class RecognizerParams(Params):
    # The three that end in CTC and are prepared alike.
    rec_algorithm: Literal["CRNN", "SVTR_LCNet", "SVTR_HGNet"] = "CRNN"
    rec_model_dir: File
    rec_image_shape: Shape = "3, 48, 320"
    rec_batch_num: Annotated[int, Field(gt=0)] = 6
    #: None: inside the model's file. Where it is left out: there, or DICTIONARY beside the model.
    rec_char_dict_path: File | None = DICTIONARY
    use_space_char: bool = True
    #: Lines come with their words.
    return_word_box: bool = False


class PipelineParams(Params):
    use_angle_cls: bool = True
    drop_score: Ratio = 0.5


class EndpointParams(BaseModel):
    """The settings of ocr_pipeline that are not of a step: its replies, its documents, and URLs."""

    model_config = ConfigDict(frozen=True, strict=True, extra="ignore")

    visualize: bool
    max_num_input_imgs: PositiveInt | None
    max_output_img_size: Annotated[tuple[PositiveInt, PositiveInt], Field(strict=False)] | None
    allow_urls: bool
    max_url_mb: PositiveFloat
    url_timeout: PositiveFloat


#: All fields of the steps, by their names.
FIELDS: Final = tuple(
    dict.fromkeys(
        name
        for step in (DetectorParams, RecognizerParams, ClassifierParams, OrientationParams, PipelineParams)
        for name in step.model_fields
    )
)


def height_and_width(shape: str) -> tuple[int, int]:
    """Return the last two numbers of PaddleOCR's ``"3, 48, 320"``."""
    _, height, width = (int(number) for number in shape.split(","))
    return height, width
