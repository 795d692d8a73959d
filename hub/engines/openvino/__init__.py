"""OpenVINO on CPU, and the rewrites that make its graphs fast."""
