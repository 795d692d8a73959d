"""Words that were probably meant."""

from __future__ import annotations

import pytest

from hub.suggestion import closest, did_you_mean

pytestmark = pytest.mark.unit

KNOWN = ("ocr_det", "ocr_rec", "image_classifier")


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("ocr_dett", "ocr_det"),
        ("OCR-Rec", "ocr_rec"),
        ("Image Classifier", "image_classifier"),
        ("weather", None),
    ],
)
def test_the_nearest_known_word(word: str, meant: str | None) -> None:
    assert closest(word, KNOWN) == meant


@pytest.mark.parametrize("word", ["ocr", "OCR-", "ocr_"])
def test_all_words_that_one_is_the_beginning_of(word: str) -> None:
    assert did_you_mean(word, KNOWN) == " Did you mean ocr_det or ocr_rec?"


@pytest.mark.parametrize(("word", "known"), [("oc", KNOWN), ("key", [f"key_{n}" for n in range(9)])])
def test_a_beginning_of_nearly_everything_is_not_spelt_out(word: str, known: list[str]) -> None:
    assert " or " not in did_you_mean(word, known)


def test_a_cutoff_asks_for_more_likeness() -> None:
    assert closest("ocr", KNOWN) is not None
    assert closest("ocr", KNOWN, cutoff=0.9) is None


def test_the_sentence_is_appended_to_a_message() -> None:
    assert did_you_mean("ocr_dett", KNOWN) == " Did you mean ocr_det?"
    assert did_you_mean("weather", KNOWN) == ""
