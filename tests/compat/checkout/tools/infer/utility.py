"""Stand-in: what PaddleOCR's module.py imports from here."""

import argparse
import base64

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
