"""The keys of the YAML files of OCR and doc_preprocessor, as PaddleX 3 has them, with their types.

Any other key is an error. Which of these keys have no effect, or need PaddleX itself, is in :mod:`.native`.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from hub.serving.config.base import Settings

Count = Annotated[int, Field(ge=1)]
Ratio = Annotated[float, Field(ge=0, le=1)]
Switches = dict[str, Any]


class Keys(Settings):
    """A part of a file; unknown keys are refused."""


class HPIConfig(Keys):
    """``hpi_config``: how PaddleX's high-performance inference chooses its backend."""

    auto_config: bool = True
    backend: Literal["paddle", "openvino", "onnxruntime", "tensorrt", "om"] | None = None
    backend_config: Switches | None = None
    hpi_info: Switches | None = None
    auto_paddle2onnx: bool = True


class Execution(Keys):
    """How the whole pipeline or one model runs, and where."""

    device: str | None = None
    use_hpip: bool | None = None
    hpi_config: HPIConfig | None = None
    engine: str | None = None
    engine_config: Switches | None = None


class Model(Execution):
    """One model: a known name, or a folder with its files."""

    module_name: str | None = None
    model_name: str | None = None
    model_dir: str | None = None
    batch_size: Count | None = None
    genai_config: Switches | None = None


class Detection(Model):
    limit_side_len: Count | None = None
    limit_type: Literal["min", "max"] | None = None
    max_side_limit: Count | None = None
    thresh: Ratio | None = None
    box_thresh: Ratio | None = None
    unclip_ratio: Annotated[float, Field(gt=0)] | None = None
    input_shape: list[Count] | None = None


class Recognition(Model):
    score_thresh: Ratio | None = None
    return_word_box: bool | None = None
    input_shape: list[Count] | None = None


class OCRModels(Keys):
    TextDetection: Detection
    TextRecognition: Recognition
    TextLineOrientation: Model | None = None


class PreprocessorModels(Keys):
    DocOrientationClassify: Model | None = None
    DocUnwarping: Model | None = None


class Preprocessor(Execution):
    """The pipeline doc_preprocessor, within an OCR file."""

    pipeline_name: Literal["doc_preprocessor"] = "doc_preprocessor"
    use_doc_orientation_classify: bool = True
    use_doc_unwarping: bool = True
    batch_size: Count | None = None
    SubModules: PreprocessorModels = PreprocessorModels()


class OCRParts(Keys):
    DocPreprocessor: Preprocessor | None = None


class ServingExtra(Keys):
    file_storage: Switches | None = None
    return_img_urls: bool | None = None
    """PaddleX's older spelling of ``return_urls``."""
    url_expires_in: int = -1
    max_num_input_imgs: Count | None = None
    """Pages of a document, or pictures of a TIFF; null in the file means any number."""
    max_output_img_size: tuple[Count, Count] | None = None
    """Width and height in pixels that a picture in the reply may have; null in the file means any."""
    index_storage: Switches | None = None


class ServingSection(Keys):
    visualize: bool = True
    return_urls: bool | None = None
    extra: ServingExtra | None = None


class PreprocessorFile(Preprocessor):
    """The file of doc_preprocessor as a whole."""

    Serving: ServingSection | None = None


class OCRFile(Execution):
    """The file of OCR as a whole."""

    pipeline_name: Literal["OCR"]
    text_type: Literal["general", "seal"] = "general"
    batch_size: Count | None = None
    use_doc_preprocessor: bool | None = None
    use_textline_orientation: bool | None = None
    SubModules: OCRModels
    SubPipelines: OCRParts | None = None
    Serving: ServingSection | None = None
