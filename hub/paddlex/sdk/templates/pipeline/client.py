#!/usr/bin/env python3
"""Call the pipeline @title@ with a file, print its answer, and save its pictures and tables.

Python 3.8 or newer.

python client.py --file page.jpg --file-type 1                    gRPC, port 8001
python client.py --file scan.pdf --file-type 0 --no-visualization
python client.py --image a.jpg --url http://localhost:8000        HTTP, without any package but the wheel
python client.py --file page.jpg --json '{"textRecScoreThresh": 0.5}'
python client.py --json @request.json                             the fields, from a file
python client.py --endpoint shitu-index-build --image-label a.jpg=apple --image-label b.jpg=pear
"""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any

from paddlex_hps_client import ServingError, connect, triton_request, utils

ENDPOINTS = "@endpoints@".split()
#: Fields of a request that hold a file, each with an option of its name.
FILES = ("file", "image", "csv", "audio", "video", "tar")
#: How base64 begins for JPEG and PNG files.
PICTURES = {"/9j/": "jpg", "iVBORw0KGgo": "png"}


def main() -> int:
    options = parse_arguments()
    try:
        body = request_body(options)
    except (OSError, ValueError) as error:
        print(error, file=sys.stderr)
        return 2
    try:
        reply = triton_request(connect(options.url, options.key), options.endpoint, body)
    except ServingError as error:
        print(error, file=sys.stderr)
        return 1
    if reply["errorCode"] != 0:
        print("{} {}".format(reply["errorCode"], reply["errorMsg"]), file=sys.stderr)
        return 1
    saved: list[str] = []
    result = without_files(reply["result"], options.output, "picture", saved)
    print(json.dumps(result, ensure_ascii=False, indent=2))
    for path in saved:
        print("saved " + path, file=sys.stderr)
    return 0


def request_body(options: argparse.Namespace) -> dict[str, Any]:
    """Return the request's fields; raises OSError and ValueError for files that cannot be read."""
    body = utils.json_argument(options.json)
    for name in FILES:
        if getattr(options, name):
            body[name] = utils.prepare_input_file(getattr(options, name))
    if options.image_label:
        body["imageLabelPairs"] = [image_and_label(given) for given in options.image_label]
    if options.file_type is not None:
        body["fileType"] = options.file_type
    if options.no_visualization:
        body["visualize"] = False
    return body


def image_and_label(given: str) -> dict[str, str]:
    image, equals, label = given.rpartition("=")
    if not (image and equals and label):
        raise ValueError("--image-label is FILE=LABEL, not {!r}".format(given))
    return {"image": utils.prepare_input_file(image), "label": label}


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    for name in FILES:
        parser.add_argument("--" + name, help="a local file, or a URL, as the request's " + name)
    parser.add_argument(
        "--image-label",
        action="append",
        metavar="FILE=LABEL",
        help="an image of an index and its label, after the last =; for several images, several times",
    )
    parser.add_argument("--file-type", type=int, choices=[0, 1], help="0: PDF, 1: image")
    parser.add_argument("--no-visualization", action="store_true", help="no pictures")
    parser.add_argument("--url", default="localhost:8001", help="HOST:PORT of gRPC, or http://HOST:PORT")
    parser.add_argument("--output", default="", help="prefix of the names of saved files")
    parser.add_argument("--endpoint", choices=ENDPOINTS, default=ENDPOINTS[0])
    parser.add_argument("--json", default="{}", help="further fields: a JSON object, or @FILE with one")
    parser.add_argument("--key", help="API key, where the server wants one")
    options = parser.parse_args()
    if options.json == "{}" and not any(getattr(options, name) for name in (*FILES, "image_label")):
        parser.error("name a file (--file, --image, …), or give fields (--json)")
    return options


def without_files(value: Any, start: str, name: str, saved: list[str]) -> Any:
    """Save every picture and table to a file; return the value with the files' names in their place."""
    if isinstance(value, dict):
        return {key: without_files(each, start, key, saved) for key, each in value.items()}
    if isinstance(value, list):
        return [without_files(each, start, name, saved) for each in value]
    suffix = suffix_of(name, value) if isinstance(value, str) else ""
    if not suffix:
        return value
    path = "{}{}_{}.{}".format(start, name, len(saved), suffix)
    utils.save_output_file(value, path)
    saved.append(path)
    return path


def suffix_of(name: str, text: str) -> str:
    """Return the suffix of the file that a field holds in base64; "" where it holds none."""
    if name == "csv":
        return "csv"
    return next((suffix for beginning, suffix in PICTURES.items() if text.startswith(beginning)), "")


if __name__ == "__main__":
    sys.exit(main())
