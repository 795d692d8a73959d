"""Exports the tiny networks of documents: layouts, tables and formulas; ``export_networks.py`` calls it.

Where something is on a page is fixed: a block in each quarter. Whether it is found, what a table's structure
is and what a formula says follow from the colours there.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import paddle
from export_models import AS_IS, SIZE, TO_SQUARE, Colours, save
from export_pipelines import Pixels, save_plain, spec
from paddle.nn import functional

#: Parts of width and height: left, top, right, bottom of each quarter.
QUARTERS = np.array(
    [[0.02, 0.02, 0.48, 0.48], [0.52, 0.02, 0.98, 0.48], [0.02, 0.52, 0.48, 0.98], [0.52, 0.52, 0.98, 0.98]],
    np.float32,
)
#: Names of what a table is written in; ``<td>`` becomes ``<td></td>``, which PaddleX puts at the end.
TABLE = ["<tbody>", "</tbody>", "<tr>", "</tr>", "<td>"]
START, END = 0, len(TABLE) + 1
ROW = [3, 5, 5, 4]
#: A formula's letters; the first three are what PaddleX's decoder expects there.
LETTERS = ["<s>", "<pad>", "</s>", "x", "+", "y", "^", "2"]


class Blocks(paddle.nn.Layer):
    """Finds a block in each quarter of an image that is not dark: rows (class, score, x1, y1, x2, y2)."""

    def __init__(self, classes: list[int]) -> None:
        super().__init__()
        self.places = self.create_parameter([4, 4])
        self.places.set_value(QUARTERS)
        self.classes = self.create_parameter([4, 1])
        self.classes.set_value(np.array(classes, np.float32).reshape(4, 1))

    def forward(self, im_shape: Any, image: Any, scale_factor: Any) -> Any:
        brightness = functional.avg_pool2d(image, SIZE // 2).mean(axis=1).reshape([-1, 4, 1])
        sides = (im_shape / scale_factor)[:, [1, 0, 1, 0]].unsqueeze(1)
        places = self.places * sides
        classes = self.classes + 0 * brightness
        rows = paddle.concat([classes, 0.4 + 0.55 * brightness, places], axis=2).reshape([-1, 6])
        return rows, paddle.full_like(image[:, 0, 0, 0], 4).astype("int32")


class Bright(Pixels):
    """A detector of text: whatever is bright is text (n, 1, h, w)."""

    def __init__(self) -> None:
        super().__init__(classifies=False)

    def forward(self, image: Any) -> Any:
        return functional.sigmoid(20 * (super().forward(image) - 0.5))


class Stripes(paddle.nn.Layer):
    """A recogniser: the letter of a column (n, columns, classes) follows from how bright it is."""

    def __init__(self) -> None:
        super().__init__()
        self.weigh = paddle.nn.Linear(3, 5)
        # The largest of 2 * letter * brightness - letter ** 2 is that of the nearest letter.
        letters = np.arange(5, dtype=np.float32)
        self.weigh.weight.set_value(np.tile(letters * 3.5 / 3, (3, 1)))
        self.weigh.bias.set_value(letters * 3.5 - letters**2)

    def forward(self, image: Any) -> Any:
        columns = functional.avg_pool2d(image.mean(axis=2, keepdim=True), [1, 8]).squeeze(2)
        return functional.softmax(self.weigh(columns.transpose([0, 2, 1])))


class Ordered(Blocks):
    """Says also in which order to read (rows of 8 columns), or that and where each block is bright (7)."""

    def __init__(self, *, shows: bool) -> None:
        super().__init__([0, 1, 2, 3])
        self.shows = shows
        self.order = self.create_parameter([4, 1])
        self.order.set_value(np.array([[1], [0], [2], [3]], np.float32))

    def forward(self, im_shape: Any, image: Any, scale_factor: Any) -> Any:
        rows, counts = super().forward(im_shape, image, scale_factor)
        order = (self.order + 0 * rows[:, :1].reshape([-1, 4, 1])).reshape([-1, 1])
        if not self.shows:
            return paddle.concat([rows, order, order], axis=1), counts
        bright = (functional.avg_pool2d(image.mean(axis=1, keepdim=True), 4) > 0.3).astype("int32")
        return paddle.concat([rows, order], axis=1), counts, bright.tile([1, 4, 1, 1]).reshape([-1, 4, 4])


class Structure(paddle.nn.Layer):
    """A table of two columns; it has two rows where the lower half is bright, else one."""

    def __init__(self) -> None:
        super().__init__()
        tokens = [START, 1, *ROW, *ROW, 2, END]
        short = [START, 1, *ROW, 2, END, END, END, END, END]
        self.long, self.short = (self.create_parameter([len(tokens), END + 1]) for _ in range(2))
        for parameter, row in ((self.long, tokens), (self.short, short)):
            parameter.set_value(np.eye(END + 1, dtype=np.float32)[row] * 5)
        self.cells = self.create_parameter([len(tokens), 8])
        self.cells.set_value(np.linspace(0, 1, len(tokens) * 8, dtype=np.float32).reshape(-1, 8))

    def forward(self, x: Any) -> Any:
        lower = x[:, :, SIZE:].mean(axis=[1, 2, 3]).reshape([-1, 1, 1])
        share = functional.sigmoid(20 * (lower - 0.45))
        structure = functional.softmax(share * self.long + (1 - share) * self.short)
        return self.cells + 0 * lower, structure


class Letters(paddle.nn.Layer):
    """A formula (n, 1, h, w) → numbers of its letters: one for each sixth of the width, by its brightness."""

    def __init__(self) -> None:
        super().__init__()
        self.weigh = self.create_parameter([1])
        self.weigh.set_value(np.array([1], np.float32))

    def forward(self, x: Any) -> Any:
        columns = functional.adaptive_avg_pool2d(x, [1, 6]).reshape([-1, 6])
        letters = paddle.clip(self.weigh * columns + 8, 3, 7).astype("int64")
        return paddle.concat([0 * letters[:, :1], letters, 0 * letters[:, :1] + 2], axis=1)


class Warm(Colours):
    """How much of red there is, and how much of blue: probabilities (n, 2)."""

    def forward(self, image: Any) -> Any:
        return functional.softmax(self.weigh(image.mean(axis=[2, 3]))[:, ::2])


def tokenizer() -> dict[str, Any]:
    """What the ``tokenizers`` library reads: words as they are."""
    marks = {"special": True, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False}
    vocabulary = {letter: number for number, letter in enumerate(LETTERS)}
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [{"id": number, "content": LETTERS[number], **marks} for number in range(3)],
        "normalizer": None,
        "pre_tokenizer": {"type": "WhitespaceSplit"},
        "post_processor": None,
        "decoder": None,
        "model": {"type": "WordLevel", "vocab": vocabulary, "unk_token": "<pad>"},
    }


def detector(folder: Path, name: str, labels: list[str], network: Blocks) -> None:
    """Save a detector of blocks with ``labels``."""
    inputs = [spec("im_shape", None, 2), spec("image", None, 3, SIZE, SIZE), spec("scale_factor", None, 2)]
    prepared = [
        {"type": "Resize", "target_size": [SIZE, SIZE], "keep_ratio": False, "interp": 2},
        {"type": "NormalizeImage", **AS_IS},
        {"type": "Permute"},
    ]
    settings = {"Preprocess": prepared, "label_list": labels, "draw_threshold": 0.5}
    save_plain(folder / name, name, network, inputs, settings)


def classifier(folder: Path, name: str, labels: list[str]) -> None:
    """Save a classifier whose labels are those of red and of blue."""
    best = {"Topk": {"topk": 1, "label_list": labels}}
    save(folder / name, name, Warm(), [spec("image", None, 3, SIZE, SIZE)], TO_SQUARE, best)


def table(folder: Path, name: str) -> None:
    """Save a network of tables' structure."""
    side = 2 * SIZE
    before = [
        {"DecodeImage": {"channel_first": False, "img_mode": "BGR"}},
        {"TableLabelEncode": {"merge_no_span_structure": True}},
        {"ResizeTableImage": {"max_len": side}},
        {"NormalizeImage": {**AS_IS, "scale": 1 / 255, "order": "hwc"}},
        {"PaddingTableImage": {"size": [side, side]}},
        {"ToCHWImage": None},
    ]
    after = {"name": "TableLabelDecode", "character_dict": TABLE}
    save(folder / name, name, Structure(), [spec("x", None, 3, side, side)], before, after)


