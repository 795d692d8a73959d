# coding:utf-8
"""Shape 5: a single image; derives from a base of its own and calls super() without arguments."""
import os

import cv2
import numpy as np
import paddlehub.vision.transforms as T
from paddlehub.env import MODULE_HOME
from paddlehub.module.module import moduleinfo, serving
from paddlehub.utils.utils import base64_to_cv2


class Base(object):
    def __init__(self, scale=1):
        super().__init__()
        self.scale = scale


@moduleinfo(name="one-picture", version="0.1", summary="", author="", author_email="", type="cv")
class OnePicture(Base):
    def __init__(self, scale=2):
        super().__init__(scale)
        super(OnePicture, self).__init__(scale)
        with open(os.path.join(MODULE_HOME, "one_picture", "labels.txt")) as labels:
            self.labels = labels.read().split()
        self.steps = T.Compose([T.Resize((4, 6)), T.Normalize(mean=[0.5] * 3, std=[0.5] * 3)], to_rgb=True)

    @serving
    def serving_method(self, image, **kwargs):
        planes = self.steps(base64_to_cv2(image))
        return {"shape": planes.shape, "first": planes[:, 0, 0], "labels": self.labels, "scale": self.scale, **kwargs}
