"""Every setting of Kindred, typed, read from the environment (``KINDRED_*``) or a ``kindred.toml`` in the home folder.

Only the composition root (``runtime``) reads settings; everything else gets what it needs as arguments.
"""

import os
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from platformdirs import user_cache_path, user_data_path
from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource

ENV_PREFIX = "KINDRED_"
SETTINGS_FILE = "kindred.toml"

DEVELOPMENT_KEY = "development"
"""Name of the API key that is generated where none is set."""

Role = Literal["read", "steward", "policy"]
Port = Annotated[int, Field(ge=0, le=65535)]


def default_home() -> Path:
    """Where an installation lives unless told otherwise: the user's data folder."""
    return user_data_path("kindred")


def default_jar_cache() -> Path:
    """Where downloaded jars lie, shared by all homes: the user's cache folder."""
    return user_cache_path("kindred") / "jars"


class Settings(BaseSettings):
    """Settings of one installation. Each field's description is its entry in ``docs/settings.md``.

    An argument wins over the environment, the environment over ``kindred.toml``, that over the default. A name in
    ``kindred.toml`` that is not a setting is an error.
    """

    model_config = SettingsConfigDict(env_prefix=ENV_PREFIX, extra="forbid", frozen=True)

    home: Path = Field(
        default_factory=default_home,
        description="Folder that holds the embedded servers' data, logs, generated passwords and state.",
    )
    environment: Literal["development", "production"] = Field(
        default="development",
        description="`development` also serves GraphiQL, the schema, and the messages of internal errors.",
    )

    neo4j_uri: str | None = Field(default=None, description="Address of an external Neo4j; unset means the embedded one.")
    neo4j_user: str = Field(default="neo4j", description="User name for an external Neo4j.")
    neo4j_password: SecretStr | None = Field(
        default=None, description="Password for an external Neo4j; the embedded one's is generated."
    )
    neo4j_database: str = Field(default="neo4j", description="Name of the Neo4j database.")
    neo4j_bolt_port: Port = Field(default=0, description="Bolt port of the embedded Neo4j; 0 takes a free one and keeps it.")
    neo4j_http_port: Port = Field(
        default=0, description="Port of the embedded Neo4j's HTTP query API; 0 takes a free one and keeps it."
    )
    neo4j_heap_mb: int | None = Field(
        default=None, ge=256, description="Heap of the embedded Neo4j in MiB; unset takes a sixteenth of the memory, 512 to 8192."
    )
    neo4j_page_cache_mb: int | None = Field(
        default=None,
        ge=16,
        description="Page cache of the embedded Neo4j in MiB; unset takes a thirty-second of the memory, 128 to 8192.",
    )
    java_home: Path | None = Field(
        default=None, description="Folder of a Java 17 or 21 for the embedded Neo4j; unset means the Java installed with Kindred."
    )
    jar_cache: Path = Field(default_factory=default_jar_cache, description="Folder of the downloaded jars, shared by all homes.")
    maven_repository: str | None = Field(
        default=None, description="Address of a mirror that jars come from; unset means Maven's central repository."
    )

    nats_url: str | None = Field(
        default=None,
        description="Address of an external NATS, or several of one cluster joined by commas; unset means the embedded one.",
    )
    nats_replicas: int = Field(
        default=1,
        ge=1,
        le=5,
        description="Servers of a NATS cluster that keep each message; with 3 one of them may be lost, with 5 two.",
    )
    nats_user: str | None = Field(default=None, description="User name for an external NATS.")
    nats_password: SecretStr | None = Field(
        default=None, description="Password for an external NATS; the embedded one's is generated."
    )
    nats_port: Port = Field(default=0, description="Port of the embedded NATS; 0 takes a free one and keeps it.")
    nats_sync: str = Field(
        default="2m",
        pattern=r"^(always|[1-9][0-9]*(s|m))$",
        description="How often the embedded NATS syncs to disk, as `30s` or `2m`. A killed server loses nothing at any value; a "
        "loss of power loses what came since. `always` syncs before each acknowledgement and is several times slower.",
    )

    minimum_free_mb: int = Field(
        default=1024, ge=0, description="The embedded stack does not start with less than this free on its disk, in MiB."
    )
    start_timeout_seconds: float = Field(default=120, gt=0, description="How long a server may take until it answers.")
    stop_timeout_seconds: float = Field(
        default=60, gt=0, description="How long a process may take to end by itself before it is killed."
    )
    log_max_mb: int = Field(default=20, ge=1, description="A log larger than this, in MiB, is moved aside at the next start.")
    log_keep: int = Field(default=3, ge=1, description="How many logs that were moved aside are kept.")
    log_level: Literal["debug", "info", "warning", "error"] = Field(default="info", description="Least level logged.")
    log_format: Literal["auto", "console", "json"] = Field(
        default="auto", description="`auto` writes for people on a terminal and JSON anywhere else."
    )
    traces_endpoint: str | None = Field(
        default=None,
        pattern=r"^https?://",
        description="Receiver of traces by OTLP over HTTP, as `http://otel:4318`; unset takes OpenTelemetry's own variables, and "
        "without them nothing is traced.",
    )
    hash_salt: SecretStr | None = Field(
        default=None,
        description="Salt of the hashes that stand for identifiers in logs; unset takes one generated for this installation.",
    )

    events_keep_days: float = Field(default=30, gt=0, description="How long JetStream keeps events, for replay.")
    events_max_mb: int | None = Field(
        default=None,
        gt=0,
        description="Most that JetStream keeps of events, in MiB; when full, new ones are refused. Unset: no limit.",
    )
    archive: Path | None = Field(
        default=None,
        description="Folder of the archive, where all events are then kept by day; JetStream lets go of none before.",
    )
    dead_letters_keep_days: float = Field(default=365, gt=0, description="How long events that could not be understood are kept.")

    models: Path | None = Field(
        default=None,
        description="Folder of the trained models, which training and the API share; unset is `models` in the home.",
    )
    suppressed_products: list[str] = Field(
        default_factory=list, description="Ids of products that are never recommended, such as those recalled, as JSON."
    )

    host: str = Field(default="127.0.0.1", description="Address that the HTTP server listens on.")
    port: Port = Field(default=8470, description="Port of the HTTP server; 0 takes a free one.")
    write_keys: dict[str, SecretStr] = Field(
        default_factory=dict,
        description="Source name to the write key it sends with, as JSON in the environment; none set means a generated one.",
    )
    api_keys: dict[str, SecretStr] = Field(
        default_factory=dict,
        description="Name of a program to the API key that it asks with, as JSON in the environment; none set means "
        "a generated one in `development`, and in `production` that nobody can ask.",
    )
    api_roles: dict[str, list[Role]] = Field(
        default_factory=dict,
        description="Name of an API key to what it may do, as JSON in the environment: `read` asks, `steward` asserts, retracts "
        "and reviews, `policy` compares and publishes policies. A key that is not named here may read; one that is may do what "
        "is listed, and nothing else. The generated key, `development`, may do everything unless it is named.",
    )
    introspecting_keys: list[str] = Field(
        default_factory=list, description="Names of the API keys that may also ask for the GraphQL schema in `production`."
    )
    allowed_origins: list[str] = Field(
        default_factory=list, description="Origins whose pages may ask the API from a browser, as `https://shop.example`."
    )
    collector_origins: list[str] = Field(
        default_factory=lambda: ["*"],
        description="Origins whose pages may send events to the collector from a browser; `*` is any.",
    )
    request_timeout_seconds: float = Field(default=10, gt=0, description="How long one GraphQL operation may take.")
    default_region: str = Field(
        default="US", min_length=2, max_length=2, description="Country assumed for phone numbers without a country code."
    )

    @field_validator("home", "jar_cache", mode="after")
    @classmethod
    def _absolute(cls, path: Path) -> Path:
        """Background processes are started in another folder: a relative path would mean another one there."""
        return path.expanduser().absolute()

    @model_validator(mode="after")
    def _roles_are_of_keys(self) -> Self:
        """A misspelt name would leave a key with less, or more, than was meant."""
        known = set(self.api_keys) or {DEVELOPMENT_KEY}
        if unknown := sorted(set(self.api_roles) - known):
            raise ValueError(f"api_roles names {', '.join(unknown)}, and there is no API key of that name")
        return self

    @model_validator(mode="after")
    def _replicas_are_of_a_cluster(self) -> Self:
        """One server cannot keep a message three times; said here, rather than by JetStream at the first event."""
        if self.nats_replicas > 1 and self.nats_url is None:
            raise ValueError("nats_replicas is for an external cluster, and nats_url is not set")
        return self

    @property
    def models_folder(self) -> Path:
        """Where trained models are."""
        return self.home / "models" if self.models is None else self.models.expanduser().absolute()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - part of the signature
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - part of the signature
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments, then the environment, then ``kindred.toml`` of the home that those two name."""
        home = init_settings().get("home") or os.environ.get(f"{ENV_PREFIX}HOME") or default_home()
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls, toml_file=Path(home) / SETTINGS_FILE)


def load_settings(*, home: Path | None = None, **overrides: Any) -> Settings:
    """Settings of the home given, or of the one that the environment names. Overrides that are None do not count.

    Raises:
        pydantic.ValidationError: a value is not of its type, or ``kindred.toml`` holds an unknown name.
    """
    given = {name: value for name, value in {"home": home, **overrides}.items() if value is not None}
    return Settings(**given)
