"""EfficientNets: how they scale, what their checkpoints hold, how their input is made.

starting.py       Ctrl-C ends a command without a traceback while it is still importing
normalisation.py  the mean and standard deviation that pixels are normalised with
outputs.py        what logits mean
out_of_class.py   photographs that show none of the classes
other_rows.py     what a classifier's other rows say, those of classes that a study has not
scaling.py        stages, multipliers and rounding, the compound rule
home.py           where the files outside the packages are
files.py          files are written whole or not at all, and read through one door
exhaustion.py     smaller batches when memory runs out
precision.py      full float32 precision and reproducible results on a GPU
gates.py          limits on how much is decoded at the same time
pulse.py          progress of a long computation, and a chance to cancel it
pixels.py         what Pillow decodes -> plain upright RGB
downloads.py      download a picture from a web address
images.py         untrusted bytes or a path -> the input of a network
views.py          a view of an image, at every size that is needed
commands.py       how every command ends: a sentence and an exit code
classifier.py     from pooled features to logits: one linear layer or several
efficientnet.py   build a network from a scaling and a family
costs.py          parameters, multiply-adds and activations of a scaled network
growth.py         grow a network: exactly, for teaching, or with nothing dead in it, for training
exact_growth.py   grow exactly: the grown network computes the same function
refit.py          grow for training: nearly the same function, with every block and channel at work
noisy_copies.py   copies of layers, with noise that lets them grow apart
placement.py      how far the cells of the last map look from their nominal centres
ridge.py          ridge regression on the outputs of layers
graphs/           networks as ONNX graphs: written, read, run
checkpoints/      read weights that any library saved, and write our own
engine.py         what runs forward passes: ONNX Runtime or PyTorch
in_memory.py      networks that another library has already loaded
network.py        a loaded network, ready to run
input_check.py    does the input look like what a network was trained on?
graph_agreement.py  does a graph compute what its network computes in PyTorch?
memory.py         how many images a pass may hold
mirror_test.py    placement, measured on photographs and their mirror images
variants.py       one network of a study before it is loaded, and where its weights are
manifest_entries.py  entries of a study's manifest
studies.py        variants under one label set, from a manifest in studies/
command_inputs.py  the networks and photographs that a command names
placement_command.py  python -m models placement
judging.py        how well photographs in and out of the classes are told apart
judge_command.py  python -m models judge
graph_command.py  python -m models onnx
liveness/         whether the blocks and channels that were added to a network do anything
training/         a recipe and photographs -> checkpoints
"""

import models.starting  # noqa: F401  # first
from models.checkpoints.loading import Checkpoint, CheckpointError, load_checkpoint, save_checkpoint
from models.efficientnet import efficientnet
from models.growth import grow
from models.images import ImageError, open_image
from models.network import Network
from models.scaling import FAMILIES, SCALINGS, Family, Scaling, compound_scaling
from models.studies import Study, StudyError, Variant, load_study

__all__ = [
    "FAMILIES",
    "SCALINGS",
    "Checkpoint",
    "CheckpointError",
    "Family",
    "ImageError",
    "Network",
    "Scaling",
    "Study",
    "StudyError",
    "Variant",
    "compound_scaling",
    "efficientnet",
    "grow",
    "load_checkpoint",
    "load_study",
    "open_image",
    "save_checkpoint",
]
