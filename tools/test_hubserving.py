"""Send images to a running module and print what it answers, one image per request.

    python tools/test_hubserving.py http://127.0.0.1:8868/predict/ocr_system ./doc/imgs/
    python tools/test_hubserving.py --server_url=http://127.0.0.1:8868/predict/ocr_system \\
        --image_dir=./doc/imgs/ --visualize=true --output=./hubserving_result

Both forms, the requests and the log lines on stdout are those of PaddleOCR's script of this name,
so what reads them keeps working. Errors, the progress bar and the summary go to stderr. The exit
code is 0 when every image was answered, 1 when one was not, 2 for a wrong command line.
"""

from __future__ import annotations

import base64
import io
import ipaddress
import json
import logging
import statistics
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import click
import requests
from rich.console import Console
from rich.progress import Progress

#: PaddleOCR compares ends of names, without the dot; the last three are ours.
SUFFIXES = ("jpg", "bmp", "png", "jpeg", "rgb", "tif", "tiff", "gif", "pdf", "webp", "avif", "heic")
CONNECT_TIMEOUT_S = 10.0
#: PaddleHub 2.x says "000", the documents and PaddleHub 1.x say "0".
OK_STATUSES = ("0", "000")

logger = logging.getLogger("ppocr")
console = Console(stderr=True)


class ServerNotThere(Exception):
    """Nobody answers at the address, so that going on with the next image is of no use."""


class ImageFailed(Exception):
    """This image cannot be read, or the server answered it with an error, or not in time."""


@dataclass
class Tally:
    """Times of the images that were answered, in seconds, and the number of those that were not."""

    times_s: list[float] = field(default_factory=list)
    failures: int = 0
    started: float = field(default_factory=time.perf_counter)

    @property
    def sent(self) -> int:
        """Images answered or failed so far."""
        return len(self.times_s) + self.failures

    def summary(self) -> str:
        """One line: how many, how many failed, how fast."""
        answered = len(self.times_s)
        line = f"{self.sent} image{'s' * (self.sent != 1)}, {self.failures} failed"
        if not answered:
            return line
        elapsed = time.perf_counter() - self.started
        mean, p50 = statistics.fmean(self.times_s), statistics.median(self.times_s)
        return f"{line}; mean {mean:.3f} s, p50 {p50:.3f} s, {answered / elapsed:.1f} images/s"


class _Streams(logging.Handler):
    """Writes errors to stderr and the rest to stdout; on a terminal, above the progress bar."""

    def emit(self, record: logging.LogRecord) -> None:
        stream = sys.stderr if record.levelno >= logging.ERROR else sys.stdout
        if console.is_terminal and stream.isatty():
            # soft_wrap: a reply stays one line, so that it can be copied.
            console.print(self.format(record), soft_wrap=True, markup=False, highlight=False)
        else:
            print(self.format(record), file=stream, flush=True)


@click.command(
    context_settings={
        "help_option_names": ["-h", "--help"],
        "token_normalize_func": lambda name: name.replace("-", "_"),
    }
)
@click.argument("positional", nargs=-1, metavar="[SERVER_URL IMAGE_DIR]")
@click.option("--server_url", help="Address of a module, http://HOST:PORT/predict/MODULE.")
@click.option("--image_dir", help="An image, or a folder of images (its subfolders are not searched).")
@click.option("--visualize", type=bool, default=False, help="Save every image with its boxes and text.")
@click.option("--output", default="./hubserving_result", show_default=True, help="Folder for --visualize.")
@click.option("--timeout", type=float, default=90.0, show_default=True, help="Seconds to wait for a reply.")
def main(
    positional: tuple[str, ...],
    server_url: str | None,
    image_dir: str | None,
    visualize: bool,
    output: str,
    timeout: float,
) -> None:
    """Send the images of IMAGE_DIR to SERVER_URL and print what it answers."""
    if len(positional) == 2 and server_url is None and image_dir is None:
        server_url, image_dir = positional
    elif positional or server_url is None or image_dir is None:
        raise click.UsageError("give SERVER_URL and IMAGE_DIR, or --server_url and --image_dir")
    for stream in (sys.stdout, sys.stderr):  # a terminal in ASCII shows text in Chinese as \\u4e2d
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    _log_as_ppocr()
    tally = Tally()
    problem = ""
    try:
        images = find_images(image_dir)
        run(server_url, images, tally, output=Path(output) if visualize else None, timeout_s=timeout)
    except (FileNotFoundError, ServerNotThere) as error:
        problem = f"Error: {error}"
    except KeyboardInterrupt:
        problem = "Interrupted."
    if tally.sent:
        print(tally.summary(), file=sys.stderr)
    if problem:
        print(problem, file=sys.stderr)
    sys.exit(1 if problem or tally.failures else 0)


