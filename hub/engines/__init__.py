"""What executes a graph: Paddle, OpenVINO and ONNX Runtime behind one small protocol (``base``)."""
