"""Keras networks as ONNX graphs that take uint8 pixels; written by us, layer by layer.

The converters that exist elsewhere need TensorFlow's exporters and minutes of imports;
a network of known layers is a short graph, and each layer is tested against Keras.
"""

from visus.models.onnx_graph.convert import CONVERTERS, build_onnx

__all__ = ["CONVERTERS", "build_onnx"]
