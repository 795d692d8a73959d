#!/usr/bin/env python3
"""Call @name@ with an image (or any JSON) and print its answer. Python 3.8 or newer.

python client.py --file page.jpg                                  gRPC, port 8001
python client.py --file page.jpg --url http://localhost:8000      HTTP, without any package but the wheel
python client.py --json '{"texts": ["hello"]}'                    a module that takes other arguments
"""

from __future__ import annotations

import argparse
import json
import sys

from paddlex_hps_client import ServingError, connect, triton_request, utils

MODEL = "@name@"
PDF = 0


def main() -> int:
    options = parse_arguments()
    if options.file_type == PDF:
        print(MODEL + " reads images; --file-type 0 (PDF) is for pipelines", file=sys.stderr)
        return 2
    try:
        body = utils.json_argument(options.json)
        if options.file:
            body[options.argument] = [utils.prepare_input_file(path) for path in options.file]
    except (OSError, ValueError) as error:
        print(error, file=sys.stderr)
        return 2
    try:
        reply = triton_request(connect(options.url, options.key), MODEL, body)
    except ServingError as error:
        print(error, file=sys.stderr)
        return 1
    if reply["msg"]:
        print(reply["msg"], file=sys.stderr)
    results = reply["results"]
    for result in results if isinstance(results, list) else [results]:
        print(json.dumps(result, ensure_ascii=False))
    return 0


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--file", "--image", nargs="+", help="image files or, in a pipeline, URLs")
    parser.add_argument("--file-type", type=int, choices=[0, 1], default=1, help="0: PDF, 1: image")
    parser.add_argument("--no-visualization", action="store_true", help="modules send no pictures anyway")
    parser.add_argument("--url", default="localhost:8001", help="HOST:PORT of gRPC, or http://HOST:PORT")
    parser.add_argument("--argument", default="images", help="the module's argument for the files")
    parser.add_argument("--json", default="{}", help="further arguments: a JSON object, or @FILE with one")
    parser.add_argument("--key", help="API key, where the server wants one")
    options = parser.parse_args()
    if not options.file and options.json == "{}":
        parser.error("name a file (--file), or give arguments (--json)")
    return options


if __name__ == "__main__":
    sys.exit(main())
