"""EfficientNets: how they scale, what their checkpoints hold, what they take in.

starting.py       a command that is starting: Ctrl-C ends it without a traceback
normalisation.py  the mean and deviation that a network expects of its pixels
outputs.py        what its logits mean
out_of_class.py   photographs that show none of the classes
other_rows.py     what a classifier's other rows say, those of classes that a study has not
scaling.py        stages, multipliers and rounding, the compound rule
home.py           where the files are that belong to no package
files.py          files: written whole or not at all, and the one door for those from outside
exhaustion.py     memory that runs out
precision.py      float32 that is float32, the same bits every time
gates.py          limits on how much is decoded at the same time
pulse.py          between the parts of a long computation: how far it is, and a chance to end it
pixels.py         what Pillow decodes -> plain upright RGB
downloads.py      a picture from an address on the web
images.py         untrusted bytes or a path -> the pixels that networks take in
views.py          what a view shows of an image, at every size that is needed
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
in_memory.py      networks of other libraries that are in memory already
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
