"""Files that are not checkpoints, damaged, hostile or with false claims are refused in one sentence."""

import contextlib
import io
import json
import random
import struct
import tarfile
import zipfile

import pytest
import safetensors.torch
import torch
from torch import nn

from models.checkpoints.loading import CheckpointError, load_checkpoint
from models.checkpoints.records import RECORD
from models.scaling import Scaling

# files that are refused


def refused(path, message, **options):
    """Load a file, and expect one sentence that names it, without torch's advice to trust it."""
    with pytest.raises(CheckpointError, match=message) as caught:
        load_checkpoint(path, **options)
    text = str(caught.value)
    assert text.startswith(f"{path}: ")
    assert "\n" not in text
    assert "weights_only" not in text
    assert not text.endswith(".")


def test_missing_file(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no checkpoint at .*gone\.pth; expected"):
        load_checkpoint(tmp_path / "gone.pth")


def test_unknown_family(saved):
    with pytest.raises(ValueError, match="unknown family 'x'; choose from b, tf, tv, lite"):
        load_checkpoint(saved, family="x")


@pytest.mark.parametrize("family", ["b", "tv", "lite"])
def test_a_family_against_the_record(saved, family):
    refused(saved, f"recorded as family 'tf', but '{family}' was asked for", family=family)


def test_a_family_against_the_tensors(pickled):
    refused(
        pickled, "its blocks have squeeze-and-excitation, unlike family 'lite'; choose from b, tf, tv", family="lite"
    )


def test_a_scaling_against_the_tensors(pickled):
    refused(pickled, "not width 2 and depth 1: channels of the stem came as 16", scaling=Scaling(2.0, 1.0))


def test_a_folder_without_weights(tmp_path):
    refused(tmp_path, r"a folder with no weight file; name the \.safetensors, \.pth or \.pt file in it")


@pytest.mark.parametrize("name", ["model.txt", "model", "model.npz"])
def test_another_ending(tmp_path, name):
    (tmp_path / name).write_bytes(b"bytes")
    refused(tmp_path / name, "unknown ending .*; expected .safetensors, .pth or .pt")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("m.h5", r"a file of Keras; save its weights by name instead: safetensors\.numpy\.save_file"),
        ("m.keras", "a file of Keras"),
        ("m.tflite", "a file of TensorFlow Lite, a program"),
    ],
)
def test_files_of_other_frameworks(tmp_path, name, message):
    (tmp_path / name).write_bytes(b"bytes")
    refused(tmp_path / name, message)


@pytest.mark.parametrize("ending", ["safetensors", "pth", "pt"])
@pytest.mark.parametrize("content", [b"", b"\0", b"PK\x03\x04", b"not a checkpoint", bytes(1000), b"\x80\x02."])
def test_bytes_that_are_no_checkpoint(tmp_path, ending, content):
    path = tmp_path / f"model.{ending}"
    path.write_bytes(content)
    refused(path, "empty|not a complete|old tar format")


