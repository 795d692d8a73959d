"""Libraries that execute a graph: Paddle, OpenVINO, ONNX Runtime behind one small protocol (``base``)."""
