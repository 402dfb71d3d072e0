"""Predictions over gRPC: TensorFlow Serving, Open Inference Protocol, health."""
