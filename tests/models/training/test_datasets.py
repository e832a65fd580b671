"""Which photographs there are, how they are split, and what augmentation may depend on."""

import numpy as np
import pytest
import torch
from PIL import Image

from models.images import image_tensor, normalised, open_image
from models.normalisation import IMAGENET, LITE
from models.training.augmentation import COLOUR, GEOMETRY, NUMBERS, augment, crop_matrices, erased, mix
from models.training.datasets import (
    STUDIES,
    data_folder,
    decode,
    labelled,
    list_names,
    load_split,
    make_split,
    read_list,
    with_unlabelled,
)
from models.training.recipe import Recipe, load_recipe
from models.training.sources import MemorySource, StreamSource, epoch_order

CPU = torch.device("cpu")
CALM = Recipe("calm", crop_area=1.0, aspect=1.0, native=0.0)


@pytest.fixture
def folder(tmp_path):
    """Three categories with four photographs of 60 x 40 each, and clutter that is not a category."""
    random = np.random.default_rng(0)
    for category in ("ant", "bee", "cow", "BACKGROUND_Google"):
        (tmp_path / category).mkdir()
        for number in range(4):
            pixels = random.integers(0, 256, (4, 6, 3), dtype=np.uint8).repeat(10, 0).repeat(10, 1)
            Image.fromarray(pixels).save(tmp_path / category / f"image_{number:04}.png")
    (tmp_path / "ant" / ".hidden.png").write_bytes(b"")
    (tmp_path / "ant" / "notes.txt").write_text("no photograph")
    return tmp_path


@pytest.fixture
def photographs(folder):
    return labelled(folder, list_names(folder), ["ant", "bee", "cow"])


def test_names_leave_out_clutter_and_hidden_files(folder):
    assert list_names(folder) == [f"{c}/image_{n:04}.png" for c in ("ant", "bee", "cow") for n in range(4)]


@pytest.mark.parametrize("layout", ["", "101_ObjectCategories", "caltech101/101_ObjectCategories"])
def test_data_folder_is_found_below_what_is_given(tmp_path, layout):
    (tmp_path / layout / "ant").mkdir(parents=True)
    assert data_folder(tmp_path) == tmp_path / layout


