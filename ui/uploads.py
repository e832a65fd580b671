"""Which photographs are compared: samples, uploads, the camera. The link keeps the names of samples."""

import threading
import weakref
from collections.abc import Iterable

import streamlit as st

from models import Study
from ui import session
from ui.components.picker import gallery
from ui.messages import say_later
from ui.photographs import Photograph, sample_photographs, thumbnail, without_repeats

FIRST = ("spaniels", "guitar-and-drums", "meerkats")  # for studies that name none
MOST = 12
MOST_BYTES, FILE_MEGABYTES = 96 * 2**20, 32  # of one visitor's uploads, which the server holds; of one file
MOST_OF_ALL = 2**30  # bytes of the photographs of all visitors
TYPES = ["jpg", "jpeg", "png", "webp", "gif", "bmp", "tif", "tiff", "avif", "jfif", "mpo"]

_brought: "weakref.WeakValueDictionary[int, Photograph]" = weakref.WeakValueDictionary()  # as long as a page holds them
_counting = threading.Lock()  # visitors bring photographs at the same moment


def chosen() -> list[Photograph]:
    """The photographs of this visitor, in order; at first those that the link names, or the study's first samples."""
    if "photographs" not in st.session_state:
        samples = sample_photographs()
        st.session_state.photographs = [samples[name] for name in _linked_names() if name in samples]
    return st.session_state.photographs


def first(study: Study) -> tuple[str, ...]:
    """Names of the samples that a study shows first."""
    return tuple(name for name in study.samples if name in sample_photographs()) or FIRST


def _linked_names() -> list[str]:
    """Names of samples in the link; a message tells the visitor which of them do not exist."""
    if "images" not in st.query_params:
        return list(first(session.linked_study()))
    names = [name for name in st.query_params["images"].split(",") if name][:MOST]
    unknown = [name for name in names if name not in sample_photographs()]
    if unknown:
        say_later(f"The link names photographs that do not exist here: {', '.join(unknown)}.")
    return names


def add(photographs: list[Photograph]) -> None:
    """Append photographs that are not chosen yet, each once, up to ``MOST``."""
    present = {photograph.digest for photograph in chosen()}
    new = [photograph for photograph in without_repeats(photographs) if photograph.digest not in present]
    brought = [photograph for photograph in new if not photograph.sample]
    if _size(one for one in chosen() if not one.sample) + _size(brought) > MOST_BYTES:
        say_later(
            f"More than {MOST_BYTES // 2**20} MB of photographs do not fit on the page; choose smaller or fewer ones."
        )
        return
    if not _hold(brought):
        say_later("The server holds as many photographs as it can; try again when other visitors have left.")
        return
    room = MOST - len(chosen())
    st.session_state.photographs = chosen() + new[:room]
    if len(new) > room:
        say_later(f"Only {MOST} photographs fit on the page; remove some to see others.")


def _hold(photographs: list[Photograph]) -> bool:
    """Count photographs among those that all visitors brought; False, and nothing is counted, where they do not fit."""
    with _counting:
        if _size(_brought.values()) + _size(photographs) > MOST_OF_ALL:
            return False
        _brought.update({id(one): one for one in photographs})
    return True


def _size(photographs: Iterable[Photograph]) -> int:
    """Bytes of photographs together."""
    return sum(len(one.content) for one in photographs)


def remove(digest: str) -> None:
    """Remove one photograph."""
    st.session_state.photographs = [photograph for photograph in chosen() if photograph.digest != digest]


def write_link() -> None:
    """Keep the names of the chosen samples in the address bar, unless they are the ones that the study shows first."""
    names = [photograph.name for photograph in chosen() if photograph.sample]
    if tuple(names) == first(session.linked_study()):
        st.query_params.pop("images", None)
    elif st.query_params.get("images") != ",".join(names):
        st.query_params["images"] = ",".join(names)


def picker() -> None:
    """The gallery, the uploader and the camera."""
    turn = st.session_state.setdefault("uploads", 0)  # a new key empties the uploader once its files are on the page
    file, shot = f"upload-{turn}", f"camera-{turn}"
    st.file_uploader(
        "Your photographs",
        TYPES,
        accept_multiple_files=True,
        key=file,
        on_change=_take,
        args=(file,),
        max_upload_size=FILE_MEGABYTES,
    )
    if st.toggle("Use the camera", key="camera-on"):
        st.camera_input("Camera", key=shot, on_change=_take, args=(shot,))
    st.markdown("Samples")
    samples = sample_photographs()
    thumbnails = [{"name": name, "picture": thumbnail(one.digest, one)} for name, one in samples.items()]
    gallery(thumbnails, [one.name for one in chosen() if one.sample], _toggle_sample)


def _toggle_sample() -> None:
    name = st.session_state.gallery.toggle
    photograph = sample_photographs().get(name)
    if photograph is None:
        return
    if any(one.digest == photograph.digest for one in chosen()):
        remove(photograph.digest)
    else:
        add([photograph])


def _take(key: str) -> None:
    files = st.session_state[key] or []
    add([Photograph.of(file.name, file.getvalue()) for file in (files if isinstance(files, list) else [files])])
    st.session_state.uploads += 1


def start_again() -> None:
    """Back to the samples of the first visit."""
    st.session_state.photographs = [sample_photographs()[name] for name in first(session.linked_study())]
