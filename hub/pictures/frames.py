"""The pages of a TIFF, and the frames of an animation, as Pillow reads them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from hub.checkpoint import checkpoint
from hub.errors import InvalidInputError
from hub.pictures import decode, kinds
from hub.pictures.kinds import Kind
from hub.pictures.levels import Image

if TYPE_CHECKING:
    from PIL import Image as Pillow

#: A file says how many frames it has only by listing them.
MAX_FRAMES: Final = 10_000
#: Bytes of a page for whose sake a TIFF is opened anew.
_LARGE_PAGE: Final = 1 << 25
#: Of a TIFF's page: that it is a smaller copy of another, or a mask for it.
_SUBFILE_TYPE, _COPY_OR_MASK = 254, 0b101


class Frames:
    """A file with several pages, open; they are read one at a time, in any order.

    Attributes:
        total: pages.
    """

    def __init__(
        self, data: bytes, kind: Kind, file: Pillow.Image, places: list[int], max_pixels: int
    ) -> None:
        self.total = len(places)
        self._data = data
        self._kind = kind
        self._file = file
        self._places = places
        self._max_pixels = max_pixels

    @classmethod
    def found(cls, data: bytes, kind: Kind, max_pixels: int) -> Frames | None:
        """Open a file; None where it has only one page, or Pillow does not read it.

        Raises:
            InvalidInputError: it is damaged.
        """
        file = decode.opened(data, kind)
        if file is None:
            return None
        try:
            places = _pages(file) if kind == kinds.TIFF else list(range(getattr(file, "n_frames", 1)))
        except (InvalidInputError, MemoryError):
            raise
        except Exception as error:  # a decoder raises whatever it stumbles over
            file.close()
            raise decode.damaged(kind) from error
        if 1 < len(places) <= MAX_FRAMES:
            return cls(data, kind, file, places, max_pixels)
        file.close()
        if len(places) > MAX_FRAMES:
            raise InvalidInputError(f"it has more than {MAX_FRAMES} pages")
        return None

    def read(self, number: int) -> Image:
        """Decode a page; raises InvalidInputError."""
        checkpoint()
        try:
            self._file.seek(self._places[number])
        except Exception as error:
            self._open_anew()  # it may be anywhere now
            return self._by_opencv(number, error)
        try:
            image = decode.pixels(self._file, self._max_pixels)
        except InvalidInputError:
            raise
        except Exception as error:
            self._open_anew()
            raise InvalidInputError("it is damaged or cut off") from error
        if image.size > _LARGE_PAGE and self._kind == kinds.TIFF:
            self._open_anew()  # it keeps what it has decoded, and finds small pages faster so
        return image

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _open_anew(self) -> None:
        self._file.close()
        anew = decode.opened(self._data, self._kind)
        assert anew is not None  # it was opened before
        self._file = anew

    def _by_opencv(self, number: int, error: Exception) -> Image:
        """Read a page of a TIFF in one of the variants that Pillow does not know."""
        image = decode.page_by_opencv(self._data, self._places[number]) if self._kind == kinds.TIFF else None
        if image is None:
            raise InvalidInputError("it is damaged or cut off") from error
        return image


def _pages(file: Pillow.Image) -> list[int]:
    """Return the places of a TIFF's pages, without smaller copies and masks where there are others."""
    places: list[int] = []
    others: list[int] = []
    for place in range(MAX_FRAMES + 1):
        try:
            file.seek(place)
        except EOFError:
            break
        fields = file.tag_v2  # type: ignore[attr-defined]
        is_other = int(fields.get(_SUBFILE_TYPE, 0)) & _COPY_OR_MASK
        (others if is_other else places).append(place)
    return places or others
