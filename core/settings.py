"""Settings. This is the only place that reads the environment."""

from functools import lru_cache
from pathlib import Path

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

PROJECT_ROOT = Path(__file__).resolve().parent.parent
EMBEDDED_FOLDER = PROJECT_ROOT / "var"


class Settings(BaseSettings):
    """How this installation runs. Every field can be set by the variable of its name."""

    model_config = SettingsConfigDict(env_file=PROJECT_ROOT / ".env", extra="ignore")

    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65_535)
    database_url: str = f"sqlite+aiosqlite:///{EMBEDDED_FOLDER / 'starling.sqlite3'}"
    redis_url: str | None = None
    storage_path: Path = EMBEDDED_FOLDER / "attachments"
    public_url: str | None = None
    allowed_origins: list[str] = Field(default_factory=list)
    read_connections: int = Field(default=10, ge=1)
    write_connections: int = Field(default=10, ge=1)
    connections_per_agent: int = Field(default=100, ge=1)
    worker_in_web: bool = True
    log_format: str = Field(default="console", pattern="^(console|json)$")
    log_level: str = Field(default="INFO", pattern="^(DEBUG|INFO|WARNING|ERROR)$")

    @field_validator("database_url")
    @classmethod
    def _choose_driver(cls, url: str) -> str:
        """Accept the addresses that hosting services hand out, whatever driver they name."""
        scheme, separator, rest = url.partition("://")
        if scheme in {"postgres", "postgresql"}:
            return f"postgresql+asyncpg{separator}{rest}"
        if scheme == "sqlite":
            return f"sqlite+aiosqlite{separator}{rest}"
        if scheme not in {"postgresql+asyncpg", "sqlite+aiosqlite"}:
            message = "must begin with postgresql:// or sqlite:///"
            raise ValueError(message)
        return url

    @field_validator("redis_url")
    @classmethod
    def _check_redis_scheme(cls, url: str | None) -> str | None:
        if url is not None and not url.startswith(("redis://", "rediss://", "unix://")):
            raise ValueError("it begins with redis://, rediss:// or unix://")
        return url

    @property
    def base_url(self) -> str:
        """Where clients reach this installation."""
        return (
            self.public_url
            or f"http://{'localhost' if self.host == '127.0.0.1' else self.host}:{self.port}"
        )

    @property
    def is_embedded(self) -> bool:
        """Whether everything runs in one process on one file."""
        return self.database_url.startswith("sqlite")


@lru_cache
def settings() -> Settings:
    """Return the settings of this process, read once."""
    return Settings()
