"""What can be chosen about the network; each family checks its own settings."""

from typing import Any

from pydantic import ConfigDict, Field

from visus.core.settings import Settings


class NetworkConfig(Settings):
    """Which network; further keys are that network's own settings."""

    model_config = ConfigDict(frozen=True, extra="allow", validate_default=True)

    name: str | None = Field(
        None, description="a name of `visus models`, or a Python file; unset: chosen"
    )

    @property
    def settings(self) -> dict[str, Any]:
        """The keys beside the name, checked later by the network's own class."""
        return dict(self.model_extra or {})
