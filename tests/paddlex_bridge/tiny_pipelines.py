"""Pipelines on the networks of ``export_pipelines.py``."""

from __future__ import annotations

from tests.paddlex_bridge.tiny import ATTRIBUTES, THRESHOLD, Tiny, one

PIPELINES: dict[str, Tiny] = {
    "image_classification": Tiny(
        one("ImageClassification", "PP-LCNet_x0_5", topk=2), ("topk", 1, 0), is_fixed=True
    ),
    "doc_preprocessor": Tiny(
        {**one("DocOrientationClassify", "PP-LCNet_x1_0_doc_ori"), **one("DocUnwarping", "UVDoc")},
        ("useDocUnwarping", False, "sometimes"),
        field="file",
        more={"fileType": 1},
        settings={"use_doc_orientation_classify": True, "use_doc_unwarping": True},
    ),
    "video_classification": Tiny(
        one("VideoClassification", "PP-TSMv2-LCNetV2_8frames_uniform", topk=1),
        ("topk", 2, 0),
        field="video",
        is_fixed=True,
    ),
    "video_detection": Tiny(
        one("VideoDetection", "YOWO", nms_thresh=0.5, score_thresh=0.1),
        ("scoreThresh", 0.3, "half"),
        field="video",
        bad={"a number that is none": {"nmsThresh": "much"}},
    ),
    "open_vocabulary_detection": Tiny(
        one(
            "OpenVocabularyDetection",
            "GroundingDINO-T",
            thresholds={"box_threshold": 0.3, "text_threshold": 0.25},
        ),
        ("thresholds", {"box_threshold": 0.8}, "half"),
        more={"prompt": "a red thing. bus."},
        good={"another prompt": {"prompt": "blue bus."}, "an unknown word": {"prompt": "zebra ? red."}},
        bad={"no prompt": {"prompt": None}, "a prompt without a full stop": {"prompt": "blue bus"}},
    ),
    "open_vocabulary_segmentation": Tiny(
        {**one("BoxPromptSegmentation", "SAM-H_box"), **one("PointPromptSegmentation", "SAM-H_point")},
        ("prompt", [[4, 4, 25, 18]], [["a"]]),
        more={"prompt": [[2, 3, 14, 12]], "promptType": "box"},
        good={
            "two boxes": {"prompt": [[2, 3, 14, 12], [1, 1, 29, 19]]},
            "a point": {"promptType": "point", "prompt": [[8, 9]]},
        },
        bad={
            "a kind of prompt that there is not": {"promptType": "line"},
            "two points": {"promptType": "point", "prompt": [[8, 9], [1, 2]]},
            "no kind": {"promptType": None},
        },
    ),
    "human_keypoint_detection": Tiny(
        {
            **one("ObjectDetection", "PP-YOLOE-S_human", threshold=None, img_size=None),
            **one("KeypointDetection", "PP-TinyPose_128x96", flip=False, use_udp=None),
        },
        ("detThreshold", 0.95, "half"),
    ),
    "object_detection": Tiny(one("ObjectDetection", "PicoDet-S"), THRESHOLD),
    "small_object_detection": Tiny(
        one("SmallObjectDetection", "PP-YOLOE_plus_SOD-L", threshold=0.5), THRESHOLD
    ),
    "rotated_object_detection": Tiny(one("RotatedObjectDetection", "PP-YOLOE-R-L", threshold=0.5), THRESHOLD),
    "instance_segmentation": Tiny(one("InstanceSegmentation", "Mask-RT-DETR-S", threshold=0.5), THRESHOLD),
    "semantic_segmentation": Tiny(
        one("SemanticSegmentation", "PP-LiteSeg-T", target_size=None), ("targetSize", 32, "large")
    ),
    "anomaly_detection": Tiny(one("AnomalyDetection", "STFPM")),
    "pedestrian_attribute_recognition": Tiny(
        {
            **one("Detection", "PP-YOLOE-L_human", threshold=0.5),
            **one("Classification", "PP-LCNet_x1_0_pedestrian_attribute", threshold=0.2),
        },
        ATTRIBUTES,
    ),
    "vehicle_attribute_recognition": Tiny(
        {
            **one("Detection", "PP-YOLOE-L_vehicle", threshold=0.5),
            **one("Classification", "PP-LCNet_x1_0_vehicle_attribute", threshold=0.2),
        },
        ATTRIBUTES,
    ),
    "multilingual_speech_recognition": Tiny(
        one("MultilingualSpeechRecognition", "whisper_tiny"),
        field="audio",
        bad={"a list": {"audio": ["a"]}, "null": {"audio": None}},
    ),
    "ts_forecast": Tiny(one("TSForecast", "DLinear"), field="csv"),
    "ts_anomaly_detection": Tiny(one("TSAnomalyDetection", "DLinear_ad"), field="csv"),
    "ts_classification": Tiny(one("TSClassification", "TimesNet_cls"), field="csv"),
}
