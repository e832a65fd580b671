"""Graphs: networks as ONNX files, for everything that runs those: other engines, phones, browsers.

names.py      names of inputs and outputs, and ways to store weights
graph.py      a network as an ONNX graph, with tensors named as in its checkpoint
session.py    run a graph on the CPU
reading.py    untrusted bytes -> a graph and its tensors
"""
