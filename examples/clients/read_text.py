"""Print the text in a picture: python read_text.py IMAGE [URL]        (pip install requests)"""

import base64
import sys
from pathlib import Path

import requests


def read_text(image: Path, url: str) -> list[str]:
    """The lines of text in a picture; raises RuntimeError with what the server says is wrong."""
    body = {"images": [base64.b64encode(image.read_bytes()).decode()]}
    strict = {"X-Hub-Strict": "1"}  # a file that is not an image is an error
    reply = requests.post(url, json=body, headers=strict, timeout=60)
    try:
        answer = reply.json()
    except ValueError:
        raise RuntimeError(f"HTTP {reply.status_code}, and no JSON") from None
    if reply.status_code != 200:
        raise RuntimeError(f"HTTP {reply.status_code}: {answer['msg']}")
    return [line["text"] for line in answer["results"][0]]


if __name__ == "__main__":
    address = sys.argv[2] if len(sys.argv) > 2 else "http://127.0.0.1:8868/predict/ocr_system"
    try:
        print("\n".join(read_text(Path(sys.argv[1]), address)))
    except (OSError, RuntimeError) as error:  # requests' errors are OSErrors
        sys.exit(str(error))
