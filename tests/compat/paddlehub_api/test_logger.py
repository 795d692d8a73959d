"""The logger has PaddleHub's levels and switches."""

from __future__ import annotations

import logging

import pytest

from hub.compat.paddlehub_api.logger import logger

pytestmark = pytest.mark.unit


def test_the_logger_has_paddlehubs_levels(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        logger.train("step")
        logger.INFO("100%")
        logger.warning("%s is old", "it")
        logger.disable()
        logger.error("unheard")
        logger.enable()
    assert [(each.levelname, each.getMessage()) for each in caplog.records] == [
        ("TRAIN", "step"),
        ("INFO", "100%"),
        ("WARNING", "it is old"),
    ]
    with pytest.raises(AttributeError):
        logger.nonsense  # noqa: B018
