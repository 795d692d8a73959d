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
    positions = np.where(filled, places, pad_idx).astype(np.int64)
    others = (
        (return_pos, positions[:, :, None]),
        (return_input_mask, filled.astype(np.float32)[:, :, None]),
        (return_max_len, max_seq_len),
        (return_num_token, int(lengths.sum())),
        (return_seq_lens, lengths[:, None]),
    )
    found = [ids[:, :, None], *(each for is_wanted, each in others if is_wanted)]
    return found if len(found) > 1 else found[0]
