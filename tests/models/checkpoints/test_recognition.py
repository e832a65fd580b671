"""What the shapes of the tensors alone tell about a network."""

import pytest
import torch

from models.checkpoints.clues import Clues
from models.checkpoints.families import recognised_family
from models.checkpoints.recognition import (
    check_plain,
    check_scaling,
    check_values,
    fitted,
    observed_widths,
    recognised_scaling,
)
from models.checkpoints.weight_files import CheckpointError
from models.efficientnet import meta_network
from models.scaling import FAMILIES, SCALINGS, Scaling, compound_scaling, scaled_widths
from models.studies import load_study

SMALL = Scaling(0.25, 0.3)


def shapes(scaling=SMALL, family="b", classes=5):
    return meta_network(scaling, classes, family).state_dict()


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("scaling", [SMALL, SCALINGS["b0"], SCALINGS["b2"], Scaling(1.1, 4.0)])
def test_widths_are_read_off_the_shapes(scaling, family):
    assert observed_widths(shapes(scaling, family)) == scaled_widths(scaling, family)


@pytest.mark.parametrize("family", ["b", "lite"])
@pytest.mark.parametrize("name", SCALINGS)
def test_every_named_scaling_is_recognised(name, family):
    """Where two names have the same tensors, the first is found: B0 and higher resolution, B3 and the compound model."""
    first = {"resolution": "b0", "compound": "b3"}.get(name, name)
    found = recognised_scaling(scaled_widths(SCALINGS[name], family), family)
    assert (found.width_mult, found.depth_mult) == (SCALINGS[first].width_mult, SCALINGS[first].depth_mult)
    assert (found.resolution, found.dropout) == ("unrecorded", SCALINGS[first].dropout)


@pytest.mark.parametrize(("width", "depth"), [(2.2, 3.6), (4.3, 5.3), (1.0, 4.5), (0.35, 0.3), (1.21, 1.0), (3.0, 8.0)])
def test_the_simplest_multipliers_are_found(width, depth):
    """B8, L2, the FLOP-matched deeper network, a tiny one, phi = 2 in width: no shorter decimal fits the tensors."""
    widths = scaled_widths(Scaling(width, depth))
    found = recognised_scaling(widths, "b")
    assert scaled_widths(found) == widths
    assert len(str(found.width_mult)) <= len(str(width))
    assert len(str(found.depth_mult)) <= len(str(depth))


@pytest.mark.parametrize(("width", "depth"), [(1.0, 2.0), (1.0, 8.0), (3.0, 1.0), (2.0, 3.0)])
def test_whole_multipliers_are_found_where_they_fit(width, depth):
    """Not 1.8 instead of 2.0: by rounding up, both give the same tensors."""
    found = recognised_scaling(scaled_widths(Scaling(width, depth)), "b")
    assert (found.width_mult, found.depth_mult) == (width, depth)


@pytest.mark.parametrize("phi", [0.5, 1, 2.5, 4, 6])
def test_recognised_tensors_are_the_compound_rules(phi):
    widths = scaled_widths(compound_scaling(phi))
    assert scaled_widths(recognised_scaling(widths, "b")) == widths


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"stem": 40}, "channels of the stem came as 40, expected 32"),
        ({"stages": (16, 24, 48, 80, 112, 192, 320)}, "channels of stage 3 came as 48, expected 40"),
        ({"layers": (1, 2, 2, 3, 5, 4, 1)}, "layers of stage 5 came as 5, expected 3"),
        ({"stages": (16, 24, 40, 80, 112, 192, 4000)}, "scaled more than 10 times"),
        ({"layers": (1, 2, 2, 3, 3, 90, 1)}, "scaled more than 10 times"),
    ],
)
def test_other_channels_and_layers_are_refused_where_they_differ(changed, message):
    with pytest.raises(CheckpointError, match=message):
        recognised_scaling(scaled_widths(SCALINGS["b0"])._replace(**changed), "b")


def clue(architecture):
    return Clues(architecture, f"config.json says {architecture}") if architecture else Clues()


@pytest.mark.parametrize(
    ("scaling", "family", "key_style", "architecture", "expected"),
    [
        ("b0", "b", "torchvision", "", "b"),
        ("b5", "b", "torchvision", "", "tv"),
        ("depth", "b", "torchvision", "", "b"),
        ("b0", "b", "timm", "efficientnet_b0", "b"),
        ("b0", "b", "timm", "tf_efficientnet_b0.in1k", "tf"),
        ("b0", "b", "efficientnet_pytorch", "", "tf"),
        ("b0", "b", "efficientnet_pytorch", "efficientnet_b0", "tf"),
        ("b0", "b", "transformers", "", "tf"),
        ("b0", "b", "keras", "", "tf"),
        ("b0", "b", "nvidia", "", "tv"),
        ("b0", "lite", "timm", "tf_efficientnet_lite0", "lite"),
        ("b0", "lite", "timm", "efficientnet_lite0.ra_in1k", "lite-b"),
        ("b0", "lite", "efficientnet_pytorch", "", "lite"),
    ],
)
def test_family_by_gates_key_style_and_clues(scaling, family, key_style, architecture, expected):
    found, origin = recognised_family(shapes(SCALINGS[scaling], family), key_style, clue(architecture))
    assert found == expected
    assert origin == (f"config.json says {architecture}" if key_style == "timm" else f"as {key_style} builds them")


