"""What every method of explaining must keep to, whatever it looks at."""

from pathlib import Path

import numpy as np
import pytest

from explained_networks import plain, randomised, subject_of
from visus.core.errors import ConfigError, ModelError
from visus.core.settings import Settings
from visus.explanation import EXPLAINERS
from visus.explanation.base import (
    Explainer,
    HeatMap,
    MapExplainer,
    Plates,
    Subject,
)

PARTS = list(EXPLAINERS)
MAPS = [part for part in PARTS if part.facts["gives"] == "map"]
PAGE = Path(__file__).parents[2] / "docs" / "explaining.md"
# So that a contract costs little.
QUICK = {
    "rise": {"masks": 80},
    "occlusion": {"steps": 4},
    "smooth-grad": {"copies": 3},
    "activation-maximization": {"filters": 1, "steps": 2},
}


def made(part) -> Explainer:
    kind = part.load()
    return kind(kind.settings_class(**QUICK.get(part.name, {})))


@pytest.fixture(scope="module")
def subject() -> Subject:
    return subject_of(randomised(plain()))


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.name)
def test_a_method_has_a_summary_and_described_settings_with_defaults(part):
    kind = part.load()
    assert issubclass(kind, Explainer)
    assert issubclass(kind, MapExplainer) == (part.facts["gives"] == "map")
    assert part.facts["needs"] in ("graph", "network", "pictures")
    assert 10 < len(part.summary) < 90
    assert issubclass(kind.settings_class, Settings)
    assert all(field.description for field in kind.settings_class.model_fields.values())
    kind.settings_class()


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.name)
def test_a_method_names_its_source(part):
    kind = part.load()
    assert any(character.isdigit() for character in kind.__doc__) or "noise" in (
        kind.__doc__
    )


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.name)
def test_a_method_gives_what_it_says_or_why_it_cannot(part, subject):
    try:
        found = made(part).explain(subject)
    except (ModelError, ConfigError) as error:
        assert part.name in ("attention-maps", "nearest")
        assert error.received and error.expected and error.remedy
        return
    if part.facts["gives"] == "plates":
        assert isinstance(found, Plates)
        assert all(name and plates for name, plates in found.rows)
        return
    assert isinstance(found, HeatMap)
    assert found.values.shape == subject.size
    assert found.values.dtype == np.float32
    assert np.isfinite(found.values).all()
    assert found.unit
    assert found.signed or found.values.min() >= 0


@pytest.mark.parametrize("part", MAPS, ids=lambda part: part.name)
def test_a_map_is_the_same_twice(part, subject):
    one, same = (made(part).explain(subject).values for _ in range(2))
    np.testing.assert_allclose(one, same, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("part", MAPS, ids=lambda part: part.name)
def test_methods_of_the_graph_do_without_layers_and_others_say_what_to_do(part):
    whole = subject_of(randomised(plain()))
    graph_only = Subject(whole.pixels, whole.output, whole.scores)
    if part.facts["needs"] == "graph":
        assert made(part).explain(graph_only).values.shape == whole.size
        return
    with pytest.raises(ModelError, match="--method occlusion"):
        made(part).explain(graph_only)


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.name)
def test_a_method_has_a_heading_in_the_docs_with_each_of_its_settings(part):
    page = PAGE.read_text(encoding="utf-8")
    heading = f"\n### {part.name}\n"
    assert heading in page
    section = page.split(heading)[1].split("\n#")[0]
    for name, field in part.load().settings_class.model_fields.items():
        assert f"`{part.name}.{name}`" in section
        default = field.default
        text = default if isinstance(default, str) else f"{default:g}"
        assert text in section
