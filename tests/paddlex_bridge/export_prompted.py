"""Exports the tiny networks that are told what to look for; ``export_networks.py`` calls it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import paddle
from export_pipelines import save_plain, spec
from paddle.nn import functional

#: Side of the images that the segmenters get, and of their masks.
SIDE, MASK = 64, 16
WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", ".", "?", "red", "thing", "bus", "blue", "on", "a"]


class Phrases(paddle.nn.Layer):
    """Finds two boxes; how well a word fits them follows from its number and the brightness."""

    def __init__(self) -> None:
        super().__init__()
        self.places = self.create_parameter([1, 2, 4])
        self.places.set_value(np.array([[[0.3, 0.3, 0.4, 0.4], [0.6, 0.5, 0.5, 0.8]]], np.float32))
        self.signs = self.create_parameter([1, 2, 1])
        self.signs.set_value(np.array([[[1], [-1]]], np.float32))

    def forward(
        self,
        attention_mask: Any,
        input_ids: Any,
        pixel_mask: Any,
        position_ids: Any,
        text_self_attention_masks: Any,
        x: Any,
    ) -> Any:
        fits = ((input_ids * 7) % 5 - 2).astype("float32").unsqueeze(1)
        others = (pixel_mask, position_ids, text_self_attention_masks, attention_mask)
        nothing = sum(0 * other.astype("float32").mean() for other in others)
        brightness = x.mean(axis=[1, 2, 3]).reshape([-1, 1, 1])
        return self.places + 0 * brightness, self.signs * fits + brightness + nothing


class Prompted(paddle.nn.Layer):
    """Masks of what is bright in each box (boxes, 4), or near a point (1, 1, 2)."""

    def __init__(self, *, takes_boxes: bool) -> None:
        super().__init__()
        self.takes_boxes = takes_boxes
        self.places = self.create_parameter([MASK])
        self.places.set_value(np.linspace(0, SIDE, MASK, dtype=np.float32))

    def forward(self, image: Any, prompt: Any) -> Any:
        bright = functional.avg_pool2d(image.mean(axis=1, keepdim=True), SIDE // MASK)
        if self.takes_boxes:
            left, top, right, bottom = (prompt[:, side].reshape([-1, 1]) for side in range(4))
            across = functional.sigmoid(self.places - left) * functional.sigmoid(right - self.places)
            down = functional.sigmoid(self.places - top) * functional.sigmoid(bottom - self.places)
        else:
            across, down = (
                functional.sigmoid(20 - (self.places - prompt[0, :, axis : axis + 1]).abs())
                for axis in (0, 1)
            )
        inside = down.unsqueeze(2) * across.unsqueeze(1)
        return inside.unsqueeze(1) - 0.5 + 0.2 * bright


def main(folder: Path) -> None:
    name = "GroundingDINO-T"
    text = [None, None]
    inputs = [
        spec("attention_mask", *text, dtype="int64"),
        spec("input_ids", *text, dtype="int64"),
        spec("pixel_mask", None, None, None, dtype="bool"),
        spec("position_ids", *text, dtype="int64"),
        spec("text_self_attention_masks", None, None, None, dtype="bool"),
        spec("x", None, 3, None, None),
    ]
    prepared = [{"type": "GroundingDINOProcessor", "text_max_words": 256, "target_size": [32, 64]}]
    thresholds = {"box_threshold": 0.3, "text_threshold": 0.25}
    save_plain(folder / name, name, Phrases(), inputs, {"Preprocess": prepared, **thresholds})
    tokenizer = folder / name / "tokenizer"
    tokenizer.mkdir()
    (tokenizer / "vocab.txt").write_text("\n".join(WORDS))
    (tokenizer / "tokenizer_config.json").write_text(json.dumps({"do_lower_case": True}))
    image = spec("image", None, 3, SIDE, SIDE)
    processor = {"Processor": {"type": "SAMProcessor", "size": SIDE}}
    for name, prompt in (
        ("SAM-H_box", spec("prompt", None, 4)),
        ("SAM-H_point", spec("prompt", None, None, 2)),
    ):
        network = Prompted(takes_boxes=name.endswith("box"))
        save_plain(folder / name, name, network, [image, prompt], processor)
