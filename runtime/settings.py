"""Every setting of Kindred, typed, read from the environment (``KINDRED_*``) or a ``kindred.toml`` in the home folder.

Only the composition root (``runtime``) reads settings; everything else gets what it needs as arguments.
"""

from pathlib import Path

from platformdirs import user_data_path
from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Settings of one installation. Each field's description is its entry in ``docs/settings.md``."""

    model_config = SettingsConfigDict(env_prefix="KINDRED_", extra="ignore")

    home: Path = Field(
        default_factory=lambda: user_data_path("kindred"),
        description="Folder that holds the embedded servers' data, logs, generated password and state.",
    )
    neo4j_uri: str | None = Field(default=None, description="Address of an external Neo4j; unset means the embedded one.")
    neo4j_user: str = Field(default="neo4j", description="User name for Neo4j.")
    neo4j_password: SecretStr | None = Field(default=None, description="Password for Neo4j; generated when embedded.")
    neo4j_database: str = Field(default="neo4j", description="Name of the Neo4j database.")
    nats_url: str | None = Field(default=None, description="Address of an external NATS; unset means the embedded one.")
    host: str = Field(default="127.0.0.1", description="Address the HTTP server listens on.")
    port: int = Field(default=8470, ge=0, le=65535, description="Port of the HTTP server; 0 takes a free one.")
    environment: str = Field(
        default="development", pattern="^(development|production)$", description="`development` also serves GraphiQL."
    )
    write_keys: dict[str, SecretStr] = Field(
        default_factory=dict, description="Source name to the write key it sends with; none set means a generated one."
    )
    default_region: str = Field(
        default="US", min_length=2, max_length=2, description="Country assumed for phone numbers without a country code."
    )
    log_level: str = Field(default="info", description="Least level logged: `debug`, `info`, `warning`, `error`.")
