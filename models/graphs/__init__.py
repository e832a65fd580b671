"""Graphs: networks as ONNX files, for whatever runs those: other engines, phones, browsers.

names.py      inputs, outputs and ways to store weights
graph.py      a network as an ONNX graph, its tensors named as those of its checkpoint
session.py    run a graph on the CPU
reading.py    untrusted bytes -> a graph and its tensors
"""
