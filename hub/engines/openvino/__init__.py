"""OpenVINO on CPU, and the rewrites that make its graphs fast."""

from hub.engines.openvino.engine import load_model

__all__ = ["load_model"]
