"""A view of an image, cut at every size that is needed, so that the image itself can be freed."""

from collections.abc import Iterable
from dataclasses import dataclass

from PIL import Image

from models.images import MAX_PIXELS, Source, note_of, use_image, view_image


@dataclass(frozen=True)
class Views:
    """One view of one image.

    An image of twelve megapixels takes 36 MB, its view at the sizes of five networks 2 MB.

    Attributes:
        name: of the image.
        size: width and height of the image in pixels.
        view: one of ``VIEWS``.
        sides: side in pixels -> RGB image of (side, side), cut straight from the image.
        note: what ``note_of`` says about the image.
    """

    name: str
    size: tuple[int, int]
    view: str
    sides: dict[int, Image.Image]
    note: str = ""

    @classmethod
    def of(
        cls, source: Source, view: str, sides: Iterable[int], name: str = "", most_pixels: int = MAX_PIXELS
    ) -> "Views":
        """Open an image and cut a view of it before others are decoded; raises the errors of ``open_image``."""

        def cut(image: Image.Image) -> Views:
            cuts = {side: view_image(image, view, side) for side in sorted(set(sides))}
            return cls(name, image.size, view, cuts, note_of(image))

        if isinstance(source, Image.Image) and source.mode == "RGB" and not source.info:
            return cut(source)
        return use_image(source, cut, name or None, most_pixels)
