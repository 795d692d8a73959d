# coding:utf-8
"""ImageColorizeModule: everything becomes as colourful as it was."""
import numpy as np
import paddle
import paddle.nn as nn
import paddlehub.vision.transforms as T
from paddlehub.module.cv_module import ImageColorizeModule
from paddlehub.module.module import moduleinfo


@moduleinfo(
    name="tiny_colours",
    type="CV/image_editing",
    author="somebody",
    author_email="",
    summary="",
    version="1.0.0",
    meta=ImageColorizeModule)
class TinyColours(nn.Layer):
    def __init__(self):
        super(TinyColours, self).__init__()
        self.truth = None

    def transforms(self, images):
        return T.Compose([T.Resize((8, 8), interpolation='NEAREST'), T.RGB2LAB()], to_rgb=True)(images)

    def preprocess(self, inputs):
        lab = paddle.to_tensor(np.asarray(inputs, dtype='float32'))
        self.truth = lab[:, 1:]
        blank = paddle.zeros_like(self.truth)
        return {'A': lab[:, :1], 'B': self.truth, 'hint_B': blank, 'mask_B': blank[:, :1]}

    def forward(self, input_A, input_B, mask_B):
        return None, self.truth