@pytest.mark.parametrize("source", ["saved", "pickled"])
def test_truncated_files(source, request):
    path = request.getfixturevalue(source)
    content = path.read_bytes()
    for kept in (1, 8, 100, len(content) // 2, len(content) - 1):
        path.write_bytes(content[:kept])
        refused(path, "not a complete .*; copy or download it again")


def test_truncated_file_of_the_old_format(network, tmp_path):
    path = tmp_path / "old.pth"
    torch.save(network.state_dict(), path, _use_new_zipfile_serialization=False)
    content = path.read_bytes()
    for kept in (20, 1000, len(content) // 2, len(content) - 1):
        path.write_bytes(content[:kept])
        refused(path, "not a complete file of torch.save")


@pytest.mark.parametrize("source", ["saved", "pickled"])
def test_damaged_bytes_end_in_a_network_or_in_one_sentence(source, request):
    """No other exception is raised, wherever the damage is."""
    path, generator = request.getfixturevalue(source), random.Random(0)
    content = path.read_bytes()
    for trial in range(30):
        damaged, region = bytearray(content), 3000 if trial % 2 else len(content)
        for _ in range(4):
            damaged[generator.randrange(region)] = generator.randrange(256)
        path.write_bytes(damaged)
        with contextlib.suppress(CheckpointError):
            load_checkpoint(path)


@pytest.mark.parametrize("length", [2**63, 2**40, 100_000_001])
def test_absurd_header_length(tmp_path, length):
    path = tmp_path / "model.safetensors"
    path.write_bytes(struct.pack("<Q", length) + b"{}" + bytes(1000))
    refused(path, "not a complete safetensors file")


class Payload:
    """An object that writes a file when it is unpickled."""

    def __init__(self, target):
        self.target = str(target)

    def __reduce__(self):
        return open, (self.target, "w")


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("force", ["0", "1"])
def test_a_pickled_program_is_not_run(network, tmp_path, monkeypatch, zipped, force):
    """Not even if the environment asks torch to trust every file."""
    monkeypatch.setenv("TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD", force)
    target, path = tmp_path / "written", tmp_path / "model.pth"
    content = {"state_dict": network.state_dict(), "payload": Payload(target)}
    torch.save(content, path, _use_new_zipfile_serialization=zipped)
    refused(path, r"it holds \w*\.?open, which is code and was not run; expected tensors only")
    assert not target.exists()


def test_the_old_tar_format(tmp_path):
    path = tmp_path / "model.pth"
    with tarfile.open(path, "w") as archive:
        for name in ("storages", "tensors", "pickle"):
            member = tarfile.TarInfo(name)
            member.size = 4
            archive.addfile(member, io.BytesIO(b"\x80\x02}."))
    refused(path, "the old tar format, which cannot be read safely")


@pytest.mark.filterwarnings("ignore")
def test_a_torchscript_archive(tmp_path):
    torch.jit.save(torch.jit.script(nn.Linear(2, 2)), tmp_path / "model.pt")
    refused(tmp_path / "model.pt", r"a TorchScript archive, which is a program; save the module's state_dict\(\)")


def test_a_compressed_archive(pickled):
    """torch does not compress, so a compressed entry is an attempt to use a lot of memory."""
    with zipfile.ZipFile(pickled) as archive:
        entries = {entry.filename: archive.read(entry) for entry in archive.infolist()}
    with zipfile.ZipFile(pickled, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    refused(pickled, "a compressed archive")


@pytest.mark.parametrize(
    "giants",
    [
        {"features.0.0.weight": (10**6, 10**6)},
        {"another.name": (10**6, 10**6)},
        {"classifier.1.weight": (10**9, 512), "classifier.1.bias": (10**9,)},
    ],
)
def test_a_giant_view_over_one_number(network, tmp_path, giants):
    """It is refused even if all shapes agree, as when a classifier claims a thousand million classes."""
    views = {name: torch.zeros(1).expand(shape) for name, shape in giants.items()}
    torch.save({**network.state_dict(), **views}, tmp_path / "model.pth")
    refused(
        tmp_path / "model.pth", r"its tensors claim [\d,]+ bytes of a file of [\d,]+; expected tensors stored in full"
    )


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"features.0.0.weight": None}, "not an EfficientNet in a known key style"),
        ({"features.8.0.weight": None}, r"no convolution features\.8\.0"),
        ({"features.2.0.block.0.0.weight": None}, "tensors are missing: 'features.2.0.block.0.0.weight'"),
        ({"features.9.weight": torch.zeros(1)}, "tensors that no EfficientNet of family b has: 'features.9.weight'"),
        ({"classifier.1.bias": torch.zeros(4)}, r"classifier\.1\.bias has shape \(4,\); expected \(3,\)"),
        (
            {"features.0.1.weight": torch.zeros(16, dtype=torch.int8)},
            r"features\.0\.1\.weight is int8; expected float16",
        ),
        ({"features.0.1.weight": torch.zeros(16, dtype=torch.cfloat)}, "is complex64; expected float16"),
        ({"features.0.1.weight": torch.full((16,), torch.nan)}, r"features\.0\.1\.weight holds NaN or infinity"),
        ({"features.0.1.running_var": -torch.ones(16)}, r"features\.0\.1\.running_var holds a negative variance"),
        ({"module.features.0.0.weight": torch.zeros(1)}, "2 networks, under '', 'module'; say which"),
        ({"\x1b[2J": torch.zeros(1)}, r"'\?\[2J'"),
    ],
)
@pytest.mark.parametrize("ending", ["pth", "safetensors"])
def test_tensors_that_do_not_fit(network, tmp_path, changed, message, ending):
    state = {name: value for name, value in {**network.state_dict(), **changed}.items() if value is not None}
    path = tmp_path / f"model.{ending}"
    save = torch.save if ending == "pth" else safetensors.torch.save_file
    save(state, path)
    refused(path, message)


