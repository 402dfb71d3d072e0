"""Muon for convolutions: Keras's optimizer, with kernels taken as matrices.

Muon (Jordan et al., 2024) replaces a matrix's momentum by the nearest orthogonal one,
by Newton and Schulz's iteration; steps are scaled as in Liu et al., "Muon is Scalable
for LLM Training" (2025). Keras leaves convolution kernels to AdamW; as matrices of
(height x width x in) by out they gain the most.
"""

from typing import Any

import keras
from keras import ops

Tensor = Any


class Muon(keras.optimizers.Muon):
    """Muon on matrices and convolution kernels, AdamW on the rest."""

    def _should_use_adamw(self, variable: keras.Variable) -> bool:
        return len(variable.shape) not in (2, 4)

    def _muon_update_step(
        self, gradient: Tensor, variable: keras.Variable, lr: Tensor, m: Tensor
    ) -> None:
        self.assign_add(m, (gradient - m) * (1 - self.momentum))
        ahead = gradient + self.momentum * (m - gradient)
        matrix = ops.reshape(ahead, (-1, variable.shape[-1]))
        update = self.zeropower_via_newtonschulz5(matrix, self.ns_steps)
        step = ops.reshape(self.lr_adjust(lr * update), variable.shape)
        self.assign_sub(variable, step)