@pytest.mark.parametrize(
    ("architecture", "family"),
    [
        ("", "b"),
        ("efficientnet_lite0", "b"),  # its blocks have gates
        ("tf_efficientnet_b4", "b"),  # its channels are B0's
        ("", "lite"),
        ("efficientnet_b0", "lite"),
    ],
)
def test_timms_networks_that_nothing_tells_apart_are_refused(architecture, family):
    """Untrained weights have no statistics of photographs, and a clue that contradicts the tensors does not count."""
    tensors = {
        n: torch.zeros(t.shape) if t.is_floating_point() else torch.tensor(0) for n, t in shapes(SMALL, family).items()
    }
    tensors |= {n: torch.ones_like(t) for n, t in tensors.items() if n.endswith("running_var")}
    with pytest.raises(CheckpointError, match="nothing beside the file says which it is; give the family, "):
        recognised_family(tensors, "timm", clue(architecture))


def test_statistics_tell_timms_paddings_apart():
    """Google's own Lite0 has BatchNorm statistics of photographs padded as in TensorFlow."""
    tensors = load_study("lite").variants["lite0"].checkpoint().state_dict
    found, origin = recognised_family(tensors, "timm", Clues())
    assert found == "lite"
    assert origin.startswith("its BatchNorms' statistics fit the sample photographs best this way, 0.0")


@pytest.mark.parametrize(
    ("scaling", "message"),
    [
        (Scaling(2.0, 1.0), "not width 2 and depth 1: channels of the stem came as 32, expected 64"),
        (Scaling(1.0, 4.0), "not width 1 and depth 4: layers of stage 1 came as 1, expected 4"),
        (Scaling(1e300, 1.0), "scaled more than 10 times"),
        (Scaling(1.0, 1.0, 100_000), "resolution 100000; expected up to 4096 pixels"),
    ],
)
def test_a_scaling_that_is_not_the_tensors_is_refused(scaling, message):
    with pytest.raises(CheckpointError, match=message):
        check_scaling(scaled_widths(SCALINGS["b0"]), scaling, "b")


def real(**changed):
    """A small state dict on a real device, not meta, in which the named tensors are replaced (``None``: removed)."""
    tensors = {name: torch.zeros(like.shape, dtype=like.dtype) for name, like in shapes().items()}
    return {name: tensor for name, tensor in {**tensors, **changed}.items() if tensor is not None}


CONV, VAR, WEIGHT, BIAS = (
    "features.2.0.block.0.0.weight",
    "features.0.1.running_var",
    "classifier.1.weight",
    "classifier.1.bias",
)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({CONV: None}, f"tensors are missing: '{CONV}'; expected a whole network"),
        ({CONV: None, VAR: None, BIAS: None, "features.0.1.bias": None}, "missing: .* and 1 more"),
        ({"fc.bias": torch.zeros(2)}, "tensors that no EfficientNet of family b has: 'fc.bias'"),
        ({BIAS: torch.zeros(6)}, r"classifier.1.bias has shape \(6,\); expected \(5,\)"),
        ({WEIGHT: torch.zeros(5, 8)}, r"classifier.1.weight has shape \(5, 8\); expected \(5, 320\)"),
        ({WEIGHT: None}, "no linear classifier"),
        ({WEIGHT: torch.zeros(0, 320)}, "no linear classifier"),
        ({VAR: torch.zeros(8, dtype=torch.int8)}, "running_var is int8; expected float16, bfloat16, float32, float64"),
        ({VAR: torch.zeros(8, dtype=torch.complex64)}, "running_var is complex64; expected"),
        ({"features.0.1.num_batches_tracked": torch.tensor(1.0)}, "tracked is float32; expected int64, int32"),
    ],
)
def test_tensors_that_do_not_fit_are_named(changed, message):
    with pytest.raises(CheckpointError, match=message):
        fitted(real(**changed), SMALL, "b")


def test_absent_batchnorm_counters_start_at_zero():
    tensors = {name: tensor for name, tensor in real().items() if not name.endswith("num_batches_tracked")}
    found = fitted(tensors, SMALL, "b")
    assert list(found) == list(shapes())
    assert found["features.0.1.num_batches_tracked"] == 0


@pytest.mark.parametrize("stage", ["features.0.0", "features.3.0.block.3.0", "features.8.0"])
def test_a_missing_stage_is_named(stage):
    with pytest.raises(CheckpointError, match=f"no convolution {stage}"):
        observed_widths(real(**{f"{stage}.weight": None}))


@pytest.mark.parametrize("tensor", [torch.eye(4).to_sparse(), torch.zeros(2, device="meta")])
def test_tensors_that_are_not_plain_are_refused(tensor):
    with pytest.raises(CheckpointError, match=r"sparse, nested, quantised or empty tensors \('a'\)"):
        check_plain({"a": tensor}, 1000)


def test_a_view_may_not_claim_more_than_the_file_holds():
    with pytest.raises(CheckpointError, match="claim 4,000,000,000,000 bytes of a file of 1,000"):
        check_plain({"a": torch.zeros(1).expand(10**6, 10**6)}, 1000)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        (CONV, float("nan"), f"{CONV} holds NaN or infinity"),
        (BIAS, float("inf"), f"{BIAS} holds NaN or infinity"),
        (VAR, -0.1, f"{VAR} holds a negative variance"),
    ],
)
def test_values_that_no_training_ends_with_are_named(name, value, message):
    tensors = real()
    tensors[name].view(-1)[-1] = value
    with pytest.raises(CheckpointError, match=message):
        check_values(tensors)
