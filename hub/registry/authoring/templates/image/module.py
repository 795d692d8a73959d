"""Say how bright images are: ``POST /predict/NAME``."""

from __future__ import annotations

from typing import Annotated, Any

from annotated_types import Ge, Le

from hub.module import Module, moduleinfo, serving

#: Four grey pixels, as a PNG in base64.
EXAMPLE = (
    "iVBORw0KGgoAAAANSUhEUgAAAAIAAAACCAIAAAD91JpzAAAAEklEQVQI12M0NjZmYGBgYgADAAdWAJ3dFncCAAAAAElFTkSuQmCC"
)


@moduleinfo(
    name="NAME",
    version="0.1.0",
    summary="says how bright images are",
    author="",
    type="cv/example",
)
class CLASS(Module):
    def _initialize(self) -> None:
        """Load models here. Called once in each process; the arguments are the config file's init_args."""

    # images="images": files, base64 and raw bodies arrive decoded, as uint8 arrays of shape
    # (height, width, 3), BGR; what is not an image is None.
    @serving(images="images", example={"images": [EXAMPLE]})
    def predict(self, images: list[Any], digits: Annotated[int, Ge(0), Le(6)] = 2) -> list[float | None]:
        """Say the mean brightness of each image, from 0 to 1.

        Args:
            images: the images.
            digits: digits after the point.
        """
        return [None if image is None else round(float(image.mean()) / 255, digits) for image in images]
