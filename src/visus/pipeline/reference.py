"""The reference page: settings, networks, recipes, sources, from the code itself."""

from pydantic.fields import FieldInfo

from visus.auditing import CHECKS
from visus.core.registry import Registry
from visus.core.settings import Settings
from visus.data.config import AugmentConfig, DataConfig
from visus.data.sources import SOURCES
from visus.evaluation.config import AnswersConfig
from visus.models import NETWORKS
from visus.models.config import NetworkConfig
from visus.models.pretrained import BACKBONES
from visus.pipeline.config import RunConfig
from visus.tasks import TASKS
from visus.training.config import TrainingConfig
from visus.training.head.config import FrozenConfig
from visus.training.recipes import RECIPES

GROUPS: tuple[tuple[str, type[Settings]], ...] = (
    ("", RunConfig),
    ("data.", DataConfig),
    ("network.", NetworkConfig),
    ("training.", TrainingConfig),
    ("training.augment.", AugmentConfig),
    ("frozen.", FrozenConfig),
    ("answers.", AnswersConfig),
)


def reference_page() -> str:
    """The page as Markdown."""
    parts = ["# Reference", "", "Written by `make docs`; do not edit.", ""]
    parts += ["## Settings", "", "For `--set`, TOML files and `settings=`.", ""]
    parts += ["| setting | default | what it is |", "| --- | --- | --- |"]
    for prefix, group in GROUPS:
        for name, field in group.model_fields.items():
            if field.description:
                parts.append(_row(f"{prefix}{name}", field))
    parts += _registry("Tasks", TASKS)
    parts += _registry("Networks", NETWORKS)
    parts += _registry("Backbones", BACKBONES) + _registry("Sources", SOURCES)
    parts += [*_registry("Checks", CHECKS), *_check_settings()]
    parts += ["", "## Recipes", "", "| name | what it is for |", "| --- | --- |"]
    parts += [f"| `{name}` | {recipe.summary} |" for name, recipe in RECIPES.items()]
    return "\n".join(parts) + "\n"


def _check_settings() -> list[str]:
    """Rows of what each check can be told, for `visus audit --set`."""
    rows = ["", "| setting of a check | default | what it is |", "| --- | --- | --- |"]
    for part in CHECKS:
        for name, field in part.load().settings_class.model_fields.items():
            rows.append(_row(f"{part.name}.{name}", field))
    return rows


def _row(name: str, field: FieldInfo) -> str:
    default = "required" if field.is_required() else f"`{field.default}`"
    return f"| `{name}` | {default} | {field.description} |"


def _registry(title: str, registry: Registry) -> list[str]:
    rows = [f"| `{part.name}` | {part.summary} |" for part in registry]
    return ["", f"## {title}", "", "| name | what it is |", "| --- | --- |", *rows]
