"""Convolutions in eight bits: calibrated, per channel, within a budget of accuracy."""
