"""Settings that a person writes: config.json, Triton's files and PaddleX's variables, validated."""