@pytest.mark.parametrize("name", ["resnet18", "vit_b_16", "mobilenet_v2", "efficientnet_v2_s", "convnext_tiny"])
def test_another_architecture(tmp_path, name):
    torchvision = pytest.importorskip("torchvision")
    with torch.device("meta"):
        state = torchvision.models.get_model(name).state_dict()
    torch.save(
        {key: torch.zeros(like.shape, dtype=torch.float16) for key, like in state.items()}, tmp_path / "model.pth"
    )
    refused(tmp_path / "model.pth", "expected")


GOOD = {"scaling": {"width_mult": 0.4, "depth_mult": 0.3, "resolution": 96}, "family": "tf", "metadata": {}}


@pytest.mark.parametrize(
    ("record", "message"),
    [
        ("{", "a broken record in its header"),
        ("[" * 100_000, "a broken record in its header"),
        ("[]", "a broken record in its header"),
        ("{}", "a broken record in its header"),
        ({**GOOD, "scaling": {"width_mult": "1.0"}}, "width_mult is '1.0'; expected a finite number"),
        ({**GOOD, "scaling": {"width_mult": 10**400}}, "a broken record in its header"),
        ({**GOOD, "scaling": {"\x1b": 1}}, r"unexpected keyword argument '\?'"),
        ({**GOOD, "scaling": {"dropout": []}}, "a broken record in its header"),
        ({**GOOD, "scaling": None}, "a broken record in its header"),
        ({**GOOD, "family": "x"}, "unknown family 'x'"),
        ({**GOOD, "family": ["tf"]}, "a broken record in its header"),
        ({**GOOD, "metadata": []}, "metadata recorded as list; expected a dictionary"),
        ({**GOOD, "metadata": {"categories": {"0": "ant"}}}, "not a list of names"),
        ({**GOOD, "metadata": {"categories": [1, 2, 3]}}, "not a list of names"),
        ({**GOOD, "metadata": {"categories": ["ant"]}}, "1 categories recorded for 3 classes"),
        (
            {**GOOD, "scaling": {"width_mult": 2.0}},
            "not width 2 and depth 1: channels of the stem came as 16, expected 64",
        ),
        ({**GOOD, "scaling": {"width_mult": 1e300}}, "scaled more than 10 times"),
        ({**GOOD, "scaling": {**GOOD["scaling"], "resolution": 10**9}}, "expected up to 4096 pixels"),
        ({**GOOD, "family": "lite"}, "its blocks have squeeze-and-excitation, unlike family 'lite'"),
    ],
)
def test_a_record_that_is_broken_or_untrue(network, tmp_path, record, message):
    path = tmp_path / "model.safetensors"
    text = record if isinstance(record, str) else json.dumps(record)
    safetensors.torch.save_file(network.state_dict(), path, {RECORD: text})
    refused(path, message)


def test_headers_of_others_record_nothing(network, tmp_path):
    path = tmp_path / "model.safetensors"
    safetensors.torch.save_file(network.state_dict(), path, {"format": "pt"})
    assert load_checkpoint(path).metadata == {}