def find_images(image_dir: str) -> list[str]:
    """Return the image itself, or the images directly in a folder, sorted by name.

    Raises:
        FileNotFoundError: there is none, or no such file or folder.
    """
    # Paths stay strings: Path would drop the leading "./" that PaddleOCR's log lines show.
    place = Path(image_dir)
    candidates = [image_dir] if place.is_file() else []
    if place.is_dir():
        folder = image_dir if image_dir.endswith("/") else image_dir + "/"
        candidates = sorted(folder + entry.name for entry in place.iterdir() if entry.is_file())
    images = [name for name in candidates if name.lower().endswith(SUFFIXES)]
    if not images:
        why = f"its name ends in one of {' '.join(SUFFIXES)}" if place.exists() else "it exists"
        raise FileNotFoundError(f"not found any img file in {image_dir}: check that {why}")
    return images


def run(server_url: str, images: list[str], tally: Tally, *, output: Path | None, timeout_s: float) -> None:
    """Send the images one after the other; log, count and, with ``output``, draw what comes back.

    Raises:
        ServerNotThere: the server cannot be reached.
    """
    bar = Progress(
        console=console,
        disable=not console.is_terminal,
        transient=True,
        redirect_stdout=False,
        redirect_stderr=False,
    )
    with requests.Session() as session, bar:
        # A proxy of the environment is never meant for this machine, and would answer 502 or nothing.
        session.trust_env = not is_this_machine(server_url)
        for image in bar.track(images, description=Path(server_url).name):
            try:
                results, elapsed = send(session, server_url, image, timeout_s)
            except ImageFailed as error:
                tally.failures += 1
                logger.error("%s: %s", image, error)
                continue
            tally.times_s.append(elapsed)
            logger.info("Predict time of %s: %.3fs", image, elapsed)
            logger.info(results[0])
            if output is not None:
                save_picture(image, results[0], output)
            if len(tally.times_s) % 100 == 0:
                logger.info("%s processed", len(tally.times_s))
    if tally.times_s:
        logger.info("avg time cost: %s", sum(tally.times_s) / len(tally.times_s))


def is_this_machine(url: str) -> bool:
    """Tell whether an address is one of the machine itself."""
    try:
        host = urlsplit(url).hostname or ""
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def send(session: requests.Session, server_url: str, image: str, timeout_s: float) -> tuple[list[Any], float]:
    """POST one image and return the reply's ``results`` and the seconds it took.

    Raises:
        ImageFailed: an error reply, a reply that is none, or none in time.
        ServerNotThere: no connection.
    """
    try:
        encoded = base64.b64encode(Path(image).read_bytes()).decode("ascii")
    except OSError as error:
        raise ImageFailed(f"cannot be read: {error.strerror}") from error
    body = json.dumps({"images": [encoded]})
    headers = {"Content-type": "application/json"}
    started = time.perf_counter()
    try:
        reply = session.post(server_url, data=body, headers=headers, timeout=(CONNECT_TIMEOUT_S, timeout_s))
    except requests.ReadTimeout as error:
        raise ImageFailed(f"no reply within {timeout_s:g} s (--timeout allows longer)") from error
    except requests.RequestException as error:
        raise explained(error, server_url) from error
    elapsed = time.perf_counter() - started
    return results_of(reply), elapsed


