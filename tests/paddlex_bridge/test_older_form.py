"""Requests in the form of PaddleX's 2024 releases."""

from __future__ import annotations

from typing import Any

import pytest

from tests.paddlex_bridge.parts import older_form

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("endpoint", "body", "today"),
    [
        ("image-classification", {"inferenceParams": {"topK": 1}}, {"topk": 1}),
        ("image-classification", {"inferenceParams": {"topK": 0}}, {"topk": 0}),  # PaddleX's to refuse
        ("image-classification", {"inferenceParams": {"topK": 1}, "topk": 3}, {"topk": 3}),
        ("image-classification", {"inferenceParams": {}}, {}),
        ("image-classification", {"inferenceParams": None}, {}),
        ("image-classification", {"inferenceParams": 5}, {}),
        ("object-detection", {"inferenceParams": {"topK": 1}}, {}),
    ],
)
def test_an_older_request_means_what_it_meant(
    endpoint: str, body: dict[str, Any], today: dict[str, Any]
) -> None:
    assert older_form.translated(endpoint, {"image": "", **body}) == {"image": "", **body, **today}
