"""Files as libraries and trainers write them: each loads with the library's own logits, or is refused.

``pytest -m slow -s tests/models/checkpoints/test_any_file.py`` prints the whole table.
"""

import json

import pytest
import safetensors.torch
import torch
from torch import nn

from models.checkpoints.loading import CheckpointError, load_checkpoint
from models.scaling import UNRECORDED
from tests.models.checkpoints.libraries import CLASSES, LIBRARIES, NARROW, WRAPPERS, made, torchvision_network


def written(library, wrapper, folder):
    """The file that such a program writes, with its configuration beside it if it has one."""
    network, _, _ = made(library)
    tensors = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    path = folder / ("model.safetensors" if wrapper == "safetensors" else "model.pth")
    if wrapper == "safetensors":
        safetensors.torch.save_file(tensors, path)
    else:
        torch.save(WRAPPERS[wrapper](network, tensors), path)
    if architecture := LIBRARIES[library].architecture:
        known = {"mean": [0.5] * 3, "std": [0.5] * 3, "input_size": [3, 288, 288]}
        names = [f"name {index}" for index in range(CLASSES)]
        config = {"architecture": architecture, "num_classes": CLASSES, "label_names": names, "pretrained_cfg": known}
        (folder / "config.json").write_text(json.dumps(config))
    return path


def check(library, wrapper, folder):
    """Load the written file, compare everything, and return its row of the table."""
    expected = LIBRARIES[library]
    checkpoint = load_checkpoint(written(library, wrapper, folder))
    assert (checkpoint.key_style, checkpoint.family) == (expected.key_style, expected.family)
    assert (checkpoint.scaling.width_mult, checkpoint.scaling.depth_mult) == expected.scaling
    assert checkpoint.scaling.resolution == (288 if expected.architecture else UNRECORDED)
    assert checkpoint.normalisation == expected.normalisation
    assert ("categories" in checkpoint.metadata) == bool(expected.architecture)
    _, pictures, logits = made(library)
    with torch.no_grad():
        off = float((checkpoint.network().double()(pictures.double()) - logits).abs().max())
    assert off < 1e-9 < 1e-6 < (logits[0] - logits[1]).abs().max()
    width, depth = expected.scaling
    return (
        f"| {library} | {wrapper} | loads | {checkpoint.family} | {checkpoint.normalisation.name} | {width:g}, {depth:g} "
        f"| {checkpoint.scaling.resolution} | {off:.0e} |"
    )


TURNS = list(zip(LIBRARIES, WRAPPERS, strict=False)) + [("torchvision", wrapper) for wrapper in list(WRAPPERS)[1:]]
TURNS += [("transformers", "student and average")]  # its classifier is beside the module with the stem


@pytest.mark.parametrize(("library", "wrapper"), TURNS)
def test_a_file_loads_as_what_it_is(library, wrapper, tmp_path):
    """Each library once, each wrapper at least once."""
    check(library, wrapper, tmp_path)


