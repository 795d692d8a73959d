"""Stand-in: finds dark rectangles and "reads" their size."""

import os
import sys

__dir__ = os.path.dirname(os.path.abspath(__file__))
sys.path.append(__dir__)
sys.path.insert(0, os.path.abspath(os.path.join(__dir__, "../..")))

import cv2
import numpy as np
import tools.infer.utility as utility
from ppocr.utils.logging import get_logger

logger = get_logger()


class TextSystem(object):
    def __init__(self, args):
        if not isinstance(args.det_model_dir, str) or args.use_gpu:
            raise ValueError("the checkout's parameters did not arrive")
        self.args = args

    def __call__(self, img, cls=True):
        dark = (cv2.cvtColor(img, cv2.COLOR_BGR2GRAY) < 128).astype(np.uint8)
        contours, _ = cv2.findContours(dark, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
        boxes, texts = [], []
        for contour in contours:
            x, y, w, h = cv2.boundingRect(contour)
            boxes.append(np.array([[x, y], [x + w, y], [x + w, y + h], [x, y + h]], dtype=np.float32))
            texts.append(("%dx%d" % (w, h), np.float32(self.args.drop_score)))
        return boxes, texts, {"all": 0.0}
