"""Takes images decoded and says what it sees; tells a picture that could not be read as None."""

from hub.module import Module, moduleinfo, serving


@moduleinfo(name="look", version="1.0.0")
class Look(Module):
    @serving(images=["images", "mask"])
    def look(self, images, mask=None, label=""):
        return {"seen": [seen(image) for image in images], "mask": seen(mask), "label": label}


def seen(image):
    """Height, width, channels, and the top left pixel (blue, green, red)."""
    if image is None:
        return None
    return {"shape": list(image.shape), "type": str(image.dtype), "corner": image[0, 0].tolist()}
