"""What a person may write: config.json, Triton's files and PaddleX's variables, validated."""
