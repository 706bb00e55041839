"""Settings. This is the only place that reads the environment."""

from collections.abc import Sequence
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import Field, FilePath, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from core.secrets import keys_of_file, parse_keys

PROJECT_ROOT = Path(__file__).resolve().parent.parent
EMBEDDED_FOLDER = PROJECT_ROOT / "var"


_SMTP_TLS = {"tls=required", "tls=off"}


class Settings(BaseSettings):
    """How this installation runs. Every field can be set by the variable of its name."""

    model_config = SettingsConfigDict(env_file=PROJECT_ROOT / ".env", extra="ignore")

    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65_535)
    database_url: str = f"sqlite+aiosqlite:///{EMBEDDED_FOLDER / 'starling.sqlite3'}"
    redis_url: str | None = None
    storage_path: Path = EMBEDDED_FOLDER / "attachments"
    storage_url: str | None = Field(default=None, pattern=r"^s3://[A-Za-z0-9._-]+(/[!-~]*)?$")
    s3_endpoint: str | None = Field(default=None, pattern="^https?://")
    s3_region: str = "us-east-1"
    s3_access_key_id: str | None = None
    s3_secret_access_key: SecretStr | None = None
    s3_allow_http: bool = False
    public_url: str | None = None
    smtp_url: SecretStr | None = None
    dev_mailbox: bool | None = None
    mail_sender: str | None = Field(default=None, pattern=r"^([^<>@]*<)?[^\s<>@]+@[^\s<>@]+>?$")
    # The token that a reply address gets takes 41 of the 64 characters before an @.
    mail_reply_address: str | None = Field(default=None, pattern=r"^[!-?A-~]{1,23}@[!-?A-~]+$")
    mail_listen: str | None = Field(
        default=None,
        pattern=r"^(?:(?:smtp|lmtp)://[^/?#\s]+:\d{1,5}|(?:smtp|lmtp)\+unix:///[^?#]+)$",
    )
    secrets_key: SecretStr | None = None
    secrets_key_file: Path = EMBEDDED_FOLDER / "secrets.key"
    callback_allowed_networks: list[IPv4Network | IPv6Network] = Field(default_factory=list)
    callback_ca_file: FilePath | None = None
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

    @field_validator("secrets_key")
    @classmethod
    def _check_secrets_key(cls, keys: SecretStr | None) -> SecretStr | None:
        if keys is not None:
            parse_keys(keys.get_secret_value())
        return keys

    def secrets_keys(self) -> Sequence[bytes]:
        """Return the keys of secrets at rest: those set, or those of the file, made if missing."""
        if self.secrets_key is not None:
            return parse_keys(self.secrets_key.get_secret_value())
        return keys_of_file(self.secrets_key_file)

    @field_validator("smtp_url")
    @classmethod
    def _check_smtp_url(cls, url: SecretStr | None) -> SecretStr | None:
        parts = urlsplit(url.get_secret_value()) if url else None
        if parts is None:
            return None
        is_known = parts.scheme in {"smtp", "smtps"} and parts.path in {"", "/"}
        if not is_known or not parts.hostname or parts.query not in {"", *_SMTP_TLS}:
            message = "must be smtp://user:password@host:port?tls=required, or smtps://"
            raise ValueError(message)
        _ = parts.port  # raises ValueError for what is no port
        return url

    @property
    def base_url(self) -> str:
        """Where clients reach this installation."""
        if self.public_url:
            return self.public_url
        host = "localhost" if self.host == "127.0.0.1" else self.host
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}"

    @property
    def is_embedded(self) -> bool:
        """Whether everything runs in one process on one file."""
        return self.database_url.startswith("sqlite")


@lru_cache
def settings() -> Settings:
    """Return the settings of this process, read once."""
    return Settings()
