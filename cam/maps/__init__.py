"""Maps: from features of a network to raw class activation maps, and where their cells look.

closed_forms.py     one forward pass: maps at the last convolution, resampling, mirroring
gradients.py        maps at any layer from its features and gradients
channel_masking.py  methods that mask one channel after another
methods.py          METHODS, every method by name
parts.py            one map as a sum over channels
cells.py            where the cells of a map lie, and coarser common grids
fullgrad.py         FullGrad, from the gradients of the input and every bias
layers.py           maps for which the network must be run
targets.py          which class a map explains
"""
