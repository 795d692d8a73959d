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
from ppstructure.table.predict_table import TableSystem as _TableSystem
from ppstructure.utility import parse_args
from deploy.hubserving.structure_table.params import read_params


@moduleinfo(
    name="structure_table",
    version="1.0.0",
    summary="PP-Structure table service",
    author="paddle-dev",
    author_email="",
    type="cv/structure_table",
)
class TableSystem(hub.Module):
    def _initialize(self, use_gpu=False, enable_mkldnn=False):
        kept = copy.deepcopy(sys.argv)
        sys.argv = sys.argv[:1]
        cfg = parse_args()
        for key, value in vars(read_params()).items():
            cfg.__setattr__(key, value)
        sys.argv = copy.deepcopy(kept)
        cfg.use_gpu, cfg.enable_mkldnn = use_gpu, enable_mkldnn
        self.table_sys = _TableSystem(cfg)

    @serving
    def serving_method(self, images, **kwargs):
        results = []
        for img in [base64_to_cv2(image) for image in images]:
            if img is None:
                logger.info("error in loading image")
                results.append([])
                continue
            res, _ = self.table_sys(img)
            results.append({"html": res["html"]})
        return results
