"""Stand-in with the imports, the class and the manners of PaddleOCR's file of this name."""

from __future__ import absolute_import, division, print_function

import copy
import os
import sys

sys.path.insert(0, ".")

import paddlehub
from paddlehub.common.logger import logger
from paddlehub.module.module import moduleinfo, runnable, serving
import cv2
import numpy as np
import paddlehub as hub

from tools.infer.utility import base64_to_cv2
from tools.infer.predict_system import TextSystem
from tools.infer.utility import parse_args
from deploy.hubserving.ocr_system.params import read_params


@moduleinfo(
    name="ocr_system",
    version="1.0.0",
    summary="ocr system service",
    author="paddle-dev",
    author_email="",
    type="cv/PP-OCR_system",
)
class OCRSystem(hub.Module):
    def _initialize(self, use_gpu=False, enable_mkldnn=False):
        cfg = self.merge_configs()
        cfg.use_gpu = use_gpu
        cfg.enable_mkldnn = enable_mkldnn
        self.text_sys = TextSystem(cfg)

    def merge_configs(self):
        kept = copy.deepcopy(sys.argv)
        sys.argv = sys.argv[:1]
        cfg = parse_args()
        for key, value in vars(read_params()).items():
            setattr(cfg, key, value)
        sys.argv = copy.deepcopy(kept)
        return cfg

    def read_images(self, paths=[]):
        assert all(os.path.isfile(path) for path in paths)
        return [cv2.imread(path) for path in paths]

    def predict(self, images=[], paths=[]):
        if images != [] and isinstance(images, list) and paths == []:
            chosen = images
        elif images == [] and isinstance(paths, list) and paths != []:
            chosen = self.read_images(paths)
        else:
            raise TypeError("The input data is inconsistent with expectations.")
        results = []
        for img in chosen:
            if img is None:
                logger.info("error in loading image")
                results.append([])
                continue
            boxes, texts, _ = self.text_sys(img)
            logger.info("{} boxes".format(len(boxes)))
            results.append(
                [
                    {
                        "text": text,
                        "confidence": float(score),
                        "text_region": box.astype(np.int32).tolist(),
                    }
                    for box, (text, score) in zip(boxes, texts)
                ]
            )
        return results

    @serving
    def serving_method(self, images, **kwargs):
        decoded = [base64_to_cv2(image) for image in images]
        return self.predict(decoded, **kwargs)
