"""Stand-in: finds the darker half of a page with a network."""

import os
import sys

__dir__ = os.path.dirname(os.path.abspath(__file__))
sys.path.append(__dir__)
sys.path.insert(0, os.path.abspath(os.path.join(__dir__, "../..")))

import numpy as np
import tools.infer.utility as utility
from ppocr.data import create_operators, transform
from ppocr.utils.logging import get_logger
from picodet_postprocess import PicoDetPostProcess

logger = get_logger()


class LayoutPredictor(object):
    def __init__(self, args):
        steps = [{"Resize": {"size": [32, 32]}}, {"ToCHWImage": None}, {"KeepKeys": {"keep_keys": ["image"]}}]
        self.preprocess_op = create_operators(steps)
        self.postprocess_op = PicoDetPostProcess(args.layout_score_threshold)
        self.predictor, self.input_tensor, self.output_tensors = utility.create_predictor(args, "layout", logger)

    def __call__(self, img):
        (data,) = transform({"image": img.copy()}, self.preprocess_op)
        self.input_tensor.copy_from_cpu(np.expand_dims(data, axis=0))
        self.predictor.run()
        scores, boxes = [each.copy_to_cpu()[0] for each in self.output_tensors]
        return self.postprocess_op(img, scores, boxes), 0.0
