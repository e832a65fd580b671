"""Teacher, probe and kept statistics, each compared with a plain way to compute the same."""

import copy

import pytest
import torch
import torch.nn.functional as F

from models import Scaling, save_checkpoint
from models.checkpoints.loading import load_checkpoint
from models.images import denormalised, normalised
from models.normalisation import IMAGENET, LITE
from models.training.kept_batchnorm import keep_batchnorm
from models.training.lineage import draw
from models.training.objectives import answers_loss
from models.training.probe import fit_probe
from models.training.teacher import Teacher, quick_in_bfloat16

CPU = torch.device("cpu")
SMALL = Scaling(0.25, 0.5, 64)


def photographs(count=4, side=64, seed=0):
    return torch.rand(count, 3, side, side, generator=torch.Generator().manual_seed(seed))


def lively(network, seed=0):
    """A network with BatchNorm statistics of images and random BatchNorm weights, so that its output depends on the images."""
    generator = torch.Generator().manual_seed(seed)
    norms = [module for module in network.modules() if isinstance(module, torch.nn.BatchNorm2d)]
    for norm in norms:
        norm.momentum = None
        torch.nn.init.uniform_(norm.weight, 0.7, 1.5, generator=generator)
        torch.nn.init.uniform_(norm.bias, -0.3, 0.7, generator=generator)
    with torch.no_grad():
        network.train()(normalised(photographs(16, 96, 5), LITE))
    torch.nn.init.normal_(network.classifier[-1].weight, 0, 1, generator=generator)
    return network


@pytest.mark.parametrize("normalisation", [LITE, IMAGENET])
def test_teacher_answers_what_the_network_itself_answers(tmp_path, monkeypatch, normalisation):
    """Images prepared for a student are converted to the teacher's own input."""
    monkeypatch.setattr("models.training.teacher.quick_in_bfloat16", lambda device: False)
    path = tmp_path / "teacher.safetensors"
    network = lively(draw(SMALL, 7, "lite", 0)).eval()
    save_checkpoint(path, network, scaling=SMALL, family="lite", normalisation=normalisation)
    teacher, pixels = Teacher(load_checkpoint(path), 64, LITE, CPU), photographs()
    with torch.no_grad():
        expected = F.log_softmax(network(normalised(pixels, normalisation)), 1)
    torch.testing.assert_close(teacher(normalised(pixels, LITE)), expected, rtol=1e-3, atol=1e-4)
    assert expected.exp().std(0).max() > 1e-3  # the output depends on the images
    resized = F.interpolate(photographs(side=96), (64, 64), mode="bilinear", antialias=True, align_corners=False)
    with torch.no_grad():
        smaller = F.log_softmax(network(normalised(resized, normalisation)), 1)
    torch.testing.assert_close(teacher(normalised(photographs(side=96), LITE)), smaller, rtol=1e-3, atol=1e-4)


def test_bfloat16_is_only_a_faster_way():
    assert quick_in_bfloat16(CPU) in (True, False)
    assert not quick_in_bfloat16(torch.device("mps"))


def test_answers_loss_is_the_divergence():
    logits, answers = torch.randn(2, 3, 5, generator=torch.Generator().manual_seed(0))
    p = answers.softmax(1)
    expected = (p * (p.log() - logits.softmax(1).log())).sum(1).mean()
    torch.testing.assert_close(answers_loss(logits, answers.log_softmax(1)), expected)
    torch.testing.assert_close(answers_loss(answers, answers.log_softmax(1)), torch.tensor(0.0), atol=1e-6, rtol=0)


@pytest.mark.parametrize("family", ["lite", "b", "tf"])
def test_kept_statistics_give_the_function_and_gradients_of_evaluation(family):
    """Also, a batch in parts gives the gradients of the whole batch, which would not hold with measured statistics."""
    plain = lively(draw(SMALL, 7, family, 0)).double().eval()
    kept = copy.deepcopy(plain)
    keep_batchnorm(kept)
    for module in kept.train().modules():
        if isinstance(module, torch.nn.Dropout) or type(module).__name__ == "StochasticDepth":
            module.p = 0.0
    images, labels = normalised(photographs(), LITE).double(), torch.arange(4)
    F.cross_entropy(plain(images), labels).backward()
    for rows in torch.arange(4).split(1):
        (F.cross_entropy(kept(images[rows]), labels[rows]) / 4).backward()
    torch.testing.assert_close(kept(images), plain(images), rtol=1e-9, atol=1e-12)
    assert kept.state_dict().keys() == plain.state_dict().keys()
    for (name, first), second in zip(plain.named_parameters(), kept.parameters(), strict=True):
        scale = first.grad.abs().max().clamp(min=1e-6)
        assert (first.grad - second.grad).abs().max() < 1e-8 * scale, name
    for name, tensor in kept.named_buffers():
        assert torch.equal(tensor, dict(plain.named_buffers())[name]), name


def test_probe_is_at_the_minimum_of_what_it_minimises():
    """At the result, the gradient by automatic differentiation vanishes; the features may have any scale."""
    generator = torch.Generator().manual_seed(0)
    labels = torch.arange(90) % 3
    features = 40 + 5 * (torch.randn(90, 8, generator=generator) + F.one_hot(labels, 8))
    weight, bias = fit_probe(features, labels, 3, penalty=1e-2)
    assert ((features @ weight.T + bias).argmax(1) == labels).float().mean() > 0.75
    mean, scale = features.double().mean(0), features.double().std(0).mean()
    scaled = (weight.double() * scale).requires_grad_()
    loss = F.cross_entropy(
        (features.double() - mean) / scale @ scaled.T + bias.double() + mean @ weight.double().T, labels
    )
    (loss + 1e-2 * scaled.square().sum()).backward()
    assert scaled.grad.abs().max() < 1e-3


def test_denormalised_is_the_inverse():
    pixels = photographs(1)
    torch.testing.assert_close(denormalised(normalised(pixels, LITE), LITE), pixels, rtol=1e-5, atol=1e-6)
