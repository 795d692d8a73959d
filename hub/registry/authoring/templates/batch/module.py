"""Add up rows of numbers, those of many requests in one call: ``POST /predict/NAME``."""

from __future__ import annotations

import numpy as np

from hub import InvalidInputError
from hub.module import Module, moduleinfo, serving


@moduleinfo(
    name="NAME",
    version="0.1.0",
    summary="adds up rows of numbers",
    author="",
    type="example",
)
class CLASS(Module):
    def _initialize(self) -> None:
        """Load models here. Called once in each process; the arguments are the config file's init_args."""

    # batch="rows": the rows of requests that wait at the same time come in one call, at most max_batch_size
    # of them; one result per row, in order. thread_safe=True: several threads may call it at once.
    @serving(batch="rows", max_batch_size=32, thread_safe=True, example={"rows": [[1.5, 2], [3]]})
    def predict(self, rows: list[list[float]]) -> list[float]:
        """Add up the numbers of each row.

        Args:
            rows: at most 1000 numbers each.
        """
        if any(len(row) > 1000 for row in rows):
            raise InvalidInputError("a row has at most 1000 numbers")
        return [float(np.sum(row)) for row in rows]