def test_missing_data_folder_says_how_to_get_one(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no data folder .*Caltech101\(FOLDER, download=True\)"):
        data_folder(tmp_path / "nowhere")


def test_split_is_fixed_by_its_seed_and_never_overlaps():
    names = [f"{c}/image_{n:04}.jpg" for c in "ab" for n in range(20)] + [f"c/{n}.jpg" for n in range(9)]
    train, test = make_split(names, 6, 10, seed=1)
    assert (train, test) == make_split(names[::-1], 6, 10, seed=1)
    assert train != make_split(names, 6, 10, seed=2)[0]
    counts = {c: (sum(n[0] == c for n in train), sum(n[0] == c for n in test)) for c in "abc"}
    assert counts == {"a": (6, 10), "b": (6, 10), "c": (6, 3)}
    assert not set(train) & set(test)
    with pytest.raises(ValueError, match="category 'c' has 9 photographs; expected more than 9"):
        make_split(names, 9)


def test_committed_split_follows_the_protocol():
    categories, train, test = (
        read_list(STUDIES / f"caltech101-{part}.txt") for part in ("categories", "train", "test")
    )
    assert len(categories) == 101
    assert "BACKGROUND_Google" not in categories
    assert {c: sum(n.startswith(f"{c}/") for n in train) for c in categories} == dict.fromkeys(categories, 30)
    tested = [sum(n.startswith(f"{c}/") for n in test) for c in categories]
    assert (min(tested), max(tested), len(test)) == (1, 50, 2945)
    assert not set(train) & set(test)
    whole = {c for c, count in zip(categories, tested, strict=True) if count < 50}  # every photograph is in a list
    drawn = make_split([name for name in train + test if name.split("/")[0] in whole])
    assert len(whole) > 50
    assert drawn == tuple([name for name in names if name.split("/")[0] in whole] for names in (train, test))


@pytest.mark.parametrize("line", ["/etc/passwd", "../secret.jpg", "ant/../../secret.jpg", "ant\\image.jpg"])
def test_lists_stay_within_the_data_folder(tmp_path, line):
    (tmp_path / "list.txt").write_text(f"ant/image_0001.png\n{line}\n")
    with pytest.raises(ValueError, match="expected category/file"):
        read_list(tmp_path / "list.txt")


def test_wrong_folder_names_what_is_missing(folder):
    recipe = load_recipe("photographs")
    with pytest.raises(
        ValueError, match=r"lacks 3030 of 3030 photographs: Faces/.* and 3025 more; expected one folder"
    ):
        load_split(folder, recipe)
    with pytest.raises(FileNotFoundError, match="no folders 'train' and 'val'"):
        load_split(folder, load_recipe("imagenet"))


def test_broken_photographs_are_listed(folder, photographs):
    for name in photographs.names[:7]:
        (folder / name).write_bytes(b"\x89PNG no more")
    with pytest.raises(
        ValueError, match=r"7 photographs in .* cannot be read: ant/image_0000.png, .* and 2 more; replace"
    ):
        list(decode(photographs, open_image))


def test_batches_depend_on_seed_epoch_and_photograph_alone(photographs):
    """Resuming in the middle of an epoch, or sharing a batch among processes, does not change any image."""
    recipe = Recipe("strong", policy="trivial", erase=0.5)
    source = MemorySource(photographs, recipe, 32, LITE, seed=3, device=CPU)
    order = epoch_order(12, 3, 7)
    whole = torch.cat([images for images, _ in source.batches(7, order.split(6))])
    parts = torch.cat(
        [images for images, _ in MemorySource(photographs, recipe, 32, LITE, 3, CPU).batches(7, order[6:].split(2))]
    )
    torch.testing.assert_close(parts, whole[6:], rtol=0, atol=1e-6)
    other = torch.cat([images for images, _ in source.batches(8, [order])])
    assert (other - whole).abs().mean() > 0.1
    assert sorted(order.tolist()) == list(range(12))


def test_labels_follow_the_order(photographs):
    rows = torch.tensor([11, 0, 5])
    ((_, labels),) = MemorySource(photographs, CALM, 32, LITE, 0, CPU).batches(0, [rows])
    assert labels.tolist() == [2, 0, 1]


def test_whole_crop_without_flip_is_the_apps_view(folder, photographs):
    """Training and testing use the same pixels of a photograph."""
    source = MemorySource(photographs, CALM, 32, LITE, 0, CPU)
    numbers = torch.full((12, NUMBERS), 0.9)
    images = augment(source.pixels, source.aspects, numbers, 32, CALM, LITE)
    expected = torch.stack([image_tensor(open_image(folder / name), "square", 32, LITE) for name in photographs.names])
    assert (images - expected).abs().mean() < 0.1 * expected.std()
    assert (images.flip(3) - expected).abs().mean() > 0.5 * expected.std()


@pytest.mark.parametrize("aspect", [0.5, 1.0, 2.0])
def test_native_crops_keep_proportions_and_stay_inside(aspect):
    recipe = Recipe("crops", crop_area=0.2, aspect=1.0, native=1.0)
    numbers = torch.rand(200, NUMBERS, generator=torch.Generator().manual_seed(0))
    numbers[:, 0] *= 0.2  # small crops, which no edge cuts
    matrices = crop_matrices(torch.full((200,), aspect), numbers, recipe)
    width, height = matrices[:, 0, 0].abs(), matrices[:, 1, 1]
    torch.testing.assert_close(width * aspect, height)
    assert (matrices[:, 0, 2].abs() + width <= 1 + 1e-6).all()
    assert (matrices[:, 1, 2].abs() + height <= 1 + 1e-6).all()
    assert 60 < (matrices[:, 0, 0] < 0).sum() < 140


def test_trivial_augment_changes_each_image_its_own_way():
    """An image's operation does not affect others in the batch: alone, the image gives the same result."""
    recipe = Recipe("trivial", crop_area=1.0, aspect=1.0, native=0.0, policy="trivial")
    kinds = len(GEOMETRY) + len(COLOUR)
    pixels = torch.randint(0, 256, (1, 3, 16, 16), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    numbers = torch.full((kinds, NUMBERS), 0.8)
    numbers[:, 6] = (torch.arange(kinds) + 0.5) / kinds
    together = augment(pixels.expand(kinds, -1, -1, -1), torch.ones(kinds), numbers, 16, recipe, IMAGENET)
    for row in range(kinds):
        alone = augment(pixels, torch.ones(1), numbers[row : row + 1], 16, recipe, IMAGENET)
        torch.testing.assert_close(together[row], alone[0], rtol=0, atol=1e-6)
    plain = augment(pixels, torch.ones(1), numbers[:1], 16, CALM, IMAGENET)[0]
    changed = [(image - plain).abs().max() > 1e-3 for image in together]
    assert not changed[0]
    assert sum(changed) >= kinds - 2  # random noise has full contrast already


def test_colour_operations_by_hand():
    image = torch.tensor([0.2, 0.4, 0.8]).view(1, 3, 1, 1).expand(1, 3, 4, 4)
    half = torch.full((1, 1, 1, 1), 0.5)
    torch.testing.assert_close(COLOUR["brightness"](image, -half), image * 0.55)
    torch.testing.assert_close(COLOUR["solarize"](image, half)[0, :, 0, 0], torch.tensor([0.2, 0.4, 0.2]))
    grey = 0.299 * 0.2 + 0.587 * 0.4 + 0.114 * 0.8
    torch.testing.assert_close(COLOUR["saturation"](image, -half)[0, 0, 0, 0], torch.tensor(grey + 0.55 * (0.2 - grey)))
    torch.testing.assert_close(COLOUR["sharpness"](image, half), image)
    levels = COLOUR["posterize"](image, torch.ones(1, 1, 1, 1))[0, :, 0, 0]
    torch.testing.assert_close(levels, torch.tensor([0.0, 1 / 3, 1.0]))


def test_erased_square_has_the_stated_size():
    numbers = torch.full((2, NUMBERS), 0.5)
    numbers[:, 9] = torch.tensor([0.1, 0.9])
    images = erased(torch.ones(2, 3, 100, 100), numbers, probability=0.5)
    assert abs((images[0] == 0).double().mean() - 0.11) < 0.01
    assert (images[1] == 1).all()


@pytest.mark.parametrize("kind", ["mixup", "cutmix"])
def test_mixed_images_hold_the_stated_share(kind):
    images = torch.eye(4).view(4, 4, 1, 1).expand(4, 4, 50, 40)[:, :3].clone() + torch.arange(4).view(4, 1, 1, 1)
    labels = torch.arange(4)
    mixed, others, own = mix(images, labels, Recipe("mixing", **{kind: 1.0}), np.random.default_rng(1))
    assert 0 < own < 1
    assert others.tolist() == [3, 0, 1, 2]
    means = own * images.mean((2, 3)) + (1 - own) * images.roll(1, 0).mean((2, 3))
    torch.testing.assert_close(mixed.mean((2, 3)), means)
    same, _, own = mix(images, labels, Recipe("mixing", mixup=1.0, mix_probability=0.0), np.random.default_rng(1))
    assert own == 1
    assert same is images


@pytest.mark.parametrize("workers", [0, 2])
def test_streamed_batches_do_not_depend_on_workers(photographs, workers):
    recipe = Recipe("stream", pipeline="stream", policy="autoaugment", crop_area=0.08)
    order = epoch_order(12, 0, 1)
    alone = torch.cat(
        [i for i, _ in StreamSource(photographs, recipe, 32, LITE, 0, CPU, 0).batches(1, order.split(12))]
    )
    shared = torch.cat(
        [i for i, _ in StreamSource(photographs, recipe, 32, LITE, 0, CPU, workers).batches(1, order.split(5))]
    )
    assert torch.equal(alone, shared)
    assert shared.shape == (12, 3, 32, 32)


@pytest.mark.parametrize("workers", [0, 1])
def test_broken_photograph_in_a_worker_is_a_sentence(folder, photographs, workers):
    (folder / "bee/image_0002.png").write_bytes(b"no photograph")
    source = StreamSource(photographs, Recipe("stream", pipeline="stream"), 32, LITE, 0, CPU, workers)
    with pytest.raises(ValueError, match=r"^photograph 'bee/image_0002.png' cannot be read; replace or remove it$"):
        list(source.batches(0, torch.arange(12).split(4)))


@pytest.mark.parametrize("normalisation", [IMAGENET, LITE])
def test_normalised_pixels_are_those_of_the_app(normalisation):
    image = Image.fromarray(np.random.default_rng(0).integers(0, 256, (8, 8, 3), dtype=np.uint8))
    pixels = torch.from_numpy(np.array(image)).permute(2, 0, 1)[None].float() / 255
    torch.testing.assert_close(normalised(pixels, normalisation)[0], image_tensor(image, "square", 8, normalisation))


@pytest.mark.parametrize("make", [MemorySource, StreamSource])
def test_batches_are_normalised_as_the_network_asks(photographs, make):
    """For the same crops of the same photographs, the result of one normalisation follows from that of another."""
    rows = [torch.arange(12)]
    options = (Recipe("both", pipeline="stream" if make is StreamSource else "memory"), 32)
    arguments = (0, CPU, 0) if make is StreamSource else (0, CPU)
    (ours, _), (theirs, _) = (
        next(make(photographs, *options, normalisation, *arguments).batches(0, rows))
        for normalisation in (LITE, IMAGENET)
    )
    std, mean = (torch.tensor(values).view(3, 1, 1) for values in (IMAGENET.std, IMAGENET.mean))
    torch.testing.assert_close(ours, normalised(theirs * std + mean, LITE), atol=1e-5, rtol=1e-5)
    assert (ours - theirs).abs().mean() > 0.1


def test_photographs_without_labels_are_shown_several_times_and_kept_once(folder, photographs, tmp_path):
    more = tmp_path / "more"
    (more / "below").mkdir(parents=True)
    for name in ("a.png", "below/b.png"):
        Image.new("RGB", (40, 30), "white").save(more / name)
    both = with_unlabelled(photographs, [more], repeat=3)
    assert both.names == photographs.names + ("more/a.png", "more/below/b.png") * 3
    assert both.labels.tolist() == photographs.labels.tolist() + [-1] * 6
    source = MemorySource(both, Recipe("plain", crop_area=1.0, aspect=1.0, native=0.0), 32, LITE, seed=0, device=CPU)
    assert len(source.pixels) == len(photographs) + 2
    alone = MemorySource(photographs, Recipe("plain", crop_area=1.0, aspect=1.0, native=0.0), 32, LITE, 0, CPU)
    assert torch.equal(source.pixels[: len(photographs)], alone.pixels)
    (images, labels), *_ = source.batches(0, [torch.tensor([len(photographs), len(both) - 1])])
    torch.testing.assert_close(images, torch.ones_like(images))  # white is (255 - 127) / 128
    assert labels.tolist() == [-1, -1]
    (more / "none").mkdir()
    with pytest.raises(ValueError, match="holds no image; give a folder of photographs"):
        with_unlabelled(photographs, [more / "none"], 1)
