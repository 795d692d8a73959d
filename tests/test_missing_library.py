"""What is said where a library of the system is missing."""

from __future__ import annotations

import pytest

from hub import missing_library

pytestmark = pytest.mark.unit

ENDING = "cannot open shared object file: No such file or directory"


@pytest.mark.parametrize(
    ("library", "said"),
    [
        ("libGL.so.1", "apt-get install libgl1, or take OpenCV without windows"),
        ("libgthread-2.0.so.0", "pip install opencv-python-headless"),
        ("libgomp.so.1", "apt-get install libgomp1"),
        ("libnobody.so.1", ""),
    ],
)
def test_the_package_that_brings_a_library_is_named(library: str, said: str) -> None:
    advice = missing_library.advice(ImportError(f"{library}: {ENDING}"))

    assert said in advice
    assert bool(said) is bool(advice)
