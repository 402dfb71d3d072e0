"""Traits of pictures, tables of costs, and views of a bundle."""

import numpy as np
import pytest

from visus.core.errors import ConfigError
from visus.data.views import VIEWS, views_of
from visus.pipeline.deeper import read_costs
from visus.pipeline.traits import quarters


def test_quarters_hold_a_quarter_each():
    values = np.random.default_rng(0).permutation(100) / 100
    names = quarters(values)
    counts = {name: names.count(name) for name in set(names)}
    assert len(counts) == 4 and set(counts.values()) <= {24, 25, 26}
    for value, name in zip(values, names, strict=True):
        low, high = map(float, name.split(" to "))
        assert low - 0.006 <= value <= high + 0.006
    assert set(quarters(np.ones(9))) == {""}
    assert len(set(quarters(np.repeat([0.0, 1.0], 50)))) <= 2


def test_costs_are_read_or_refused(tmp_path):
    path = tmp_path / "costs.csv"
    path.write_text("is,cat,dog\ncat,0,1\ndog,20,0\n")
    assert read_costs(path, ("cat", "dog")).matrix.tolist() == [[0, 1], [20, 0]]
    for text in ("", "is,cat\ncat,zero\n", "is,cat\ncat,1,2\n"):
        path.write_text(text)
        with pytest.raises(ConfigError, match="table of costs"):
            read_costs(path, ("cat", "dog"))
    with pytest.raises(ConfigError, match="table of costs: No such file"):
        read_costs(tmp_path / "none.csv", ("cat", "dog"))


def test_views_begin_with_the_picture_as_it_is():
    pixels = np.arange(2 * 16 * 8, dtype=np.uint8).reshape(2, 16, 8, 1)
    for name in VIEWS:
        views = list(views_of(pixels, name))
        np.testing.assert_array_equal(views[0], pixels)
        assert all(view.shape == pixels.shape for view in views)
    _, mirrored = views_of(pixels, "flip")
    np.testing.assert_array_equal(mirrored, pixels[:, :, ::-1])
    _, down, up, *_ = views_of(pixels, "shifts")
    np.testing.assert_array_equal(down[:, 1:], pixels[:, :-1])
    np.testing.assert_array_equal(up[:, :-1], pixels[:, 1:])
    with pytest.raises(ConfigError, match="flip"):
        views_of(pixels, "flipp")
