"""Between pages and library: studies, networks and comparisons that outlive a rerun and are shared by all visitors.

The only place with ``st.cache_*``. Everything is keyed by content: a network by its study, key, device and the sha256
of a file that replaces its weights, an image by the sha256 of its bytes.
"""

import base64
import hashlib
import io
import json
import os
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import streamlit as st
from PIL import Image

from cam import METHODS, Comparison, compare, open_image
from cam.deletion_film import DeletionFilm, deletion_film
from cam.evaluation.shipped import shipped_evaluation
from cam.evaluation.verdicts import Verdict, verdicts
from cam.figures import save_figure
from cam.masks import InstanceMask, read_masks
from cam.pointing_game import PointingGame, play
from models import Network, Study, load_study
from models.images import view_image
from models.studies import DEFAULT_STUDY, STUDIES, StudyError

__all__ = ["DEFAULT_STUDY", "STUDIES", "Choice", "Photograph"]

SAMPLE_FOLDER = Path(__file__).parents[1] / "sample_images"
THUMBNAIL, PICTURE = 160, 960
RETRY_AFTER = 120.0  # seconds
LOOPBACK = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True)
class Photograph:
    """An image that a visitor chose: its name, the bytes of its file, their sha256; a ``sample`` came along."""

    name: str
    content: bytes
    digest: str
    sample: bool = False

    @classmethod
    def of(cls, name: str, content: bytes, sample: bool = False) -> "Photograph":
        return cls(name, content, hashlib.sha256(content).hexdigest(), sample)


class Choice(NamedTuple):
    """Which network: a variant of a study on a device, or a checkpoint in its place, with the sha256 of that file."""

    study: str
    key: str
    device: str
    checkpoint: str = ""
    digest: str = ""


@st.cache_resource(show_spinner=False)
def sample_photographs() -> dict[str, Photograph]:
    """The photographs that come with the project, by name."""
    return {
        path.stem: Photograph.of(path.stem, path.read_bytes(), True) for path in sorted(SAMPLE_FOLDER.glob("*.jpg"))
    }


@st.cache_resource(show_spinner=False)
def study_named(name: str) -> Study:
    """A study's manifest."""
    return load_study(name)


def linked_study() -> Study:
    """The study that the address bar names, or the default."""
    titles = {study_named(name).title: name for name in STUDIES}
    return study_named(titles.get(st.query_params.get("study", ""), DEFAULT_STUDY))


@st.cache_resource(max_entries=24, show_spinner=False)
def network(choice: Choice) -> Network:
    """One network, loaded once for all visitors; one that falls out of the cache lives on where it is in use."""
    study = study_named(choice.study)
    if choice.checkpoint:
        study = study.with_checkpoint(choice.key, choice.checkpoint)
    return study.load(choice.key, choice.device)


@st.cache_resource(show_spinner=False)
def _failures() -> dict[Choice, tuple[float, StudyError]]:
    """Weights that could not be downloaded, and when: they are not asked for again at every rerun."""
    return {}


def forget_failures() -> None:
    """Ask for every weight again; for a button."""
    _failures().clear()


def _network(choice: Choice) -> Network:
    """The network, or at once the error of a download that failed within the last ``RETRY_AFTER`` seconds."""
    when, error = _failures().get(choice, (-RETRY_AFTER, None))
    if error is not None and time.monotonic() - when < RETRY_AFTER:
        raise error
    try:
        return network(choice)
    except StudyError as error:
        if not choice.checkpoint and "torchvision" in study_named(choice.study).variant(choice.key).source:
            _failures()[choice] = (time.monotonic(), error)
        raise


def networks(choices: list[Choice]) -> tuple[dict[Choice, Network], dict[str, Exception]]:
    """Those networks that load, and for each key of the others why it does not."""
    loaded: dict[Choice, Network] = {}
    failed: dict[str, Exception] = {}
    with ThreadPoolExecutor(max(1, os.cpu_count() or 1)) as pool:
        for choice, result in [(choice, pool.submit(_network, choice)) for choice in choices]:
            try:
                loaded[choice] = result.result()
            except Exception as error:  # the page says the expected ones and logs the others
                failed[choice.key] = error
    return loaded, failed


@st.cache_resource(max_entries=64, show_spinner=False)
def comparison(choices: tuple[Choice, ...], digest: str, view: str, _photograph: Photograph) -> Comparison:
    """All networks on one image; other classes and methods follow from it without running them again.

    Raises:
        ImageError: the photograph cannot be decoded.
        StudyError, CheckpointError: weights that were there a moment ago are not.
    """
    chosen = {choice.key: network(choice) for choice in choices}
    image = open_image(_photograph.content, name=_photograph.name)
    return replace(compare(chosen, [image], target="own", view=view), names=[_photograph.name])


@st.cache_resource(max_entries=128, show_spinner=False)
def explained(
    choices: tuple[Choice, ...], keys: tuple[str, ...], digest: str, view: str, target: str | int, method: str,
    layer: str | None, flip: bool, _photograph: Photograph,
) -> Comparison:  # fmt: skip
    """The variants ``keys`` of a comparison with maps of this class, method and layer, without features.

    Raises:
        ValueError: the method or layer has no maps of such a target; and the errors of ``comparison``.
    """
    if layer or flip or METHODS[method].closed_form is None:
        chosen = {choice.key: network(choice) for choice in choices if choice.key in keys}
        image = open_image(_photograph.content, name=_photograph.name)
        found = compare(chosen, [image], method, target, view, layer=layer, flip=flip)
        return replace(found, names=[_photograph.name], evidence={})
    everything = comparison(choices, digest, view, _photograph)
    parts = ("variants", "maps", "logits", "class_idx", "evidence")
    selected: dict[str, Any] = {part: {key: getattr(everything, part)[key] for key in keys} for part in parts}
    shown = replace(everything, **selected)
    return replace(shown.explain(target, method), evidence={})


