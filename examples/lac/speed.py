"""How many sentences a lac server cuts in a second: ``python examples/lac/speed.py [URL] [CALLERS] [TEXTS]``.

Every caller sends requests of TEXTS sentences one after another for five seconds.
"""

from __future__ import annotations

import sys
import time
from concurrent.futures import ThreadPoolExecutor

import requests

SENTENCES = ["今天是个好日子", "天气预报说今天要下雨", "百度是一家高科技公司", "我们一起去北京天安门看升旗"]
SECONDS = 5.0


def call(url: str, texts: list[str]) -> int:
    """Ask until the time is up; how many sentences were answered."""
    done, end = 0, time.monotonic() + SECONDS
    with requests.Session() as session:
        while time.monotonic() < end:
            reply = session.post(url, json={"texts": texts}, timeout=60)
            reply.raise_for_status()
            done += len(reply.json()["results"])
    return done


if __name__ == "__main__":
    url = sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:8866/predict/lac"
    callers, size = (int(word) for word in (sys.argv[2:] + ["1", "1"][len(sys.argv[2:]) :]))
    texts = [SENTENCES[number % len(SENTENCES)] for number in range(size)]
    with ThreadPoolExecutor(callers) as pool:
        total = sum(pool.map(call, [url] * callers, [texts] * callers))
    print(f"{callers} callers, {size} sentences a request: {total / SECONDS:.0f} sentences/s")
