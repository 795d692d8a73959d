# coding:utf-8
"""Shape: data and keywords; results that are no JSON; turns Paddle's switch and fails."""
import datetime

import numpy as np
import paddle
from paddlehub.module.module import moduleinfo, serving


@moduleinfo("any_arguments", "2.0.0", "somebody", type="demo")
class AnyArguments:
    @serving
    def run(self, data=None, **kwargs):
        if kwargs.get("action") == "leave dynamic":
            paddle.disable_static()
            raise RuntimeError("left in the middle")
        return {
            "dynamic": paddle.in_dynamic_mode(),
            "keywords": sorted(kwargs),
            "data": data,
            "array": np.arange(3, dtype="int64"),
            "scalar": np.float32(0.5),
            "nan": float("nan"),
            "bytes": b"abc",
            "date": datetime.datetime(2024, 5, 6, 7, 8, 9),
            "set": {1},
        }
