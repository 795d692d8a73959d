"""The network: token ids in, one label per token out.

Its files are in Paddle's oldest format (``__model__`` and a file per weight), and its input is a LoD
tensor: the sentences of a batch one after another, and where each ends. So nothing is padded, and an
answer does not depend on which sentences were computed together.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from itertools import accumulate
from pathlib import Path
from typing import Any

import numpy as np

with warnings.catch_warnings():
    # For those who compile extensions; it would stand in the log of every runner.
    warnings.filterwarnings("ignore", message="No ccache found")
    import paddle
    from paddle import inference

from hub.errors import EngineError

#: The network's steps are too small to share: a second thread makes it slower. More runners use more cores.
_THREADS = 1
_GPU_MEMORY_MB = 500
#: oneDNN's fused GRU fails in Paddle 3.3.1: now and then a wrong label, at last a crash inside it.
#: Unfused, the GRU is Paddle's own and the rest stays oneDNN's.
_BROKEN_PASSES = ("fc_gru_fuse_pass", "mul_gru_fuse_pass", "multi_gru_fuse_pass", "multi_gru_seq_fuse_pass")


class Tagger:
    """A Paddle predictor; not to be called from several threads at once."""

    def __init__(self, model: Path, *, max_tokens: int, use_gpu: bool = False) -> None:
        if use_gpu and not paddle.is_compiled_with_cuda():
            raise EngineError(
                f"use_gpu needs a CUDA build of Paddle; {paddle.version.full_version} installed here is for "
                "CPU only: install paddlepaddle-gpu, or set use_gpu to false"
            )
        config = inference.Config(str(model))
        config.disable_glog_info()
        config.set_cpu_math_library_num_threads(_THREADS)
        if use_gpu:
            config.enable_use_gpu(_GPU_MEMORY_MB, 0)
        else:
            config.disable_gpu()
            for broken in _BROKEN_PASSES:
                config.delete_pass(broken)
        try:
            self._predictor = inference.create_predictor(config)
        except (RuntimeError, ValueError) as error:
            raise EngineError(f"Paddle cannot load {model}: {error}") from error
        self._max_tokens = max_tokens
        self._input = self._predictor.get_input_handle(self._predictor.get_input_names()[0])
        self._output = self._predictor.get_output_handle(self._predictor.get_output_names()[0])

    def tag(self, sentences: Sequence[Sequence[int]]) -> list[list[int]]:
        """Return the label ids of each sentence's tokens; a sentence without tokens has none."""
        labels: list[list[int]] = [[] for _ in sentences]
        for batch in self._batches(sentences):
            ends = [0, *accumulate(len(sentences[index]) for index in batch)]
            flat = self._run(np.concatenate([sentences[index] for index in batch]), ends)
            for index, start, end in zip(batch, ends, ends[1:], strict=False):
                labels[index] = flat[start:end]
        return labels

    def _batches(self, sentences: Sequence[Sequence[int]]) -> Iterator[list[int]]:
        """Yield indices of sentences that together have at most ``max_tokens`` tokens."""
        batch: list[int] = []
        room = self._max_tokens
        for index, sentence in enumerate(sentences):
            if batch and len(sentence) > room:
                yield batch
                batch, room = [], self._max_tokens
            if len(sentence):
                batch.append(index)
                room -= len(sentence)
        if batch:
            yield batch

    def _run(self, ids: Any, ends: list[int]) -> list[int]:
        self._input.copy_from_cpu(ids.astype(np.int64).reshape(-1, 1))
        self._input.set_lod([ends])
        try:
            self._predictor.run()
        except RuntimeError as error:
            raise EngineError(f"Paddle failed on {len(ends) - 1} sentences: {error}") from error
        labels: list[int] = self._output.copy_to_cpu().ravel().tolist()
        return labels
