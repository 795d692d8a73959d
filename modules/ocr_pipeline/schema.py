"""The bodies of requests: of ``POST /ocr`` the present one and the older one, and another pipeline's.

Checked as PaddleX checks them: unknown fields are ignored, "1" is a number, and errors have its form.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, PlainValidator, ValidationError, WithJsonSchema
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError

from hub.errors import InvalidInputError
from hub.ocr.params import Growth, LimitType, Ratio

#: The endpoint of the pipeline doc_preprocessor.
PREPROCESSING: Final = "document-preprocessing"


def _file(value: Any) -> bytes | str:
    if isinstance(value, (bytes, str)):
        return value
    raise PydanticCustomError("string_type", "Input should be a valid string")


#: The file's bytes, its base64, or a URL.
File = Annotated[
    bytes | str,
    PlainValidator(_file),
    WithJsonSchema({"type": "string", "description": "A file in base64, or its URL where that is allowed."}),
]
#: More than any page has.
Side = Annotated[int, Field(gt=0, le=1_000_000)]


class _Body(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", alias_generator=to_camel)

    log_id: str | None = None
    visualize: bool | None = None


class PreprocessingRequest(_Body):
    """A file, and the steps before anything is read. None everywhere means "as the pipeline is set up"."""

    file: File
    file_type: Literal[0, 1] | None = None
    use_doc_orientation_classify: bool | None = None
    use_doc_unwarping: bool | None = None


class Request(PreprocessingRequest):
    """The present form of OCR."""

    use_textline_orientation: bool | None = None
    text_det_limit_side_len: Side | None = None
    text_det_limit_type: LimitType | None = None
    text_det_thresh: Ratio | None = None
    text_det_box_thresh: Ratio | None = None
    text_det_unclip_ratio: Growth | None = None
    text_rec_score_thresh: Ratio | None = None
    return_word_box: bool | None = None

    def detection(self) -> dict[str, Any]:
        """Return what this request says of the fields of :class:`hub.ocr.params.DetectorParams`."""
        return {
            "det_limit_side_len": self.text_det_limit_side_len,
            "det_limit_type": self.text_det_limit_type,
            "det_db_thresh": self.text_det_thresh,
            "det_db_box_thresh": self.text_det_box_thresh,
            "det_db_unclip_ratio": self.text_det_unclip_ratio,
        }


class _InferenceParams(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", alias_generator=to_camel)

    max_long_side: Side | None = None


class OldRequest(_Body):
    """The form of PaddleX 3.0's betas: one image, and a picture in every reply."""

    image: File
    inference_params: Annotated[
        _InferenceParams | None,
        WithJsonSchema(
            {"type": "object", "properties": {"maxLongSide": {"type": "integer", "exclusiveMinimum": 0}}}
        ),
    ] = None

    def detection(self) -> dict[str, Any]:
        """Return the same as for :class:`Request`."""
        longest = self.inference_params.max_long_side if self.inference_params else None
        return {} if longest is None else {"det_limit_side_len": longest, "det_limit_type": "max"}


AnyRequest = Request | OldRequest | PreprocessingRequest


def json_schema(endpoint: str) -> dict[str, Any]:
    """Return the forms of an endpoint's body as JSON schema, for the API page."""
    if endpoint == PREPROCESSING:
        return PreprocessingRequest.model_json_schema()
    return {"anyOf": [form.model_json_schema() for form in (Request, OldRequest)]}


def parse(body: Mapping[str, Any], endpoint: str) -> AnyRequest:
    """Parse the body in the form that it has.

    Raises:
        InvalidInputError: its message is PaddleX's: a JSON list of ``{"type", "loc", "msg"}``.
    """
    is_old = isinstance(body, Mapping) and "image" in body and "file" not in body
    form: type[AnyRequest] = OldRequest if is_old else Request
    if endpoint == PREPROCESSING:
        form = PreprocessingRequest
    try:
        return form.model_validate(body)
    except ValidationError as error:
        problems = [
            {"type": problem["type"], "loc": _dotted(("body", *problem["loc"])), "msg": problem["msg"]}
            for problem in error.errors()
        ]
        raise InvalidInputError(json.dumps(problems)) from error


def _dotted(location: tuple[int | str, ...]) -> str:
    path = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in location)
    return path.removeprefix(".")