def explained(error: requests.RequestException, server_url: str) -> ImageFailed | ServerNotThere:
    """Say what a failed exchange means: for this image alone, or for the whole run."""
    if isinstance(error, ValueError):  # all of requests' errors about the form of an address are
        return ServerNotThere(
            f"{server_url!r} is not an address like http://127.0.0.1:8868/predict/ocr_system"
        )
    if isinstance(error, requests.ConnectionError) and "Connection aborted" not in str(error):
        proxy = (
            ""
            if is_this_machine(server_url)
            else requests.utils.select_proxy(server_url, requests.utils.get_environ_proxies(server_url))
        )
        through = f" through the proxy {proxy.rpartition('@')[2]}" if proxy else ""
        return ServerNotThere(
            f"cannot connect to {server_url}{through}. Is the server running there? "
            "hub serving start -c deploy/hubserving/ocr_system/config.json starts one"
        )
    return ImageFailed("the server closed the connection without a whole reply; its log may say why")


def results_of(reply: requests.Response) -> list[Any]:
    """Return a good reply's ``results``, a list of at least one element.

    Raises:
        ImageFailed: the reply reports an error, or is not PaddleHub's envelope.
    """
    try:
        envelope = reply.json()
        status, message, results = str(envelope["status"]), envelope["msg"], envelope["results"]
    except (ValueError, KeyError, TypeError) as error:
        text = reply.text[:200].strip()
        raise ImageFailed(f"HTTP {reply.status_code}, not a reply of a module: {text}") from error
    if status not in OK_STATUSES or not reply.ok:
        raise ImageFailed(f"HTTP {reply.status_code}, status {status}: {message}")
    if not isinstance(results, list) or not results:
        raise ImageFailed(f"status {status}, but results is {results!r}, not a list with one entry per image")
    if message:
        logger.warning(message)
    return results


def save_picture(image: str, result: Any, output: Path) -> None:
    """Draw one image's result and save it in ``output`` under the image's name."""
    picture = draw(image, result)
    if picture is None:
        return
    import cv2

    output.mkdir(parents=True, exist_ok=True)
    target = output / Path(image).name
    if not cv2.haveImageWriter(str(target)):
        target = target.with_suffix(target.suffix + ".png")
    target.write_bytes(cv2.imencode(target.suffix, picture)[1].tobytes())
    logger.info("The visualized image saved in %s", target)


def draw(image: str, result: Any) -> Any:
    """Return the annotated picture as a uint8 BGR array, or None where there is nothing to draw on or by."""
    from hub.errors import InvalidInputError
    from hub.ocr.visualize import draw_ocr
    from hub.pictures.documents import open_document

    if not isinstance(result, list) or not all(isinstance(item, dict) for item in result):
        logger.warning("draw function is invalid for results of this shape, only the OCR modules' are drawn")
        return None
    if result and "text_region" not in result[0]:
        logger.info("draw function is invalid for %s!", "ocr_cls" if "angle" in result[0] else "ocr_rec")
        return None
    try:
        with open_document(Path(image).read_bytes()) as document:
            picture = document.page(0)
    except InvalidInputError as error:
        logger.warning("%s cannot be drawn on: %s", image, error)
        return None
    result = [item for item in result if item.get("page", 0) == 0]
    if result:
        has_text = "text" in result[0]
        logger.info("draw boxes and texts!" if has_text else "draw text boxes only!")
    return draw_ocr(picture, result, fallback_font=stored_font())


def stored_font() -> Path | None:
    """Return the font in the weights store, for systems without a Chinese one; None where it is not there."""
    import hub

    try:
        return Path(hub.model_path("NotoSansCJKsc"))
    except (hub.HubError, ImportError):
        return None


def _log_as_ppocr() -> None:
    handler = _Streams()
    handler.setFormatter(
        logging.Formatter("[%(asctime)s] %(name)s %(levelname)s: %(message)s", "%Y/%m/%d %H:%M:%S")
    )
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    logger.propagate = False


if __name__ == "__main__":
    main()
