"""How settings are read: frozen models, TOML, `--set a.b=value`, no silent typos."""

import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from visus.core.errors import ConfigError, nearest_names

AnySettings = TypeVar("AnySettings", bound="Settings")


class Settings(BaseModel):
    """Base of every group of settings: frozen, and unknown keys are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)


def read_settings(
    kind: type[AnySettings], values: Mapping[str, Any], place: str = ""
) -> AnySettings:
    """Build settings from nested values, wording every mistake for a person.

    Args:
        kind: the settings class to build.
        values: nested mappings as TOML gives them.
        place: dotted prefix for messages, such as "network".

    Raises:
        ConfigError: a key is unknown (the nearest is named) or a value does not fit.
    """
    try:
        return kind.model_validate(dict(values))
    except ValidationError as error:
        raise _config_error(kind, error, place) from error


def read_toml(path: Path) -> dict[str, Any]:
    """The tables of a TOML file; `ConfigError` when it is missing or malformed."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(
            received=f"{path} cannot be read as TOML: "
            f"{getattr(error, 'strerror', None) or error}.",
            expected="a UTF-8 TOML file with [data], [network] and [training] tables.",
            remedy="Correct that line, or start from the config.toml of a run folder.",
        ) from error


def parse_overrides(assignments: Sequence[str]) -> dict[str, Any]:
    """Turn `a.b=value` words into nested values; values read as TOML, else as text.

    Example:
        >>> parse_overrides(["training.epochs=5", "network.pooling=max"])
        {'training': {'epochs': 5}, 'network': {'pooling': 'max'}}
    """
    nested: dict[str, Any] = {}
    for assignment in assignments:
        key, equals, text = assignment.partition("=")
        if not equals or not all(key.strip().split(".")):
            raise ConfigError(
                received=f"--set {assignment!r}.",
                expected="a dotted name and a value, such as training.epochs=5.",
                remedy="Write name=value without spaces around the equals sign.",
            )
        words = key.strip().split(".")
        merge_into(nested, _nest(words, _toml_value(text.strip())))
    return nested


def merge_into(base: dict[str, Any], update: Mapping[str, Any]) -> dict[str, Any]:
    """Lay nested values over others, in place; the update wins. Returns `base`."""
    for key, value in update.items():
        if isinstance(value, Mapping) and isinstance(base.get(key), dict):
            merge_into(base[key], value)
        else:
            base[key] = dict(value) if isinstance(value, Mapping) else value
    return base


def to_toml(settings: Settings) -> str:
    """The settings as TOML text; unset (`None`) values are left out."""
    import tomli_w

    return tomli_w.dumps(settings.model_dump(mode="json", exclude_none=True))


def _nest(words: list[str], value: Any) -> dict[str, Any]:
    for word in reversed(words):
        value = {word: value}
    nested: dict[str, Any] = value
    return nested


def _toml_value(text: str) -> Any:
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def _config_error(
    kind: type[Settings], error: ValidationError, place: str
) -> ConfigError:
    first = error.errors()[0]
    path = [str(part) for part in first["loc"]]
    name = ".".join([place, *path] if place else path)
    if first["type"] == "extra_forbidden":
        return _unknown_setting(kind, path, name)
    return ConfigError(
        received=f"The setting {name} is {first['input']!r}.",
        expected=f"{first['msg'][0].lower()}{first['msg'][1:]}.",
        remedy="Give a value that fits, or leave the setting out for its default.",
    )


def _unknown_setting(kind: type[Settings], path: list[str], name: str) -> ConfigError:
    for step in path[:-1]:
        annotation = kind.model_fields[step].annotation
        if not (isinstance(annotation, type) and issubclass(annotation, Settings)):
            break
        kind = annotation
    allowed = sorted(kind.model_fields)
    near = nearest_names(path[-1], allowed)
    prefix = name.rpartition(".")[0]
    near_names = [f"{prefix}.{other}" if prefix else other for other in near]
    return ConfigError(
        received=f"There is no setting named {name!r}.",
        expected=f"one of {', '.join(allowed) or 'none: this part has no settings'}.",
        remedy=f"Did you mean {' or '.join(near_names)}?"
        if near
        else "Remove it, or choose a name from the list.",
    )
