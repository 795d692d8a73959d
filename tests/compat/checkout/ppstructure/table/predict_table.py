"""Stand-in: counts a row's dark cells with a network."""

import os
import sys

__dir__ = os.path.dirname(os.path.abspath(__file__))
sys.path.append(__dir__)
sys.path.insert(0, os.path.abspath(os.path.join(__dir__, "../..")))

import numpy as np
import tools.infer.utility as utility
from ppocr.data import create_operators, transform
from ppocr.postprocess import build_post_process
from ppocr.utils.logging import get_logger

logger = get_logger()


class TableSystem(object):
    def __init__(self, args):
        self.size = args.table_max_len
        steps = [{"Resize": {"size": [self.size, self.size]}}, {"ToCHWImage": None}]
        self.preprocess_op = create_operators(steps + [{"KeepKeys": {"keep_keys": ["image"]}}])
        self.postprocess_op = build_post_process({"name": "TableLabelDecode"})
        self.predictor, self.input_tensor, self.output_tensors = utility.create_predictor(args, "table", logger)

    def __call__(self, img):
        (data,) = transform({"image": img}, self.preprocess_op)
        self.input_tensor.copy_from_cpu(np.expand_dims(data, axis=0))
        self.predictor.run()
        return {"html": self.postprocess_op(self.output_tensors[0].copy_to_cpu()[0])}, {"all": 0.0}
