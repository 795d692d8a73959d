"""Surfaces, light and shadow for the sample pictures that draw_samples.py draws.

Pictures are uint8 arrays of shape (height, width, 3), RGB. All randomness comes from the generator
that is passed in, so that a seed gives the same picture every time.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

Picture = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.float32]
Colour = tuple[int, int, int]
Corners = list[tuple[int, int]]


def clouds(height: int, width: int, cells: tuple[int, int], rng: np.random.Generator) -> Mask:
    """Smooth noise of mean 0, float32 of shape (height, width): ``cells`` random values, interpolated."""
    seeds = rng.standard_normal(cells).astype(np.float32)
    smooth: Mask = cv2.resize(seeds, (width, height), interpolation=cv2.INTER_CUBIC)
    return smooth


def tinted(colour: Colour, relief: Mask) -> Picture:
    """Draw a surface of one colour, lighter and darker by ``relief``."""
    surface = np.array(colour, dtype=np.float32) + relief[:, :, None]
    return surface.clip(0, 255).astype(np.uint8)


def paper(height: int, width: int, colour: Colour, rng: np.random.Generator) -> Picture:
    """Paper: faint blotches and a fine grain."""
    relief = clouds(height, width, (7, 5), rng) * 1.5
    return tinted(colour, relief + clouds(height, width, (height // 2, width // 2), rng) * 1.6)


def wood(height: int, width: int, rng: np.random.Generator) -> Picture:
    """Planks: a grain drawn out lengthwise, and dark joints."""
    grain = clouds(height, width, (height // 3, 7), rng) * 7 + clouds(height, width, (24, 4), rng) * 8
    joints = np.zeros((height, width), dtype=np.float32)
    joints[np.arange(height // 7, height, height // 3)] = -70
    return tinted((142, 98, 62), grain + cv2.GaussianBlur(joints, (0, 0), 1.4) * 2)


def foliage(height: int, width: int, rng: np.random.Generator) -> Picture:
    """Trees far out of focus, under a light sky."""
    leaves = clouds(height, width, (18, 26), rng) * 20 + clouds(height, width, (6, 8), rng) * 16
    trees = tinted((92, 128, 74), leaves).astype(np.float32)
    sky = tinted((198, 216, 230), clouds(height, width, (3, 5), rng) * 6).astype(np.float32)
    skyline = height * 0.3 + clouds(1, width, (1, 9), rng)[0] * height * 0.05
    share = 1 / (1 + np.exp((skyline[None, :] - np.arange(height)[:, None]) / (height * 0.03)))
    blended = trees * share[:, :, None] + sky * (1 - share[:, :, None])
    blurred: Picture = cv2.GaussianBlur(blended.astype(np.uint8), (0, 0), 9)
    return blurred


def lay(
    sheet: Picture, scene: Picture, corners: Corners, outline: Mask | None = None, shade: float = 0.5
) -> Picture:
    """Put a sheet, or the part within ``outline``, on a scene; its shadow darkens that by ``shade``.

    ``corners`` are the places of the sheet's corners on the scene, clockwise from its top left.
    """
    height, width = sheet.shape[:2]
    source = np.array([[0, 0], [width, 0], [width, height], [0, height]], dtype=np.float32)
    matrix = cv2.getPerspectiveTransform(source, np.array(corners, dtype=np.float32))
    size = scene.shape[1::-1]
    shape = np.ones((height, width), dtype=np.float32) if outline is None else outline
    mask = cv2.warpPerspective(shape, matrix, size, flags=cv2.INTER_LINEAR)[:, :, None]
    laid = cv2.warpPerspective(sheet, matrix, size, flags=cv2.INTER_AREA, borderMode=cv2.BORDER_REPLICATE)
    shadow = cv2.GaussianBlur(np.roll(mask[:, :, 0], (10, 8), axis=(0, 1)), (0, 0), 9)[:, :, None]
    blended = scene * (1 - shade * shadow) * (1 - mask) + laid * mask
    result: Picture = blended.astype(np.uint8)
    return result


def photograph(
    scene: Picture, rng: np.random.Generator, *, light: tuple[float, float], blur: float
) -> Picture:
    """Light a scene from the point ``light`` (parts of its width and height); blur, add sensor noise."""
    height, width = scene.shape[:2]
    rows, columns = np.mgrid[0:height, 0:width]
    distance = np.hypot(columns / width - light[0], rows / height - light[1])
    lit = scene.astype(np.float32) * (1.08 - 0.26 * distance[:, :, None])
    lit = cv2.GaussianBlur(lit, (0, 0), blur) + rng.standard_normal(scene.shape) * 2.2
    result: Picture = lit.clip(0, 255).astype(np.uint8)
    return result
