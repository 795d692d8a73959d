"""Token ids of different lengths as one array."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np


def pad_batch_data(
    insts: Sequence[Sequence[int]],
    pad_idx: int = 0,
    max_seq_len: int = 128,
    return_pos: bool = False,
    return_input_mask: bool = False,
    return_max_len: bool = False,
    return_num_token: bool = False,
    return_seq_lens: bool = False,
) -> Any:
    """Pad every sequence to ``max_seq_len``; return the array, or a list that starts with it.

    Returns:
        The wanted of these, in this order: int64 ids of shape (n, max_seq_len, 1); int64 positions, likewise;
        float32 mask, 1 where there is a token; ``max_seq_len``; the number of tokens; int64 lengths (n, 1).

    Raises:
        ValueError: a sequence is longer than ``max_seq_len``.
    """
    lengths = np.array([len(sequence) for sequence in insts], dtype=np.int64)
    longest = int(np.max(lengths, initial=0))
    if longest > max_seq_len:
        raise ValueError(f"a sequence of {longest} tokens does not fit into max_seq_len={max_seq_len}")
    places = np.arange(max_seq_len)
    filled = places[None, :] < lengths[:, None]
    ids = np.full(filled.shape, pad_idx, dtype=np.int64)
    if lengths.size:
        ids[filled] = np.concatenate([np.asarray(sequence, dtype=np.int64) for sequence in insts])
    found: list[Any] = [ids[:, :, None]]
    if return_pos:
        found.append(np.where(filled, places, pad_idx).astype(np.int64)[:, :, None])
    if return_input_mask:
        found.append(filled.astype(np.float32)[:, :, None])
    if return_max_len:
        found.append(max_seq_len)
    if return_num_token:
        found.append(int(lengths.sum()))
    if return_seq_lens:
        found.append(lengths[:, None])
    return found if len(found) > 1 else found[0]