def formula(folder: Path, name: str) -> None:
    """Save a reader of formulas."""
    before = [
        {"UniMERNetImgDecode": {"input_size": [32, 96]}},
        {"UniMERNetTestTransform": None},
        {"LatexImageFormat": None},
    ]
    words = {"fast_tokenizer_file": tokenizer()}
    after = {"name": "UniMERNetDecode", "character_dict": words}
    save(folder / name, name, Letters(), [spec("x", None, 1, 32, 96)], before, after)


def text(folder: Path, detects: str, reads: str) -> None:
    """Save a detector and a recogniser of text."""
    found = {"name": "DBPostProcess", "thresh": 0.3, "box_thresh": 0.5, "unclip_ratio": 1.2}
    resize = {"DetResizeForTest": {"resize_long": 960}}
    save(
        folder / detects,
        detects,
        Bright(),
        [spec("image", None, 3, None, None)],
        [resize, *TO_SQUARE[1:]],
        found,
    )
    read = {"name": "CTCLabelDecode", "character_dict": ["a", "b", "c"]}
    shape = {"RecResizeImg": {"image_shape": [3, 48, 320]}}
    save(folder / reads, reads, Stripes(), [spec("x", None, 3, 48, None)], [shape], read)


def main(folder: Path) -> None:
    blocks = ["table", "text", "formula", "seal", "paragraph_title", "image"]
    for name in ("PP-DocLayout-L", "RT-DETR-H_layout_17cls", "PP-DocLayout_plus-L"):
        detector(folder, name, blocks, Blocks([0, 1, 2, 3]))
    detector(folder, "RT-DETR-H_layout_3cls", ["table", "seal", "text"], Blocks([0, 2, 2, 1]))
    detector(folder, "PP-DocBlockLayout", ["Region"], Blocks([0, 0, 0, 0]))
    detector(folder, "PP-DocLayoutV2", blocks, Ordered(shows=False))
    detector(folder, "PP-DocLayoutV3", blocks, Ordered(shows=True))
    for kind in ("wired", "wireless"):
        detector(folder, f"RT-DETR-L_{kind}_table_cell_det", ["cell"], Blocks([0, 0, 0, 0]))
        table(folder, f"SLANeXt_{kind}")
    table(folder, "SLANet_plus")
    classifier(folder, "PP-LCNet_x1_0_table_cls", ["wired_table", "wireless_table"])
    classifier(folder, "PP-LCNet_x1_0_textline_ori", ["0_degree", "180_degree"])
    for name in ("PP-FormulaNet-L", "PP-FormulaNet_plus-M", "PP-FormulaNet_plus-L"):
        formula(folder, name)
    text(folder, "PP-OCRv4_server_seal_det", "PP-OCRv4_server_rec")
    text(folder, "PP-OCRv4_server_det", "PP-OCRv4_server_rec_doc")
    text(folder, "PP-OCRv5_server_det", "PP-OCRv5_server_rec")
