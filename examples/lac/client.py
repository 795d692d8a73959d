"""Ask a lac server to cut and tag two sentences.

hub install lac && hub serving start -m lac        # or: -c examples/lac/serving_config.json
python examples/lac/client.py
"""

from __future__ import annotations

import json
import sys

import requests

if __name__ == "__main__":
    url = sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:8866/predict/lac"
    # The keys are the arguments of lac.analysis_lexical(texts=…, batch_size=…).
    data = {"texts": ["今天是个好日子", "天气预报说今天要下雨"], "batch_size": 1}
    headers = {"Content-Type": "application/json"}

    reply = requests.post(url=url, headers=headers, data=json.dumps(data), timeout=60)

    print(json.dumps(reply.json(), indent=4, ensure_ascii=False))
