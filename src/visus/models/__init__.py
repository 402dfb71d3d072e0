"""Networks as plain Keras models, their description, and their ONNX graph."""
