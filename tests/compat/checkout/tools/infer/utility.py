"""Stand-in: what PaddleOCR's module.py imports from here."""

import argparse
import base64
import os
import sys

import cv2
import numpy as np
from ppocr.utils.logging import get_logger

logger = get_logger()


def init_args():
    parser = argparse.ArgumentParser()
    parser.add_argument("--use_gpu", type=bool, default=True)
    parser.add_argument("--det_db_thresh", type=float, default=0.3)
    parser.add_argument("--drop_score", type=float, default=0.1)
    return parser


def parse_args():
    return init_args().parse_args()  # of sys.argv: a server's own arguments would end it


def base64_to_cv2(b64str):
    data = base64.b64decode(b64str.encode("utf8"))
    return cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)


def create_predictor(args, mode, logger):
    from paddle import inference

    model_dir = args.table_model_dir if mode == "table" else args.layout_model_dir
    if model_dir is None:
        logger.info("not find {} model file path {}".format(mode, model_dir))
        sys.exit(0)
    files = [os.path.join(model_dir, "inference" + ending) for ending in (".json", ".pdiparams")]
    config = inference.Config(*files)
    config.disable_gpu()
    config.disable_glog_info()
    config.switch_use_feed_fetch_ops(False)
    predictor = inference.create_predictor(config)
    inputs = [predictor.get_input_handle(name) for name in predictor.get_input_names()]
    return predictor, inputs[0], [predictor.get_output_handle(name) for name in predictor.get_output_names()]
