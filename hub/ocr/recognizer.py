"""Text recognition with a CTC model: line images in, text and confidence out."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from hub import one_shot
from hub.checkpoint import checkpoint
from hub.engines.base import Batch, LoadedModel
from hub.errors import ConfigError
from hub.ocr.ctc import Reading, decode
from hub.ocr.geometry import Image
from hub.ocr.padding import Plan, fast_plans, line_batch, parity_plans, scaled_width, usual_widths
from hub.ocr.params import RecognizerParams, height_and_width


class Recognizer:
    """A loaded recogniser. Safe to call from several threads."""

    def __init__(
        self,
        model: LoadedModel,
        characters: list[str],
        params: RecognizerParams,
        *,
        parity: bool = True,
        right_to_left: bool | None = False,
    ) -> None:
        self.model = model
        self.characters = characters
        self.params = params
        self.parity = parity
        self.right_to_left = right_to_left
        self.height, self.width = height_and_width(params.rec_image_shape)

    def recognize(self, pages: Sequence[Sequence[Image]], *, columns: bool = False) -> list[list[Reading]]:
        """Read the lines of several pages; lines of one page may share a batch, pages do not.

        Args:
            pages: per page its line images, uint8 (h, w, 3), BGR.
            columns: readings say where their characters are.

        Returns:
            Per page its readings, in the order of its lines.
        """
        lines = [line for page in pages for line in page]
        plans = self._plans(pages)
        readings: dict[int, Reading] = {}
        outputs = self.model.run_many(self._batch([lines[i] for i in plan.lines], plan) for plan in plans)
        for plan, (ids, scores) in zip(plans, outputs, strict=True):
            for line, line_ids, line_scores in zip(plan.lines, ids, scores, strict=True):
                reading = self._decode(line_ids, line_scores, columns)
                if columns:
                    share = min(1.0, scaled_width(lines[line], self.height) / plan.width)
                    reading = reading._replace(steps=reading.steps * share)
                readings[line] = reading
        numbers = iter(range(len(lines)))
        return [[readings[next(numbers)] for _ in page] for page in pages]

    def _batch(self, lines: Sequence[Image], plan: Plan) -> Batch:
        checkpoint()
        return line_batch(lines, self.height, plan.width)

    def warm_up(self) -> None:
        """Run every usual shape on every stream, so that the first request is as fast as the tenth.

        Raises:
            ConfigError: the dictionary has not as many characters as the model.
        """
        widths, times = usual_widths(), self.model.parallel
        if one_shot.is_declared():
            widths, times = widths[:1], 1  # which tells its classes
        elif self.parity or not self.model.prefers_few_shapes:
            widths = [self.width]
        batches = (
            Batch(np.full((1, self.height, width, 3), 255, np.uint8), (width,))
            for width in sorted(widths, reverse=True)
            for _ in range(times)
        )
        for _ in self.model.run_many(batches):
            pass
        check_classes(len(self.characters), self.model.classes, self.params)

    def _plans(self, pages: Sequence[Sequence[Image]]) -> list[Plan]:
        plans: list[Plan] = []
        first, batch_num = 0, self.params.rec_batch_num
        for page in pages:
            planned = (
                parity_plans(page, height=self.height, min_width=self.width, batch_num=batch_num)
                if self.parity
                else fast_plans(page, height=self.height)
            )
            plans += [Plan(tuple(first + i for i in plan.lines), plan.width) for plan in planned]
            first += len(page)
        if self.model.prefers_few_shapes:
            # The text read in a line depends on the width it is padded to, not on the others in its batch.
            plans = [Plan((line,), plan.width) for plan in plans for line in plan.lines]
        # The longest first: started last, it would keep one core busy while the others are done.
        return sorted(plans, key=lambda plan: plan.width * len(plan.lines), reverse=True)

    def _decode(
        self, ids: npt.NDArray[np.integer], scores: npt.NDArray[np.float32], columns: bool
    ) -> Reading:
        return decode(ids, scores, self.characters, right_to_left=self.right_to_left, columns=columns)


def check_classes(characters: int, classes: int, params: RecognizerParams) -> None:
    """Refuse a dictionary that is not the model's: it would give wrong characters, or none for a class.

    Args:
        characters: of the dictionary, with the blank, and the space where params add it.
        classes: of the model.
        params: for the message.

    Raises:
        ConfigError: the two differ.
    """
    if characters == classes:
        return
    with_space = params.use_space_char
    listed = characters - 1 - with_space
    hint = f"take the dictionary that the model was trained with: it has {classes - 1 - with_space} lines"
    if classes == listed + 1 + (not with_space):
        hint = f"set use_space_char = {not with_space}"
    given = repr(str(params.rec_char_dict_path)) if params.rec_char_dict_path else "None (inside the model)"
    raise ConfigError(
        f"params.py: rec_char_dict_path = {given} does not belong to the model: with the blank"
        f"{' and the space' if with_space else ''} it has {characters} characters, the model {classes} "
        f"classes; {hint}"
    )
