"""Exports a tiny network of speech, which Paddle runs as it is; ``export_networks.py`` calls it.

Its weights are random, but always the same: what it says follows from what it hears.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import paddle
import yaml
from paddlex.inference.models.common.tokenizer.gpt_tokenizer import bytes_to_unicode
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


def main(folder: Path) -> None:
    speech(folder / "whisper_tiny")
