"""Reads QR codes: ``POST /predict/qrcode``. OpenCV's own detector does it; there are no weights."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2

from hub.errors import InvalidInputError
from hub.given_images import as_arrays
from hub.module import Module, moduleinfo, runnable, serving
from hub.pictures.decode import decoded


@moduleinfo(name="qrcode", version="1.0.0", summary="reads QR codes in images", type="cv/barcode")
class QRCode(Module):
    @serving(images="images", batch="images", thread_safe=True)
    def read(self, images: Sequence[Any]) -> list[list[dict[str, Any]]]:
        """Read every QR code of every image.

        Args:
            images: uint8 (h, w, 3) BGR arrays; None for one that could not be decoded.

        Returns:
            Per image ``[{"text": …, "points": [[x, y], …]}, …]``, in reading order. The four corners are in
            pixels, clockwise from the code's own top left; ``text`` is "" for a code that was found but
            not read. An image without codes, and None, is an empty list.
        """
        images = as_arrays(images)
        if not isinstance(images, list):
            raise InvalidInputError(f"images must be a list of images, not {type(images).__name__}")
        return [[] if image is None else _codes(image) for image in images]

    @runnable
    def run_cmd(self, argvs: list[str]) -> list[list[dict[str, Any]]]:
        """Run ``hub run qrcode --input_path a.jpg [b.jpg …]``."""
        import argparse

        parser = argparse.ArgumentParser(prog="hub run qrcode", description="Read QR codes in image files.")
        parser.add_argument("--input_path", nargs="+", required=True, help="image files")
        images = []
        for path in parser.parse_args(argvs).input_path:
            try:
                images.append(decoded(Path(path).read_bytes()))
            except (InvalidInputError, OSError) as error:
                parser.error(f"{path} is not a readable image: {error}")
        return self.read(images)


def _codes(image: Any) -> list[dict[str, Any]]:
    # One detector per call: it keeps state, and making one costs next to nothing.
    _, texts, corners, _ = cv2.QRCodeDetector().detectAndDecodeBytesMulti(image)
    codes = [] if corners is None else zip(texts, corners.astype(float).round(1).tolist(), strict=True)
    found = [{"text": _decoded(text), "points": points} for text, points in codes]
    return sorted(found, key=lambda code: (code["points"][0][1] // 50, code["points"][0][0]))


def _decoded(data: bytes) -> str:
    """Decode a text: without a declared encoding it is UTF-8 in practice, Latin-1 by the standard."""
    try:
        return bytes(data).decode("utf-8")
    except UnicodeDecodeError:
        return bytes(data).decode("latin-1")