@pytest.mark.slow
def test_every_file_loads_as_what_it_is(tmp_path):
    """All libraries in all wrappers, with the table of the results."""
    rows = []
    for library in LIBRARIES:
        for wrapper in WRAPPERS:
            folder = tmp_path / f"{library} {wrapper}"
            folder.mkdir()
            rows.append(check(library, wrapper, folder))
    print("\n| library | file | | family | normalisation | width, depth | resolution | logits off |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    print("\n".join(rows))
    assert len(rows) >= 100


def saved(tensors, path):
    torch.save(tensors, path)
    return path


@pytest.mark.parametrize(
    "rename",
    [
        lambda name: name.replace("classifier.1", "classifier"),
        lambda name: name.replace("classifier.1", "fc"),
        lambda name: name.replace("classifier.1", "classifier.1.2.0"),
        lambda name: f"net.{name}".replace("net.classifier.1", "head.fc"),
    ],
)
def test_a_classifier_of_any_name(rename, tmp_path):
    network, pictures, logits = made("torchvision")
    path = saved({rename(name): tensor for name, tensor in network.state_dict().items()}, tmp_path / "model.pth")
    with torch.no_grad():
        torch.testing.assert_close(load_checkpoint(path).network().double()(pictures.double()), logits)


def test_a_classifier_without_bias(tmp_path):
    network, pictures, _ = made("torchvision")
    tensors = {name: tensor for name, tensor in network.state_dict().items() if name != "classifier.1.bias"}
    with torch.no_grad():
        expected = network.avgpool(network.features(pictures)).flatten(1) @ tensors["classifier.1.weight"].T
        found = load_checkpoint(saved(tensors, tmp_path / "model.pth")).network()(pictures)
    torch.testing.assert_close(found, expected)


def test_a_stem_of_one_channel_sees_the_picture_in_grey(tmp_path):
    """The same function of the grey picture, with the colours weighted as in Pillow."""
    network, pictures, _ = made("torchvision")
    tensors = dict(network.state_dict())
    tensors["features.0.0.weight"] = tensors["features.0.0.weight"][:, :1]
    checkpoint = load_checkpoint(saved(tensors, tmp_path / "model.pth"))
    assert checkpoint.notes == ("its stem takes one channel: it sees the picture in grey",)
    grey = (pictures * torch.tensor([0.299, 0.587, 0.114]).view(1, 3, 1, 1)).sum(1, keepdim=True)
    theirs = torchvision_network(*NARROW)
    theirs.features[0][0] = nn.Conv2d(1, len(tensors["features.0.0.weight"]), 3, 2, 1, bias=False)
    theirs.load_state_dict(tensors)
    with torch.no_grad():
        torch.testing.assert_close(checkpoint.network()(pictures), theirs.eval()(grey))


def timm_tensors(name):
    timm = pytest.importorskip("timm")
    with torch.device("meta"):
        tensors = timm.create_model(name).state_dict()
    return {key: torch.zeros(tensor.shape, dtype=tensor.dtype) for key, tensor in tensors.items()}


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("efficientnetv2_rw_t", "an EfficientNetV2"),
        ("tf_efficientnetv2_s", "an EfficientNetV2"),
        ("efficientnet_es", "an EfficientNet-EdgeTPU"),
        ("efficientnet_cc_b0_4e", "conditional convolutions"),
        ("efficientnet_b1_pruned", "a pruned EfficientNet"),
        ("efficientnet_b0_gn", "a network without BatchNorm"),
        ("resnet18", "a ResNet"),
        ("vit_tiny_patch16_224", "a vision transformer"),
    ],
)
def test_other_architectures_are_refused_by_their_name(name, message, tmp_path):
    with pytest.raises(CheckpointError, match=rf"model\.pth: .*{message}.*; expected a scaling of EfficientNet-B0"):
        load_checkpoint(saved(timm_tensors(name), tmp_path / "model.pth"))


def test_torchvisions_other_networks_are_refused_by_their_name(tmp_path):
    from torchvision.models import efficientnet_v2_s, mobilenet_v2, mobilenet_v3_small

    for build, name in (
        (efficientnet_v2_s, "an EfficientNetV2"),
        (mobilenet_v2, "a MobileNetV2"),
        (mobilenet_v3_small, "a MobileNetV3"),
    ):
        with pytest.raises(CheckpointError, match=f"{name}.*; expected a scaling of EfficientNet-B0"):
            load_checkpoint(saved(build().state_dict(), tmp_path / "model.pth"))


def with_head(tensors, names=("classifier.1", "classifier.4"), inner=16, **more):
    """A file with two linear layers of these names; the second has ``inner`` inputs, the first 16 outputs."""
    one, two = names
    tensors = {name: tensor for name, tensor in tensors.items() if "classifier" not in name}
    head = {f"{one}.weight": torch.ones(16, 320), f"{one}.bias": torch.ones(16)}
    return {**tensors, **head, **more, f"{two}.weight": torch.ones(3, inner), f"{two}.bias": torch.ones(3)}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: with_head(t, inner=8), "a head of 2 linear layers, .* that do not form a chain"),
        (
            lambda t: with_head(t, ("classifier.1", "classifier.2")),
            "'classifier.1', 'classifier.2' have nothing between",
        ),
        (
            lambda t: with_head(t, **{"classifier.3.weight": torch.ones(16)}),
            "layers beside its linear ones, 'classifier.3.weight'",
        ),
        (
            lambda t: with_head(t, **{"classifier.2.weight": torch.ones(16)}),
            "tensors that no EfficientNet of family b has: 'classifier.2.weight'",
        ),
        (
            lambda t: {**t, "features.0.0.weight": torch.ones(8, 4, 3, 3)},
            r"its stem takes 4 channels; expected .* 3 channels",
        ),
        (lambda t: {n: v for n, v in t.items() if "classifier" not in n}, "no linear classifier"),
        (
            lambda t: {**t, "attention.scale": torch.ones(3)},
            "tensors that no EfficientNet of family b has: 'attention.scale'",
        ),
    ],
)
def test_what_would_be_another_function_is_refused(change, message, tmp_path):
    tensors = change(dict(made("torchvision")[0].state_dict()))
    with pytest.raises(CheckpointError, match=message):
        load_checkpoint(saved(tensors, tmp_path / "model.pth"))
