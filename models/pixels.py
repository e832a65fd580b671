"""What Pillow decodes -> plain upright RGB: depth of grey values, transparency, colour profile, orientation."""

import io

import numpy as np
from PIL import Image, ImageChops, ImageCms, ImageOps

SENSOR_BITS = (10, 12, 14)  # of cameras and X-ray detectors, whose values are often stored in 16

_ORIENTATION, _BITS_PER_SAMPLE = 0x0112, 258  # EXIF and TIFF tags
_PLANES, _COLOUR_MAP = 284, 320  # TIFF tags


def plain_rgb(image: Image.Image) -> tuple[Image.Image, str]:
    """Upright RGB without metadata, and how values were read differently from how they are stored, in words or empty.

    Args:
        image: a decoded image of any mode.

    Raises:
        ValueError: the image has pixels that are not finite.
    """
    bits = _sensor_bits(image)
    rgb = _srgb(_opaque(_eight_bit(image)), image.info.get("icc_profile"))
    rgb.info = {}
    _turn_upright(rgb, _orientation(image))
    return rgb, f"grey values of {bits} bits in 16, stretched" if bits else ""


def check_layout(image: Image.Image) -> None:
    """Refuse two kinds of TIFF that Pillow decodes to noise or to black without an error."""
    tags = getattr(image, "tag_v2", {})
    bits = tags.get(_BITS_PER_SAMPLE, (8,))
    if tags.get(_PLANES, 1) == 2 and len(bits) > 1 and max(bits) > 8:
        raise ValueError("its colours lie in planes of 16 bits")
    colours = tags.get(_COLOUR_MAP)
    if colours and max(colours) < 256:
        raise ValueError("its colour map has 8 bits where TIFF has 16")


def _eight_bit(image: Image.Image) -> Image.Image:
    """Scale grey values of 12, 16 or 32 bits and floats to 8 bits; other images pass unchanged."""
    if image.mode != "F" and not image.mode.startswith("I"):
        return image
    values = np.asarray(image, dtype=np.float32)
    if not np.isfinite(values).all():
        raise ValueError("it has pixels that are not finite")
    stored = 12 if _stored_bits(image) == (12,) else 16
    white = 1.0 if image.mode == "F" else 2.0 ** (_sensor_bits(image) or stored) - 1
    low, high = min(0.0, float(values.min())), max(white, float(values.max()))
    scale = 255 / (high - low)
    return Image.fromarray(np.rint(values * scale - low * scale).clip(0, 255).astype(np.uint8))


def _stored_bits(image: Image.Image) -> tuple[int, ...] | None:
    return getattr(image, "tag_v2", {}).get(_BITS_PER_SAMPLE)


def _sensor_bits(image: Image.Image) -> int:
    """How many of their bits grey values use, where it is a sensor's 10, 12 or 14 of more that are stored; else 0."""
    if not image.mode.startswith("I") or _stored_bits(image) == (12,):
        return 0
    values = np.asarray(image)
    low, high = int(values.min()), int(values.max())
    return next((bits for bits in SENSOR_BITS if low >= 0 and 255 < high < 2**bits), 0)


def _opaque(image: Image.Image) -> Image.Image:
    """Composite transparency over white and expand palettes; keep the modes that an ICC profile describes."""
    if image.mode == "La":  # Pillow converts it to nothing but LA
        image = image.convert("LA")
    if image.has_transparency_data:
        image = image.convert("RGBA")
        white = Image.new("RGB", image.size, "white")
        white.paste(image, mask=image)
        return white
    if image.mode == "CMYK" and image.format in ("JPEG", "MPO") and "adobe" not in image.info:
        return ImageChops.invert(image)  # only Adobe stores inverted inks, while Pillow inverts all
    return image if image.mode in ("L", "RGB", "CMYK", "LAB") else image.convert("RGB")


def _srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """Convert to sRGB by the embedded ICC profile, or plainly to RGB where that is missing or unusable."""
    if profile:
        try:
            embedded = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
            return ImageCms.ImageCmsTransform(embedded, srgb, image.mode, "RGB").apply(image)
        except (OSError, TypeError, ValueError):
            pass  # such profiles are common, and the plain colours are close
    return image.convert("RGB")


def _turn_upright(rgb: Image.Image, orientation: int) -> None:
    """Turn an image without metadata in place; conversions lose the tag, and the block that held it may be damaged."""
    exif = rgb.getexif()
    exif[_ORIENTATION] = orientation
    ImageOps.exif_transpose(rgb, in_place=True)
    exif.pop(_ORIENTATION, None)


def _orientation(image: Image.Image) -> int:
    """Read the EXIF (or XMP) orientation, 1 to 8; a damaged block means 1, upright."""
    try:
        return image.getexif().get(_ORIENTATION, 1)
    except Exception:  # the parser raises almost anything, and the pixels are fine
        return 1
