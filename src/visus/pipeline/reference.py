"""The reference page: settings, networks, recipes, sources, from the code itself."""

from pydantic.fields import FieldInfo

from visus.auditing import CHECKS
from visus.certifying.gates import Gates
from visus.core.registry import Registry
from visus.core.settings import Settings
from visus.data.config import AugmentConfig, DataConfig
from visus.data.sources import SOURCES
from visus.evaluation.config import AnswersConfig
from visus.explanation import EXPLAINERS
from visus.exporting import EXPORTERS
from visus.models import NETWORKS
from visus.models.config import NetworkConfig
from visus.models.pretrained import BACKBONES
from visus.pipeline.config import RunConfig
from visus.serving.config import (
    EngineConfig,
    ExplainConfig,
    HttpConfig,
    ServingConfig,
)
from visus.serving.versions import Policy
from visus.tasks import TASKS
from visus.training.config import (
    AdversarialConfig,
    GroupsConfig,
    TrainingConfig,
    UnlabelledConfig,
)
from visus.training.head.config import FrozenConfig
from visus.training.recipes import RECIPES

GROUPS: tuple[tuple[str, type[Settings]], ...] = (
    ("", RunConfig),
    ("data.", DataConfig),
    ("network.", NetworkConfig),
    ("training.", TrainingConfig),
    ("training.augment.", AugmentConfig),
    ("training.unlabelled.", UnlabelledConfig),
    ("training.adversarial.", AdversarialConfig),
    ("training.groups.", GroupsConfig),
    ("frozen.", FrozenConfig),
    ("answers.", AnswersConfig),
)

SERVER_GROUPS: tuple[tuple[str, type[Settings]], ...] = (
    ("", ServingConfig),
    ("engine.", EngineConfig),
    ("http.", HttpConfig),
    ("explain.", ExplainConfig),
    ("policy.", Policy),
)


def reference_page() -> str:
    """The page as Markdown."""
    parts = ["# Reference", "", "Written by `make docs`; do not edit.", ""]
    parts += ["## Settings", "", "For `--set`, TOML files and `settings=`.", ""]
    parts += _settings(GROUPS)
    parts += ["", "### Of `visus serve`", "", "`policy` is serving.toml too.", ""]
    parts += _settings(SERVER_GROUPS)
    parts += _gates() + _registry("Tasks", TASKS)
    parts += _registry("Networks", NETWORKS)
    parts += _registry("Backbones", BACKBONES) + _registry("Sources", SOURCES)
    parts += [*_registry("Checks", CHECKS), *_part_settings("check", CHECKS)]
    parts += [*_registry("Methods of explaining", EXPLAINERS)]
    parts += _part_settings("method", EXPLAINERS)
    parts += _registry("Formats of exports", EXPORTERS)
    parts += ["", "## Recipes", "", "| name | what it is for |", "| --- | --- |"]
    parts += [f"| `{name}` | {recipe.summary} |" for name, recipe in RECIPES.items()]
    return "\n".join(parts) + "\n"


def _gates() -> list[str]:
    """A row a metric that gates.toml may name."""
    head = ["", "## Gates", "", "For `visus certify --gates`: `min`, `max` or both."]
    rows = ["", "| metric | what it is |", "| --- | --- |"]
    fields = Gates.model_fields.items()
    return [*head, *rows, *(f"| `{name}` | {f.description} |" for name, f in fields)]


def _settings(groups: tuple[tuple[str, type[Settings]], ...]) -> list[str]:
    """A row of what can be set in each of the groups."""
    rows = ["| setting | default | what it is |", "| --- | --- | --- |"]
    for prefix, group in groups:
        for name, field in group.model_fields.items():
            if field.description:
                rows.append(_row(f"{prefix}{name}", field))
    return rows


def _part_settings(kind: str, registry: Registry) -> list[str]:
    """Rows of what each part can be told, for `--set` of its verb."""
    head = f"| setting of a {kind} | default | what it is |"
    rows = ["", head, "| --- | --- | --- |"]
    for part in registry:
        for name, field in part.load().settings_class.model_fields.items():
            rows.append(_row(f"{part.name}.{name}", field))
    return rows


def _row(name: str, field: FieldInfo) -> str:
    made = field.get_default(call_default_factory=True)
    default = "required" if field.is_required() else f"`{made}`"
    return f"| `{name}` | {default} | {field.description} |"


def _registry(title: str, registry: Registry) -> list[str]:
    rows = [f"| `{part.name}` | {part.summary} |" for part in registry]
    return ["", f"## {title}", "", "| name | what it is |", "| --- | --- |", *rows]