@st.cache_resource(max_entries=128, show_spinner=False)
def picture(digest: str, view: str, _photograph: Photograph) -> str:
    """The field of view of a photograph as large as it is worth showing, a JPEG data URL."""
    image = open_image(_photograph.content, name=_photograph.name)
    return _data_url(view_image(image, view, min(PICTURE, max(image.size))), quality=88)


@st.cache_resource(max_entries=256, show_spinner=False)
def thumbnail(digest: str, _photograph: Photograph) -> str:
    """The middle of a photograph as a small JPEG data URL."""
    return _data_url(view_image(open_image(_photograph.content), "centre", THUMBNAIL), quality=80)


@st.cache_resource(show_spinner=False)
def evaluation(study: str) -> dict[str, Any] | None:
    """The evaluation that came along with a study, stamped; None where there is none.

    Raises:
        ValueError: it cannot be read.
    """
    report = shipped_evaluation(study)
    return report and stamped(report)


def stamped(report: dict[str, Any]) -> dict[str, Any]:
    """The report with a hash of its content under ``digest``."""
    return report | {"digest": hashlib.sha256(json.dumps(report).encode()).hexdigest()}


@st.cache_resource(max_entries=64, show_spinner=False)
def judged(digest: str, rival: str | None, _report: dict[str, Any]) -> list[Verdict]:
    """The verdicts of a stamped report, against the baseline or another variant."""
    return verdicts(_report, rival)


@st.cache_resource(show_spinner=False)
def categories(study: str) -> list[str]:
    """Class names of a study, in the order of the logits.

    Raises:
        StudyError: the study lists none, and no network of it loads.
    """
    manifest = study_named(study)
    if manifest.categories is not None:
        return manifest.categories
    loaded, failed = networks([Choice(study, key, "auto") for key in manifest.variants])
    if not loaded:
        raise next(iter(failed.values()))
    return list(next(iter(loaded.values())).categories)


@st.cache_resource(show_spinner=False)
def sample_masks(study: str) -> dict[str, InstanceMask]:
    """The objects in the samples, by the sample's name; none where the study shares no label set with them."""
    try:
        return {path.stem: mask for path, mask in read_masks(SAMPLE_FOLDER, categories(study)).items()}
    except ValueError:
        return {}


def seen_class(study: str, photograph: Photograph) -> int:
    """The class that most networks of a study take a photograph for."""
    loaded, failed = networks([Choice(study, key, "auto") for key in study_named(study).variants])
    if not loaded:
        raise next(iter(failed.values()))
    seen = comparison(tuple(loaded), photograph.digest, "square", photograph).explain("shared")
    return int(next(iter(seen.class_idx.values()))[0])


@st.cache_resource(max_entries=16, show_spinner=False)
def pointing_game(
    choices: tuple[Choice, ...], digests: tuple[str, ...], kinds: tuple[tuple[int, ...], ...], layout: str, method: str,
    view: str, _photographs: tuple[Photograph, ...],
) -> PointingGame:  # fmt: skip
    """A mosaic of photographs and what the networks see in it."""
    pictures = [open_image(one.content, name=one.name) for one in _photographs]
    return play({choice.key: network(choice) for choice in choices}, pictures, kinds, layout, method, view)


@st.cache_resource(max_entries=16, show_spinner=False)
def film(choice: Choice, digest: str, method: str, view: str, _photograph: Photograph) -> DeletionFilm:
    """A photograph's pixels vanish and appear in the order of one network's map."""
    return deletion_film(network(choice), open_image(_photograph.content, name=_photograph.name), None, method, view)


def data_url(pixels: np.ndarray, quality: int = 82) -> str:
    """Pixels, uint8 (h, w, 3), as a JPEG data URL."""
    return _data_url(Image.fromarray(pixels), quality)


def _data_url(image: Image.Image, quality: int) -> str:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=quality)
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode()


@st.cache_resource(show_spinner=False)
def _checkpoint_folder() -> tempfile.TemporaryDirectory:
    """Where uploaded checkpoints lie until the server stops."""
    return tempfile.TemporaryDirectory(prefix="compound-cam-")


def keep_checkpoint(name: str, content: bytes) -> tuple[str, str]:
    """Put an uploaded checkpoint where ``Study.with_checkpoint`` can read it: its path and sha256."""
    digest = hashlib.sha256(content).hexdigest()
    path = Path(_checkpoint_folder().name, digest, Path(name).name)
    if not path.is_file():
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
    return str(path), digest


def local_checkpoint(path: str) -> tuple[str, str]:
    """A checkpoint on this machine: its path and sha256.

    Raises:
        FileNotFoundError: there is no such file.
    """
    if not Path(path).is_file():
        raise FileNotFoundError(f"there is no file {path}; check the path")
    with open(path, "rb") as file:
        return path, hashlib.file_digest(file, "sha256").hexdigest()


def serves_this_machine_only() -> bool:
    """The server listens on loopback, so that a visitor may name local files and bring checkpoints."""
    return st.get_option("server.address") in LOOPBACK


def figure_file(comparison: Comparison, suffix: str, scale: str, style: str) -> bytes:
    """The figure as the bytes of a .png, .pdf, .svg or .npz file."""
    with tempfile.TemporaryDirectory(prefix="compound-cam-") as folder:
        path = Path(folder, f"figure{suffix}")
        if suffix == ".npz":
            comparison.save(path)
        else:
            save_figure(comparison, path, scale=scale, style=style)
        return path.read_bytes()
