"""Visus: a folder of pictures in, a trained, evaluated, saved model out."""

__version__ = "0.1.0"
