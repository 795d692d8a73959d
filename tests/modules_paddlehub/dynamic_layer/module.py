# coding:utf-8
"""A dynamic network that exports itself with Paddle when it is loaded, and calls a static module."""
import os
import sys

sys.path.insert(0, ".")

import paddle
import paddle.nn as nn
import paddlehub
import paddlehub as hub
from paddlehub.module.module import moduleinfo, serving

paddle.enable_static()
paddle.disable_static()


@moduleinfo(name="dynamic_layer", version="1.0.0", summary="", author="somebody", type="demo")
class DynamicLayer(nn.Layer):
    def __init__(self, out=3):
        super(DynamicLayer, self).__init__()
        self.linear = nn.Linear(2, out)
        path = os.path.join(self.directory, "exported")
        spec = [paddle.static.InputSpec([None, 2])]
        paddle.jit.save(paddle.jit.to_static(self, input_spec=spec, full_graph=True), path)
        self.exported = paddle.jit.load(path)
        self.nested = hub.Module(name="any_arguments")

    def forward(self, x):
        return self.linear(x)

    @serving
    def serving_method(self, data, use_gpu=False):
        x = paddle.to_tensor(data, dtype="float32")
        inside = self.nested.run(data=1)["dynamic"]
        return {
            "same": bool(paddle.allclose(self(x), self.exported(x))),
            "nested ran static": not inside,
            "dynamic after": paddle.in_dynamic_mode(),
            "argv": sys.argv,
            "shape": self(x).shape,
        }
