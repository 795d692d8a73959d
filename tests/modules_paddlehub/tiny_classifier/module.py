# coding:utf-8
"""Inherited serving method: a classifier, an nn.Layer that names its meta class."""
from typing import Union

import numpy as np
import paddle
import paddle.nn as nn
import paddlehub.vision.transforms as T
from paddle.nn import AdaptiveAvgPool2D, AvgPool2d, Conv2d
from paddlehub.module.cv_module import ImageClassifierModule
from paddlehub.module.module import moduleinfo


@moduleinfo(
    name="tiny_classifier",
    type="CV/classification",
    author="somebody",
    author_email="",
    summary="Tells the main colour.",
    version="1.1.0",
    meta=ImageClassifierModule)
class TinyClassifier(nn.Layer):
    def __init__(self, label_list: list = None, load_checkpoint: str = None):
        super().__init__()
        self.labels = label_list or ['red', 'green', 'blue']
        self.conv = Conv2d(in_channels=3, out_channels=3, kernel_size=1, bias_attr=False)
        self.conv.set_state_dict({'weight': paddle.to_tensor(np.eye(3, dtype='float32').reshape(3, 3, 1, 1) * 4)})
        self.pool = nn.Sequential(AvgPool2d(2), AdaptiveAvgPool2D(1))

    def transforms(self, images: Union[str, np.ndarray]):
        transforms = T.Compose([T.Resize((8, 8)), T.CenterCrop(4), T.Normalize(mean=[0.0] * 3, std=[1.0] * 3)],
                               to_rgb=True)
        return transforms(images)

    def forward(self, inputs: paddle.Tensor):
        feature = self.pool(self.conv(inputs))
        return paddle.reshape(feature, shape=[-1, 3]), feature
