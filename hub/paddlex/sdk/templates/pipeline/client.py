#!/usr/bin/env python3
"""Call the pipeline @title@ with a file, print its answer, and save its pictures. Python 3.8 or newer.

python client.py --file page.jpg --file-type 1                    gRPC, port 8001
python client.py --file scan.pdf --file-type 0 --no-visualization
python client.py --image a.jpg --url http://localhost:8000        HTTP, without any package but the wheel
python client.py --file page.jpg --json '{"textRecScoreThresh": 0.5}'
"""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any

from paddlex_hps_client import ServingError, connect, triton_request, utils

ENDPOINTS = "@endpoints@".split()
#: Fields of a request that hold a file, each with an option of its name.
FILES = ("file", "image", "csv", "audio", "video")
#: How base64 begins for JPEG and PNG files.
PICTURES = {"/9j/": "jpg", "iVBORw0KGgo": "png"}


def main() -> int:
    options = parse_arguments()
    body = json.loads(options.json)
    for name in FILES:
        if getattr(options, name):
            body[name] = utils.prepare_input_file(getattr(options, name))
    if options.file_type is not None:
        body["fileType"] = options.file_type
    if options.no_visualization:
        body["visualize"] = False
    try:
        reply = triton_request(connect(options.url, options.key), options.endpoint, body)
    except ServingError as error:
        print(error, file=sys.stderr)
        return 1
    if reply["errorCode"] != 0:
        print("{} {}".format(reply["errorCode"], reply["errorMsg"]), file=sys.stderr)
        return 1
    saved: list[str] = []
    result = without_pictures(reply["result"], options.output, "picture", saved)
    print(json.dumps(result, ensure_ascii=False, indent=2))
    for path in saved:
        print("saved " + path, file=sys.stderr)
    return 0


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    for name in FILES:
        parser.add_argument("--" + name, help="a local file, or a URL, as the request's " + name)
    parser.add_argument("--file-type", type=int, choices=[0, 1], help="0: PDF, 1: image")
    parser.add_argument("--no-visualization", action="store_true", help="no pictures")
    parser.add_argument("--url", default="localhost:8001", help="HOST:PORT of gRPC, or http://HOST:PORT")
    parser.add_argument("--output", default="", help="prefix of the names of saved pictures")
    parser.add_argument("--endpoint", choices=ENDPOINTS, default=ENDPOINTS[0])
    parser.add_argument("--json", default="{}", help="further fields of the request, as a JSON object")
    parser.add_argument("--key", help="API key, where the server wants one")
    options = parser.parse_args()
    if options.json == "{}" and not any(getattr(options, name) for name in FILES):
        parser.error("name a file (--file, --image, …), or give fields (--json)")
    return options


def without_pictures(value: Any, start: str, name: str, saved: list[str]) -> Any:
    """Save every picture to a file; return the value with the files' names in their place."""
    if isinstance(value, dict):
        return {key: without_pictures(each, start, key, saved) for key, each in value.items()}
    if isinstance(value, list):
        return [without_pictures(each, start, name, saved) for each in value]
    if isinstance(value, str):
        for beginning, suffix in PICTURES.items():
            if value.startswith(beginning):
                path = "{}{}_{}.{}".format(start, name, len(saved), suffix)
                utils.save_output_file(value, path)
                saved.append(path)
                return path
    return value


if __name__ == "__main__":
    sys.exit(main())
