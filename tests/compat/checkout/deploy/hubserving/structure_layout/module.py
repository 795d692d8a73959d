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
import paddlehub as hub

from tools.infer.utility import base64_to_cv2
from ppstructure.layout.predict_layout import LayoutPredictor as _LayoutPredictor
from ppstructure.utility import parse_args
from deploy.hubserving.structure_layout.params import read_params


@moduleinfo(
    name="structure_layout",
    version="1.0.0",
    summary="PP-Structure layout service",
    author="paddle-dev",
    author_email="",
    type="cv/structure_layout",
)
class LayoutPredictor(hub.Module):
    def _initialize(self, use_gpu=False, enable_mkldnn=False):
        kept = copy.deepcopy(sys.argv)
        sys.argv = sys.argv[:1]
        cfg = parse_args()
        for key, value in vars(read_params()).items():
            cfg.__setattr__(key, value)
        sys.argv = copy.deepcopy(kept)
        cfg.use_gpu, cfg.enable_mkldnn = use_gpu, enable_mkldnn
        self.layout_predictor = _LayoutPredictor(cfg)

    @serving
    def serving_method(self, images, **kwargs):
        results = []
        for img in [base64_to_cv2(image) for image in images]:
            if img is None:
                logger.info("error in loading image")
                results.append([])
                continue
            res, _ = self.layout_predictor(img)
            for item in res:
                item["bbox"] = item["bbox"].tolist()
            results.append({"layout": res})
        return results
