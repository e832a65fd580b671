"""Find the weight file that a person names: a file, a folder, a hub's cache, or a name that is downloaded once.

``hf-hub:timm/efficientnet_b0.ra_in1k`` is a repository of the Hugging Face hub, and
``torchvision:EfficientNet_B3_Weights.IMAGENET1K_V1`` names weights of torchvision. Both are first looked for on this machine.
"""

import os
import re
import urllib.error
from collections.abc import Callable
from pathlib import Path

import torch
import torchvision

from models.checkpoints.clues import CONFIG, PREPROCESSOR
from models.checkpoints.weight_files import PICKLED, SAFETENSORS, CheckpointError, quoted

HUB, TORCHVISION = "hf-hub:", "torchvision:"
REPOSITORY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,95}/[A-Za-z0-9][A-Za-z0-9._-]{0,95}")
HUB_ADDRESS = "https://huggingface.co/{repository}/resolve/main/{file}"
USUAL = ("model.safetensors", "pytorch_model.bin")
Fetch = Callable[..., None]


def located(name: str | os.PathLike, fetch: Fetch = torch.hub.download_url_to_file) -> Path:
    """The weight file that ``name`` means.

    Args:
        name: a file, a folder with one weight file in it, a folder of the hub's cache, ``hf-hub:OWNER/NAME`` or
            ``torchvision:WEIGHTS``.
        fetch: downloads an address to a path; tests replace it.

    Raises:
        CheckpointError: the folder has no weight file or several, the name is not valid, or there is no network connection.
    """
    text = os.fspath(name)
    if text.startswith(HUB):
        return _from_hub(text.removeprefix(HUB), fetch)
    if text.startswith(TORCHVISION):
        return official_weights(text.removeprefix(TORCHVISION), fetch)
    path = Path(name)
    return _in_folder(path) if path.is_dir() else path


def official_weights(weights: str, fetch: Fetch = torch.hub.download_url_to_file) -> Path:
    """Official torchvision weights in torch.hub's folder, downloaded when missing and checked by the hash in their name.

    Raises:
        CheckpointError: torchvision has no such weights, or they cannot be downloaded.
    """
    try:
        url = torchvision.models.get_weight(weights).url
    except (AttributeError, KeyError, ValueError) as error:
        raise CheckpointError(
            f"torchvision has no weights {weights!r}; expected something like EfficientNet_B0_Weights.IMAGENET1K_V1"
        ) from error
    path = Path(torch.hub.get_dir()) / "checkpoints" / url.rsplit("/", 1)[-1]
    if not path.is_file():
        _download(url, path, fetch, hash_prefix=path.stem.rsplit("-", 1)[-1])
    return path


def _from_hub(repository: str, fetch: Fetch) -> Path:
    if not REPOSITORY.fullmatch(repository):
        raise CheckpointError(f"not the name of a hub's repository: {repository!r}; expected {HUB}OWNER/NAME")
    cache = Path(os.environ.get("HF_HUB_CACHE") or Path(os.environ.get("HF_HOME", "~/.cache/huggingface")) / "hub")
    folder = cache.expanduser() / f"models--{repository.replace('/', '--')}"
    if folder.is_dir():
        return _in_folder(folder)
    own = Path(torch.hub.get_dir()) / "checkpoints" / folder.name
    if own.is_dir() and any((own / name).is_file() for name in USUAL):
        return _in_folder(own)
    for file in (CONFIG, PREPROCESSOR):
        try:
            _download(HUB_ADDRESS.format(repository=repository, file=file), own / file, fetch)
        except CheckpointError as error:
            if not isinstance(error.__cause__, urllib.error.HTTPError) or error.__cause__.code != 404:
                raise
    _download(HUB_ADDRESS.format(repository=repository, file=USUAL[0]), own / USUAL[0], fetch)
    return own / USUAL[0]


def _download(url: str, path: Path, fetch: Fetch, hash_prefix: str | None = None) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        fetch(url, str(path), hash_prefix=hash_prefix, progress=True)
    except (urllib.error.URLError, OSError, RuntimeError) as error:
        reason = getattr(error, "reason", error)
        raise CheckpointError(
            f"cannot download {path.name} ({reason}); connect to the internet once, or put the file into {path.parent}"
        ) from error


def _in_folder(folder: Path) -> Path:
    """The one weight file of a folder; in a hub's cache, that of the current revision, which ``refs/main`` names."""
    if (folder / "snapshots").is_dir():
        main = folder / "refs" / "main"
        revision = main.read_text(encoding="utf-8").strip() if main.is_file() else ""
        revisions = sorted(path for path in (folder / "snapshots").iterdir() if path.is_dir())
        named = [path for path in revisions if path.name == revision] or revisions[-1:]
        if not named:
            raise CheckpointError("a folder of a hub's cache without any revision; download it again")
        folder = named[0]
    for name in USUAL:
        if (folder / name).is_file():
            return folder / name
    files = sorted(path for path in folder.iterdir() if path.suffix in (SAFETENSORS, *PICKLED) and path.is_file())
    if len(files) != 1:
        came = f"{len(files)} weight files, {quoted(path.name for path in files)}" if files else "no weight file"
        raise CheckpointError(f"a folder with {came}; name the .safetensors, .pth or .pt file in it")
    return files[0]
