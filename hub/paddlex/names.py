"""The pipelines of PaddleX, by name: all that its serving documents list, and newer ones."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from hub.errors import ConfigError
from hub.suggestion import closest


@dataclass(frozen=True)
class Pipeline:
    """One pipeline.

    Attributes:
        chinese, english: its title in the documents.
        routes: where PaddleX's server answers for it, without the slash, its main operation first. Empty
            where PaddleX has no server for it.
    """

    chinese: str
    english: str
    routes: tuple[str, ...]


#: Name, title in Chinese and in English, routes; ``x-*`` stands for all that serve an index of images.
_TABLE: Final = """
OCR | 通用OCR | General OCR | ocr
image_classification | 通用图像分类 | General Image Classification | image-classification
object_detection | 通用目标检测 | General Object Detection | object-detection
instance_segmentation | 通用实例分割 | General Instance Segmentation | instance-segmentation
semantic_segmentation | 通用语义分割 | General Semantic Segmentation | semantic-segmentation
image_multilabel_classification | 通用图像多标签分类 | General Image Multi-Label Classification \
    | multilabel-image-classification
small_object_detection | 小目标检测 | Small Object Detection | small-object-detection
anomaly_detection | 图像异常检测 | Image Anomaly Detection | image-anomaly-detection
rotated_object_detection | 旋转目标检测 | Rotated Object Detection | rotated-object-detection
open_vocabulary_detection | 开放词汇检测 | Open-Vocabulary Detection | open-vocabulary-detection
open_vocabulary_segmentation | 开放词汇分割 | Open-Vocabulary Segmentation | open-vocabulary-segmentation
human_keypoint_detection | 人体关键点检测 | Human Keypoint Detection | human-keypoint-detection
pedestrian_attribute_recognition | 行人属性识别 | Pedestrian Attribute Recognition \
    | pedestrian-attribute-recognition
vehicle_attribute_recognition | 车辆属性识别 | Vehicle Attribute Recognition | vehicle-attribute-recognition
face_recognition | 人脸识别 | Face Recognition | face-recognition-*
PP-ShiTuV2 | 通用图像识别 | General Image Recognition | shitu-*
3d_bev_detection | 3D 多模态融合检测 | 3D Multi-Modal Fusion Detection | bev-3d-object-detection
table_recognition | 通用表格识别 | General Table Recognition | table-recognition
table_recognition_v2 | 通用表格识别 v2 | General Table Recognition v2 | table-recognition
layout_parsing | 通用版面解析 | General Layout Parsing | layout-parsing
PP-StructureV3 | 通用版面解析 v3 | General Layout Parsing v3 | layout-parsing
formula_recognition | 公式识别 | Formula Recognition | formula-recognition
seal_recognition | 印章文本识别 | Seal Text Recognition | seal-recognition
doc_preprocessor | 文档图像预处理 | Document Image Preprocessing | document-preprocessing
doc_understanding | 文档理解 | Document Understanding | document-understanding
PP-ChatOCRv3-doc | 文档场景信息抽取v3 | Document Scene Information Extraction v3 \
    | chatocr-visual chatocr-vector chatocr-chat
PP-ChatOCRv4-doc | 文档场景信息抽取v4 | Document Scene Information Extraction v4 \
    | chatocr-visual chatocr-vector chatocr-chat chatocr-mllm
PP-DocTranslation | 文档翻译 | Document Translation | doctrans-visual doctrans-translate
PaddleOCR-VL | PaddleOCR-VL | PaddleOCR-VL | layout-parsing restructure-pages
PaddleOCR-VL-1.5 | PaddleOCR-VL-1.5 | PaddleOCR-VL-1.5 | layout-parsing restructure-pages
PaddleOCR-VL-1.6 | PaddleOCR-VL-1.6 | PaddleOCR-VL-1.6 | layout-parsing restructure-pages
ts_forecast | 时序预测 | Time Series Forecasting | time-series-forecasting
ts_anomaly_detection | 时序异常检测 | Time Series Anomaly Detection | time-series-anomaly-detection
ts_classification | 时序分类 | Time Series Classification | time-series-classification
multilingual_speech_recognition | 多语种语音识别 | Multilingual Speech Recognition \
    | multilingual-speech-recognition
text_to_speech | 语音合成 | Text to Speech |
video_classification | 通用视频分类 | General Video Classification | video-classification
video_detection | 通用视频检测 | General Video Detection | video-detection
"""


def _read(table: str) -> Iterator[tuple[str, Pipeline]]:
    table = re.sub(r"(\S+)-\*", r"\1-infer \1-index-build \1-index-add \1-index-remove", table.strip())
    for line in table.splitlines():
        name, chinese, english, routes = (part.strip() for part in line.split("|"))
        yield name, Pipeline(chinese, english, tuple(routes.split()))


PIPELINES: Final[Mapping[str, Pipeline]] = dict(_read(_TABLE))
#: Names of PaddleX's 2024 releases → today's.
FORMER: Final[Mapping[str, str]] = {
    "PP-ChatOCRv3": "PP-ChatOCRv3-doc",
    "PP-ShiTu": "PP-ShiTuV2",
    "chatocrv3": "PP-ChatOCRv3-doc",
    "multi_label_image_classification": "image_multilabel_classification",
    "ts_ad": "ts_anomaly_detection",
    "ts_cls": "ts_classification",
    "ts_fc": "ts_forecast",
}


def known(name: str) -> str:
    """Return today's name of a pipeline.

    Raises:
        ConfigError: there is no such pipeline, or PaddleX itself has no server for it.
    """
    name = FORMER.get(name, name)
    if name not in PIPELINES:
        raise ConfigError(_unknown(name))
    if not PIPELINES[name].routes:
        raise ConfigError(f"the pipeline {name} cannot be served: PaddleX itself has no server for it")
    return name


def _unknown(name: str) -> str:
    meant = closest(name, [*PIPELINES, *FORMER]) or _by_title(name)
    said = f"there is no pipeline {name!r}."
    if meant:
        return f"{said} Did you mean {FORMER.get(meant, meant)}?"
    return f"{said} There are: {', '.join(PIPELINES)}. To name a pipeline's YAML file, write its suffix, too"


def _by_title(given: str) -> str | None:
    """Return the pipeline whose title in the documents this nearly is."""
    titles = {title: name for name, each in PIPELINES.items() for title in (each.english, each.chinese)}
    bare = given.removesuffix("产线").removesuffix(" Pipeline")
    meant = closest(bare, titles)
    return titles[meant] if meant else None
