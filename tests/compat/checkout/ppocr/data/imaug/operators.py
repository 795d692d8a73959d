import cv2
import numpy as np


class Resize(object):
    def __init__(self, size):
        self.size = size

    def __call__(self, data):
        height, width = self.size
        data["image"] = cv2.resize(data["image"], (width, height), interpolation=cv2.INTER_AREA)
        return data


class ToCHWImage(object):
    def __call__(self, data):
        data["image"] = np.ascontiguousarray(data["image"].transpose((2, 0, 1)), dtype=np.float32) / 255
        return data


class KeepKeys(object):
    def __init__(self, keep_keys):
        self.keep_keys = keep_keys

    def __call__(self, data):
        return [data[key] for key in self.keep_keys]
