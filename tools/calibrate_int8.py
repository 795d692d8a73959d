"""Measure how a recogniser's large convolutions are best rounded to int8, from pictures of lines.

    python tools/labelled_set.py FOLDER --lines 500 --pages 0 --seed 2
    python tools/calibrate_int8.py MODEL FOLDER OUTPUT.json

MODEL is the name of a weights package or a model folder; OUTPUT goes beside the model as ``int8.json``. For
each convolution, in the order of the graph and with those before it rounded already, scales and range
are the ones of a grid whose output differs least from the exact one. Check the result with
``python -m benchmarks.ocr_accuracy`` on another set than the one that was measured with.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Final

import click
import cv2
import numpy as np
import numpy.typing as npt
import openvino as ov

import hub
from hub.engines.base import CENTERED, Batch, Execution, LoadRequest
from hub.engines.files import find_model_files
from hub.engines.openvino.engine import extended_model
from hub.engines.openvino.graph import constant
from hub.engines.openvino.int8 import Rounding, fingerprint, large_convolutions, quantize
from hub.ocr.padding import rounded_width, scaled_width

HEIGHT: Final = 48
#: Pixels looked at of each line; the grid is tried on every eighth of them.
PIXELS: Final = 100
TRIED: Final = 8
#: Of the steps that a byte counts from 0.
HIGHEST: Final = 255
#: How much of the difference between channels goes from the input into the weights; None: nothing.
MIGRATIONS: Final = (None, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8)
#: The share of the input's values that lie below the highest step.
SHARES: Final = (0.999, 0.9995, 0.9998, 0.9999, 0.99995, 0.99999, 1.0)

Floats = npt.NDArray[np.float32]


def read_lines(folder: Path) -> list[Batch]:
    """Pictures of lines as fast mode feeds them."""
    batches = []
    for path in sorted(folder.glob("line_*.jpg")):
        image = cv2.imread(str(path))
        assert image is not None, path
        width = scaled_width(image, HEIGHT)
        pixels = np.zeros((1, HEIGHT, rounded_width(width), 3), np.uint8)
        pixels[0, :, :width] = cv2.resize(image, (width, HEIGHT))
        batches.append(Batch(pixels, (width,)))
    return batches


def inputs_of(request: LoadRequest, done: list[Rounding], place: int, lines: list[Batch]) -> Floats:
    """Input of a large convolution where those before it are rounded: (channels, pixels of all lines)."""
    model = extended_model(request)
    node = large_convolutions(model)[place]
    quantize(model, done)
    cut = ov.Model([node.input_value(0)], model.get_parameters(), "cut")
    infer = ov.Core().compile_model(cut, "CPU", {"INFERENCE_PRECISION_HINT": "f32"}).create_infer_request()
    found = []
    for number, line in enumerate(lines):
        infer.infer([line.images, np.array(line.widths, np.int32).reshape(1, 1, 1, 1)])
        values = infer.output_tensors[0].data[0]
        values = values.reshape(len(values), -1)
        chosen = np.random.default_rng(number).integers(0, values.shape[1], PIXELS)
        found.append(values[:, chosen])
    return np.concatenate(found, axis=1)


def pointwise_weights(node: Any) -> Floats:
    """Of a 1 × 1 convolution: (output channels, input channels)."""
    weights = constant(node.input_value(1))
    assert weights is not None
    return weights.reshape(weights.shape[:2])


def choices(weights: Floats, inputs: Floats) -> Iterator[Rounding]:
    """Every rounding of the grid, with a shift of 0.

    Args:
        weights: (output channels, input channels).
        inputs: (input channels, pixels).
    """
    for migration in MIGRATIONS:
        scale = scale_for(weights, inputs, migration)
        scaled = inputs / scale[:, None]
        low = min(0.0, float(scaled.min()))
        for share in SHARES:
            step = (float(np.quantile(scaled, share)) - low) / HIGHEST
            yield Rounding(scale, step, round(-low / step), np.zeros(len(weights), np.float32))


def output_of(weights: Floats, inputs: Floats, rounding: Rounding) -> Floats:
    """Compute a rounded convolution: (output channels, pixels)."""
    steps = np.round(inputs / (rounding.scale * rounding.step)[:, None]) + rounding.zero
    limited = (np.clip(steps, 0, HIGHEST) - rounding.zero) * rounding.step
    result: Floats = rounded(weights * rounding.scale) @ limited.astype(np.float32)
    return result


def error(weights: Floats, inputs: Floats, rounding: Rounding) -> float:
    """Return the mean square of the output's deviation from the exact one that no shift can take back."""
    return float((output_of(weights, inputs, rounding) - weights @ inputs).var(axis=1).mean())


def scale_for(weights: Floats, inputs: Floats, migration: float | None) -> Floats:
    """One number per input channel, of geometric mean 1."""
    if migration is None:
        return np.ones(len(inputs), np.float32)
    largest_input = np.maximum(np.abs(inputs).max(axis=1), 1e-3)
    largest_weight = np.maximum(np.abs(weights).max(axis=0), 1e-5)
    scale = largest_input**migration / largest_weight ** (1 - migration)
    result: Floats = (scale / np.exp(np.log(scale).mean())).astype(np.float32)
    return result


def rounded(weights: Floats) -> Floats:
    """Each output channel's weights rounded to 255 steps."""
    step = np.maximum(np.abs(weights).max(axis=1, keepdims=True) / 127, np.finfo(np.float32).tiny)
    result: Floats = np.round(weights / step) * step
    return result


def significant(values: npt.ArrayLike) -> list[float]:
    """Round to five significant digits."""
    return [float(f"{value:.5g}") for value in np.atleast_1d(values).tolist()]


def as_json(rounding: Rounding) -> dict[str, Any]:
    return {
        "scale": significant(rounding.scale),
        "step": significant(rounding.step)[0],
        "zero": rounding.zero,
        "shift": significant(rounding.shift),
    }


@click.command()
@click.argument("model")
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.argument("output", type=click.Path(path_type=Path))
def main(model: str, folder: Path, output: Path) -> None:
    """Measure MODEL with the pictures line_*.jpg of FOLDER and write OUTPUT."""
    files = find_model_files(model if Path(model).is_dir() else hub.model_path(model))
    request = LoadRequest(files, CENTERED, padded=True, top1=True, execution=Execution(precision="f32"))
    lines = read_lines(folder)
    done: list[Rounding] = []
    nodes = large_convolutions(extended_model(request))
    for place, node in enumerate(nodes):
        weights = pointwise_weights(node)
        exact = weights @ inputs_of(request, [], place, lines)
        inputs = inputs_of(request, done, place, lines)
        some = inputs[:, ::TRIED]
        best = min(choices(weights, inputs), key=partial(error, weights, some))
        shift = exact.mean(axis=1) - output_of(weights, inputs, best).mean(axis=1)
        done.append(replace(best, shift=shift))
        share = error(weights, some, best) / exact.var(axis=1).mean()
        print(f"{weights.shape[1]} to {weights.shape[0]} channels: error {share:.1e} of the output's power")
    content = {"sha256": fingerprint(files), "convolutions": [as_json(each) for each in done]}
    output.write_text(json.dumps(content) + "\n")
    print(f"{len(lines)} lines, {len(done)} convolutions: {output}")


if __name__ == "__main__":
    main()
