"""Exports tiny networks of speech and language, which Paddle runs as they are; for ``export_networks.py``.

Their weights are random, but always the same: what they say follows from what they hear or see.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import paddle
import yaml
from paddlex.inference.models.common.tokenizer.gpt_tokenizer import bytes_to_unicode
from paddlex.inference.models.doc_vlm.modeling import PPDocBee2Inference
from paddlex.inference.models.doc_vlm.modeling.qwen2_5_vl import Qwen2_5_VLConfig
from paddlex.inference.models.multilingual_speech_recognition.processors import ModelDimensions, Whisper

#: Side of the layers, and how much text a network of speech keeps in mind.
STATE, TEXT = 16, 16
SPEECH = ModelDimensions(
    n_mels=80,
    n_audio_ctx=1500,
    n_audio_state=STATE,
    n_audio_head=2,
    n_audio_layer=1,
    n_vocab=2000,
    n_text_ctx=TEXT,
    n_text_state=STATE,
    n_text_head=2,
    n_text_layer=1,
)
#: The first bytes of the vocabulary are those that are printed.
PRINTED = 94
#: How the network of speech is asked: for what is likeliest, without chance.
HEARD = {
    "resource_path": "https://example.invalid/assets.tar",
    "temperature": 0.0,
    "temperature_increment_on_fallback": None,
    "verbose": None,
    "task": "transcribe",
    "language": None,
    "compression_ratio_threshold": 2.4,
    "logprob_threshold": None,
    "best_of": None,
    "beam_size": None,
    "patience": None,
    "length_penalty": None,
    "initial_prompt": None,
    "condition_on_previous_text": True,
    "no_speech_threshold": None,
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


def bytewise(folder: Path) -> None:
    """Write a vocabulary of one token for each byte."""
    folder.mkdir(parents=True, exist_ok=True)
    letters = list(bytes_to_unicode().values())
    numbered = {letter: number for number, letter in enumerate([*letters, "<|endoftext|>"])}
    (folder / "vocab.json").write_text(json.dumps(numbered))
    (folder / "merges.txt").write_text("#version: 0.2\n")


def speech(folder: Path) -> None:
    """Save a listener: how loud each of 80 bands is → letters."""
    paddle.seed(3)
    network = Whisper(SPEECH)
    chances = np.random.default_rng(3).normal(0, 0.01, (SPEECH.n_vocab, STATE))
    chances[:PRINTED] *= 100  # else it would say times only, of which there are most
    network.decoder.token_embedding.weight.set_value(chances.astype(np.float32))
    heard = network.decoder.blocks[0].cross_attn
    for part in (heard.key, heard.value, heard.out):  # what it hears counts for more than what it said
        part.weight.set_value(20 * part.weight)
    state = dict(network.state_dict())
    folder.mkdir(parents=True)
    paddle.save({"dims": vars(SPEECH), **state}, str(folder / "inference.pdparams"))
    bands = np.zeros((80, 201), np.float32)
    bands[np.repeat(np.arange(80), 2), np.arange(160)] = 0.5
    bytewise(folder / "assets" / "gpt2")
    np.savez(folder / "assets" / "mel_filters.npz", mel_80=bands)
    settings = {"Global": {"model_name": "whisper_tiny"}, **HEARD}
    (folder / "inference.yml").write_text(yaml.safe_dump(settings))


def sight(folder: Path) -> None:
    """Save a network that sees an image and a question → letters."""
    folder.mkdir(parents=True)
    numbers = {mark: 256 + number for number, mark in enumerate(MARKS)}
    side = {"hidden_size": 32, "intermediate_size": 32}
    eye = {"depth": 16, "num_heads": 2, "out_hidden_size": 32, "fullatt_block_indexes": [0], **side}
    config = {
        "model_type": "qwen2_5_vl",
        "vocab_size": 256 + len(MARKS),
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "num_key_value_heads": 2,
        "max_position_embeddings": 4096,
        "rope_scaling": {"type": "mrope", "mrope_section": [2, 3, 3]},
        "eos_token_id": [*range(LAST, PRINTED), numbers["<|im_end|>"]],
        "vision_config": eye,
        **{f"{name}_token_id": numbers[mark] for name, mark in MEANT.items()},
        **side,
    }
    paddle.seed(3)
    network = PPDocBee2Inference(Qwen2_5_VLConfig(**config))
    network.lm_head.weight.set_value(_mostly_printed(network.lm_head.weight.shape))
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


def _mostly_printed(shape: list[int]) -> np.ndarray:
    """Weights (width, tokens) with which letters that are printed are far likelier."""
    weights = np.random.default_rng(5).normal(0, 0.01, shape)
    weights[:, :PRINTED] *= 100
    return weights.astype(np.float32)


def main(folder: Path) -> None:
    speech(folder / "whisper_tiny")
    sight(folder / "PP-DocBee2-3B")
