"""Checkpoints: read the weights of an EfficientNet from a file of any origin, and write our own.

pickled_calls.py  which calls in a pickle are refused before they are made
pickles.py        pickles, followed opcode by opcode before they are loaded
archives.py       archives and older files of torch, checked before torch reads them
weight_files.py   untrusted bytes -> tensors whose values are not read yet
placeholders.py   inert stand-ins for everything that a pickle names beside tensors
label_sets.py     several label sets in one classifier
records.py        what this project writes into a header
clues.py          clues beside a file: a configuration, names
hubs.py           from a name to a file: folders, caches, downloads
state_dicts.py    where in a file the network is
keras_weights.py  Keras' names and axes -> PyTorch's
key_styles.py     names of parameters -> torchvision's
heads.py          the classifier, under any of the names that libraries give it
stems.py          stems with one input channel, for grey pictures
strangers.py      recognises networks that are not scalings of EfficientNet-B0, to refuse them by name
padding_check.py  which of two families the BatchNorm statistics fit
recognition.py    what tensors tell about their network: its scaling, and whether they fit
apart.py          reads visitors' pickles in a separate process
families.py       which family a network belongs to: by key style, clues and statistics
checkpoint.py     weights and what is known about them; the network they make
graph_files.py    ONNX graphs of this project as checkpoints
loading.py        load and save a checkpoint
description.py    what was found, for people
"""
