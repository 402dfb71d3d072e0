"""Predictions over gRPC: TensorFlow Serving, Open Inference Protocol, health."""

from visus.serving.grpc.server import GrpcListener

__all__ = ["GrpcListener"]
