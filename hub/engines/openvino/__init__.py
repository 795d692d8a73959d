"""OpenVINO on CPU, and the rewrites that make its graphs fast."""

import hub.engines.converter_left_out  # noqa: F401  # before OpenVINO itself
from hub.engines.openvino.engine import load_model

__all__ = ["load_model"]
