"""Gradients of logits against finite differences; what is shared out adds up."""

import re
from dataclasses import replace

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter1d

from explained_networks import subject_of
from visus.explanation.base import NoSettings
from visus.explanation.input_gradients import InputGradients
from visus.explanation.integrated_gradients import (
    IntegratedGradients,
    IntegratedGradientsSettings,
)
from visus.explanation.smooth_grad import SmoothGrad, SmoothGradSettings


def test_logits_are_the_scores_before_their_last_activation(network):
    subject = subject_of(network)
    opened = subject.network()
    pixels = subject.pixels[np.newaxis]
    logits = opened.logits(opened.images(pixels))
    if network.name == "sequential":
        scores = 1 / (1 + np.exp(-logits))
    else:
        powers = np.exp(logits - logits.max())
        scores = powers / powers.sum()
    np.testing.assert_allclose(scores, subject.scores(pixels), atol=1e-5)


def test_input_gradients_are_those_of_finite_differences(network):
    subject = subject_of(network)
    opened = subject.network()
    image = opened.images(subject.pixels[np.newaxis])
    values = InputGradients(NoSettings()).explain(subject).values
    step = 0.5 if network.name == "sequential" else 2e-3
    draws = np.random.default_rng(1)
    for row, column in draws.integers(2, 9, (5, 2)):
        slopes = []
        for channel in range(image.shape[3]):
            nudged = np.concatenate([image, image])
            nudged[0, row, column, channel] += step
            nudged[1, row, column, channel] -= step
            high, low = opened.logits(nudged)[:, subject.output]
            slopes.append(abs(high - low) / (2 * step))
        assert values[row, column] == pytest.approx(max(slopes), rel=0.05, abs=2e-3)


@pytest.mark.parametrize("fill", ["mean", "black"])
def test_integrated_gradients_are_complete_within_one_percent(network, fill):
    subject = subject_of(network)
    opened = subject.network()
    method = IntegratedGradients(IntegratedGradientsSettings(fill=fill))
    parts = method.explain(subject)
    empty = np.zeros_like(subject.pixels)
    if fill == "mean":
        empty += subject.pixels.mean(axis=(0, 1)).round().astype(np.uint8)
    pixels = np.stack([empty, subject.pixels])
    empty, full = opened.logits(opened.images(pixels))[:, subject.output]
    missed = abs(parts.values.sum(dtype=np.float64) - (full - empty))
    assert missed <= 0.01 * abs(full - empty)
    assert parts.signed
    assert "add up to" in parts.notes[0]


def test_parts_are_shared_out_and_their_sum_stays(network):
    subject = subject_of(network)
    plain, spread = (
        IntegratedGradients(IntegratedGradientsSettings(spread=share))
        .explain(subject)
        .values
        for share in (0, 0.1)
    )
    expected = gaussian_filter1d(plain, 0.1 * plain.shape[0], axis=0)
    expected = gaussian_filter1d(expected, 0.1 * plain.shape[1], axis=1)
    np.testing.assert_allclose(spread, expected, atol=2e-3 * np.abs(plain).max())
    assert spread.sum() == pytest.approx(plain.sum(), rel=1e-3)


def test_too_few_steps_are_told(network):
    subject = subject_of(network)
    settings = IntegratedGradientsSettings(steps=2, most_steps=2)
    found = IntegratedGradients(settings).explain(subject)
    complete = "missed" not in found.notes[0]
    told = float(re.search(r"one, is (\S+) \(", found.notes[0]).group(1))
    sum_ = float(found.values.sum(dtype=np.float64))
    assert complete == (abs(sum_ - told) <= 0.0101 * max(abs(told), 0.05))


def test_a_rough_map_takes_no_further_steps(network):
    method = IntegratedGradients(IntegratedGradientsSettings(steps=8))
    found = method.rough().explain(subject_of(network))
    assert "(8 steps)" in found.notes[0]


def test_without_noise_smooth_grad_is_the_input_gradient(network):
    subject = subject_of(network)
    smooth = SmoothGrad(SmoothGradSettings(copies=3, noise=0)).explain(subject)
    plain = InputGradients(NoSettings()).explain(subject)
    np.testing.assert_allclose(smooth.values, plain.values, rtol=1e-4, atol=1e-6)


def test_the_same_seed_draws_the_same_noise(network):
    subject = subject_of(network)
    method = SmoothGrad(SmoothGradSettings(copies=4))
    one, same = (method.explain(subject).values for _ in range(2))
    other = method.explain(replace(subject, seed=1)).values
    assert (one == same).all()
    assert (one != other).any()
