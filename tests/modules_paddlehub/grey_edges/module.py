# coding:utf-8
"""Shape 1: images in base64 and anything else, as most of PaddleHub's image modules are written."""
from __future__ import absolute_import
from __future__ import division

import argparse
import ast
import base64

import cv2
import numpy as np
from paddlehub.module.module import moduleinfo, runnable, serving


def base64_to_cv2(b64str):
    data = base64.b64decode(b64str.encode('utf8'))
    data = np.fromstring(data, np.uint8)
    data = cv2.imdecode(data, cv2.IMREAD_COLOR)
    return data


def cv2_to_base64(image):
    data = cv2.imencode('.png', image)[1]
    return base64.b64encode(data.tostring()).decode('utf8')


@moduleinfo(
    name="grey_edges",
    type="CV/image_editing",
    author="somebody",
    author_email="",
    summary="Finds edges" " of grey pictures.",
    version="1.0.0")
class GreyEdges:
    def __init__(self):
        self.threshold = np.float(0.5)

    def predict(self, images=None, paths=None, use_gpu=False, visualization=False, output_dir='edges'):
        images = images or [cv2.imread(path) for path in paths]
        results = []
        for image in images:
            grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
            edges = (grey > np.int(255 * self.threshold)).astype(np.uint8) * 255
            results.append({'mean': np.asscalar(np.array([grey.mean()])), 'data': cv2_to_base64(edges)})
        return results

    @serving
    def serving_method(self, images, **kwargs):
        images_decode = [base64_to_cv2(image) for image in images]
        return self.predict(images=images_decode, **kwargs)

    @runnable
    def run_cmd(self, argvs):
        parser = argparse.ArgumentParser(prog='hub run {}'.format(self.name))
        parser.add_argument('--input_path', type=str)
        parser.add_argument('--use_gpu', type=ast.literal_eval, default=False)
        args = parser.parse_args(argvs)
        return self.predict(paths=[args.input_path], use_gpu=args.use_gpu)
