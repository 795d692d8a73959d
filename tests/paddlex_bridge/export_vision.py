"""Exports tiny networks that see and write, which Paddle runs as they are; ``export_networks.py`` calls it.

Their weights are random, but always the same: what they write follows from what they see and are asked.
"""

from __future__ import annotations

import io
import json
import string
from pathlib import Path
from typing import Any

import numpy as np
import paddle
import sentencepiece
import yaml
from export_speech import PRINTED, bytewise
from paddlex.inference.models.doc_vlm.modeling import PaddleOCRVLForConditionalGeneration, PPDocBee2Inference
from paddlex.inference.models.doc_vlm.modeling.paddleocr_vl._config import PaddleOCRVLConfig
from paddlex.inference.models.doc_vlm.modeling.qwen2_5_vl import Qwen2_5_VLConfig
from safetensors.numpy import save_file

SIDE: dict[str, Any] = {"hidden_size": 32, "intermediate_size": 32}
ONE_LAYER: dict[str, Any] = {
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "num_key_value_heads": 2,
    "max_position_embeddings": 4096,
    **SIDE,
}
#: What the vocabulary of the network that sees has after its bytes.
MARKS = [
    "<|endoftext|>",
    "<|im_start|>",
    "<|im_end|>",
    "<|vision_start|>",
    "<|vision_end|>",
    "<|vision_pad|>",
    "<|image_pad|>",
    "<|video_pad|>",
]
#: Words of its configuration → the marks that they are.
MEANT = {
    "bos": MARKS[0],
    "pad": MARKS[0],
    "image": MARKS[6],
    "video": MARKS[7],
    "vision_start": MARKS[3],
    "vision_end": MARKS[4],
    "vision": MARKS[5],
}
#: Letters from this one on end an answer.
LAST = 60


def sight(folder: Path) -> None:
    """Save a network that sees an image and a question → letters."""
    folder.mkdir(parents=True)
    numbers = {mark: 256 + number for number, mark in enumerate(MARKS)}
    eye = {"depth": 16, "num_heads": 2, "out_hidden_size": 32, "fullatt_block_indexes": [0], **SIDE}
    config = {
        "model_type": "qwen2_5_vl",
        "vocab_size": 256 + len(MARKS),
        "rope_scaling": {"type": "mrope", "mrope_section": [2, 3, 3]},
        "eos_token_id": [*range(LAST, PRINTED), numbers["<|im_end|>"]],
        "vision_config": eye,
        **{f"{name}_token_id": numbers[mark] for name, mark in MEANT.items()},
        **ONE_LAYER,
    }
    paddle.seed(3)
    network = PPDocBee2Inference(Qwen2_5_VLConfig(**config))
    network.lm_head.weight.set_value(_mostly(range(PRINTED), network.lm_head.weight.shape))
    paddle.save(network.state_dict(), str(folder / "model_state.pdparams"))
    (folder / "config.json").write_text(json.dumps(config))
    bytewise(folder)
    plainly = {"lstrip": False, "rstrip": False, "normalized": False, "single_word": False, "special": True}
    tokens = {
        "added_tokens_decoder": {
            str(number): {"content": mark, **plainly} for mark, number in numbers.items()
        },
        "additional_special_tokens": MARKS[1:],
        "eos_token": "<|im_end|>",
        "pad_token": "<|endoftext|>",
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(tokens))
    (folder / "inference.yml").write_text(yaml.safe_dump({"Global": {"model_name": folder.name}}))


def _mostly(likely: range, shape: list[int]) -> np.ndarray:
    """Weights (width, tokens) with which some tokens are far likelier than the others."""
    weights = np.random.default_rng(5).normal(0, 0.01, shape)
    weights[:, likely] *= 100
    return weights.astype(np.float32)


#: Marks of the network that reads blocks of pages, which its vocabulary begins with.
BLOCK_MARKS = ["<|IMAGE_PLACEHOLDER|>", "<|video_pad|>", "<|IMAGE_START|>", "<|IMAGE_END|>"]
TEMPLATE = """{{ bos_token }}{% for message in messages %}{% for part in message['content'] %}
{%- if part['type'] == 'image' %}<|IMAGE_START|><|IMAGE_PLACEHOLDER|><|IMAGE_END|>
{%- else %}{{ part['text'] }}{% endif %}{% endfor %}{% endfor %}"""


def blocks(folder: Path) -> None:
    """Save a network that reads a block of a page → letters."""
    folder.mkdir(parents=True)
    vocabulary = io.BytesIO()
    letters = string.ascii_letters + string.digits + " .:!"
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter([letters] * 50),
        model_writer=vocabulary,
        model_type="char",
        vocab_size=len(letters) + len(BLOCK_MARKS) + 3,
        user_defined_symbols=BLOCK_MARKS,
        minloglevel=2,
    )
    (folder / "tokenizer.model").write_bytes(vocabulary.getvalue())
    pieces = sentencepiece.SentencePieceProcessor(model_proto=vocabulary.getvalue())
    image, video, start, _ = (pieces.piece_to_id(mark) for mark in BLOCK_MARKS)
    size = pieces.get_piece_size()
    config = {
        "vocab_size": size,
        "head_dim": 16,
        "image_token_id": image,
        "video_token_id": video,
        "vision_start_token_id": start,
        "rope_scaling": {"type": "default", "mrope_section": [2, 3, 3]},
        "eos_token_id": [2, *range(size // 2, size)],
        "use_cache": True,
        "vision_config": {"num_hidden_layers": 1, "num_attention_heads": 2, "image_size": 56, **SIDE},
        **ONE_LAYER,
    }
    paddle.seed(3)
    network = PaddleOCRVLForConditionalGeneration(PaddleOCRVLConfig(**config))
    network.lm_head.weight.set_value(_mostly(range(8, size), network.lm_head.weight.shape))
    turned = network.get_transpose_weight_keys()
    state = {name: value.astype("float32").numpy() for name, value in network.get_hf_state_dict().items()}
    kept = {name: np.ascontiguousarray(value.T if name in turned else value) for name, value in state.items()}
    save_file(kept, str(folder / "model.safetensors"))
    texts = {
        "config.json": json.dumps({"model_type": "paddleocr_vl", **config}),
        "tokenizer_config.json": json.dumps({"image_token": BLOCK_MARKS[0]}),
        "preprocessor_config.json": json.dumps({"min_pixels": 28 * 28, "max_pixels": 28 * 28 * 16}),
        "chat_template.jinja": TEMPLATE,
        "inference.yml": yaml.safe_dump({"Global": {"model_name": folder.name}}),
    }
    for name, text in texts.items():
        (folder / name).write_text(text)


def main(folder: Path) -> None:
    sight(folder / "PP-DocBee2-3B")
    for release in ("", "1.5-", "1.6-"):
        blocks(folder / f"PaddleOCR-VL-{release}0.9B")
