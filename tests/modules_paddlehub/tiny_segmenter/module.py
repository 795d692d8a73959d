# coding:utf-8
"""Inherited serving method: segmentation."""
import paddle
import paddlehub.vision.segmentation_transforms as T
from paddle import nn
from paddlehub.module.cv_module import ImageSegmentationModule
from paddlehub.module.module import moduleinfo

import tiny_segmenter.layers as L


@moduleinfo(
    name="tiny_segmenter",
    type="CV/semantic_segmentation",
    author="somebody",
    author_email="",
    summary="Class 1 is what is bright.",
    version="1.0.0",
    meta=ImageSegmentationModule)
class TinySegmenter(nn.Layer):
    def __init__(self, num_classes=2, pretrained=None):
        super(TinySegmenter, self).__init__()
        self.head = L.Head(num_classes)
        self.transforms = T.Compose([T.Resize((16, 8)), T.Padding((24, 16)), T.Normalize()])

    def transform(self, img):
        return self.transforms(img)

    def forward(self, x):
        return [self.head(x)]
