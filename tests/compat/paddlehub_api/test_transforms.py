"""Transforms and colours give the numbers that networks trained with PaddleHub's expect."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import pytest

from hub.compat.paddlehub_api import colours, segmentation_transforms, transforms

pytestmark = pytest.mark.unit

NOISE = np.random.default_rng(0).integers(0, 256, (40, 60, 3)).astype(np.uint8)


def test_compose_resizes_crops_and_normalises_to_planes() -> None:
    mean, std = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]
    steps = [transforms.Resize((32, 24)), transforms.CenterCrop(16), transforms.Normalize(mean, std)]
    planes = transforms.Compose(steps, to_rgb=True)(NOISE)
    cut = cv2.resize(NOISE[:, :, ::-1].copy(), (32, 24))[4:20, 8:24] / 255.0
    assert planes.shape == (3, 16, 16) and planes.dtype == np.float32
    assert np.allclose(planes, ((cut - mean) / std).transpose(2, 0, 1), atol=1e-5)


@pytest.mark.parametrize(
    ("step", "shape"),
    [
        (transforms.ResizeByLong(30), (20, 30, 3)),
        (transforms.Padding((70, 50)), (50, 70, 3)),
        (transforms.Resize(8, "RANDOM"), (8, 8, 3)),
    ],
)
def test_steps_give_their_sizes(step: Any, shape: tuple[int, ...]) -> None:
    assert step(NOISE).shape == shape


@pytest.mark.parametrize("name", ["NEAREST", "LINEAR"])
def test_an_interpolation_is_opencvs_of_that_name(name: str) -> None:
    expected = cv2.resize(NOISE, (20, 10), interpolation=getattr(cv2, f"INTER_{name}"))
    assert np.array_equal(transforms.Resize((20, 10), name)(NOISE), expected)


@pytest.mark.parametrize("name", ["RandomBlur", "RandomPaddingCrop", "ResizeStepScaling"])
def test_a_training_step_is_there_and_refuses_to_run(name: str) -> None:
    steps = transforms.Compose([transforms.Resize(8), getattr(transforms, name)(0.5)])
    with pytest.raises(
        NotImplementedError, match=f"transforms.{name} changes images at random, for training"
    ):
        steps(NOISE)


@pytest.mark.parametrize(
    ("make", "error"),
    [
        (lambda: transforms.Compose([]), ValueError),
        (lambda: transforms.Compose(transforms.Resize(3)), TypeError),  # type: ignore[arg-type]
        (lambda: transforms.Resize((1, 2, 3)), ValueError),
        (lambda: transforms.Resize(3, "SOFT"), ValueError),
        (lambda: transforms.Normalize([0.0], [0.0]), ValueError),
        (lambda: transforms.Padding((10, 10))(NOISE), ValueError),
    ],
)
def test_wrong_steps_are_refused(make: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        make()


def test_lab_is_opencvs_but_for_its_scale_and_comes_back() -> None:
    lab = colours.RGB2LAB()(NOISE)
    expected = cv2.cvtColor((NOISE / 255.0).astype(np.float32), cv2.COLOR_RGB2LAB)
    assert np.allclose(lab[..., 0] * 100 + 50, expected[..., 0], atol=0.3)
    assert np.allclose(lab[..., 1:] * 110, expected[..., 1:], atol=0.5)
    back = colours.LAB2RGB()(lab.transpose(2, 0, 1)[None])
    assert np.allclose(back[0].transpose(1, 2, 0) * 255, NOISE, atol=0.05)


def test_segmentation_steps_leave_the_labels_place_empty() -> None:
    compose = segmentation_transforms.Compose(
        [segmentation_transforms.Resize((30, 20)), segmentation_transforms.Padding([32, 32])]
    )
    image, label = compose(NOISE)
    assert image.shape == (3, 32, 32)
    assert label is None


def test_a_mask_is_laid_back_onto_the_picture() -> None:
    steps = [segmentation_transforms.Resize((30, 20)), segmentation_transforms.Padding([32, 32])]
    mask = np.zeros((32, 32), np.uint8)
    mask[:20, 15:30] = 1
    found = segmentation_transforms.restored(mask, (40, 60), steps)
    assert found.shape == (40, 60) and (found[:, 30:] == 1).all() and not found[:, :30].any()


def test_the_colour_map_is_pascals() -> None:
    assert segmentation_transforms.ColorMap(256)()[:4] == [
        [128, 0, 0],
        [0, 128, 0],
        [128, 128, 0],
        [0, 0, 128],
    ]


def test_masks_are_drawn_in_colours() -> None:
    mask = np.ones((40, 60), np.uint8)
    assert segmentation_transforms.overlay(NOISE, mask).shape == NOISE.shape
    assert segmentation_transforms.palette_image(mask).getpalette()[3:6] == [0, 128, 0]
