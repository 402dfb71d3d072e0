"""The protocols that are spoken over HTTP."""

from visus.serving.http.listener import HttpListener

__all__ = ["HttpListener"]
