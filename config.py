"""Typed settings from the environment: a wrong or weak value stops the start with a sentence that says what to set.

Only the standard library is imported, so that run.py can check the settings before anything is installed.
"""

from __future__ import annotations

import base64
import binascii
import json
import os
import re
import secrets
import shlex
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parent
MIB = 1024 * 1024
ENVIRONMENTS = ("development", "test", "production")
LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
STRONG_HASH = "scrypt:32768:8:1"
CHEAP_HASH = "pbkdf2:sha256:1000"  # thousands of logins in the tests; refused in production
KEYS_FILE = "keys.json"
KEY_COMMAND = 'python -c "import secrets; print(secrets.token_hex(32))"'
# Parts of published example keys, compared without case and punctuation.
KNOWN_WORDS = (
    *("changeme", "changeit", "default", "password", "placeholder", "yoursecret", "secretkey", "thisismysc"),
    *("youwillneverguess", "development", "testonly", "123456789", "abcdefghi", "qwertyuiop"),
)

# Public constants, only for APP_ENV=test: no data that matters is ever encrypted or signed with them.
TEST_SECRET_KEY = "test-only-secret-key-not-for-real-use"  # noqa: S105
TEST_DATA_KEY = bytes(range(32))


class ConfigError(Exception):
    """A setting is wrong; the message is a Chinese sentence naming the variable and what to set."""


@dataclass(frozen=True, kw_only=True)
class Config:
    """All settings of one process. Secrets stay out of the repr, so that a traceback or a log cannot show them."""

    env: str
    database_url: str = field(repr=False)
    secret_key: str = field(repr=False)
    data_key: bytes = field(repr=False)
    instance_path: Path
    public_url: str | None
    session_idle_minutes: int
    session_max_hours: int
    login_max_failures: int
    login_lock_minutes: int
    login_captcha_after: int
    proxies: int
    max_upload_mb: int
    virus_scan_command: tuple[str, ...]
    password_hash_method: str
    page_size: int
    jobs: str
    log_level: str

    @classmethod
    def from_env(cls, environ: Mapping[str, str] = os.environ) -> Config:
        """Read and check every setting. Raises ConfigError; in development makes the instance folder and its keys."""
        get = _Reader(environ)
        instance_path = _instance_path(get("INSTANCE_PATH"))
        database_url = _database_url(get("DATABASE_URL"), instance_path)
        env = _environment(get, database_url)
        _refuse_unsafe(get, env, database_url)
        secret_key, data_key = _keys(get, env, instance_path)
        return cls(
            env=env,
            database_url=database_url,
            secret_key=secret_key,
            data_key=data_key,
            instance_path=instance_path,
            public_url=_public_url(get("PUBLIC_URL"), env),
            session_idle_minutes=get.number("SESSION_IDLE_MINUTES", 30, 1, 480),
            session_max_hours=get.number("SESSION_MAX_HOURS", 12, 1, 24),
            login_max_failures=get.number("LOGIN_MAX_FAILURES", 5, 1, 20),
            login_lock_minutes=get.number("LOGIN_LOCK_MINUTES", 10, 1, 1440),
            login_captcha_after=get.number("LOGIN_CAPTCHA_AFTER", 2, 0, 20),
            proxies=get.number("PROXIES", 0, 0, 5),
            max_upload_mb=get.number("MAX_UPLOAD_MB", 12, 1, 512),
            virus_scan_command=_scan_command(get("VIRUS_SCAN_COMMAND")),
            password_hash_method=_hash_method(get("PASSWORD_HASH_METHOD"), env),
            page_size=get.number("PAGE_SIZE", 50, 10, 200),
            jobs=get.choice("JOBS", "external" if env == "test" else "embedded", ("embedded", "external")),
            log_level=get.choice("LOG_LEVEL", "INFO", LOG_LEVELS),
        )

    @property
    def is_https(self) -> bool:
        """Whether browsers reach the system by https; then cookies are Secure and forms check the Referer."""
        return self.public_url is not None and self.public_url.startswith("https://")

    @property
    def is_postgres(self) -> bool:
        return self.database_url.startswith("postgresql")

    def flask_settings(self) -> dict[str, object]:
        """Return everything Flask, its extensions and FAB read from app.config."""
        settings = self._own_settings() | self._database_settings() | self._web_settings()
        return settings | self._language_settings() | self._fab_settings()

    def _own_settings(self) -> dict[str, object]:
        names = ["data_key", "public_url", "session_idle_minutes", "session_max_hours", "login_max_failures"]
        names += ["login_lock_minutes", "login_captcha_after", "proxies", "max_upload_mb", "virus_scan_command"]
        names += ["page_size", "jobs", "log_level"]
        own: dict[str, object] = {name.upper(): getattr(self, name) for name in names}
        return own | {"APP_ENV": self.env, "INSTANCE_PATH": str(self.instance_path)}

    def _database_settings(self) -> dict[str, object]:
        # Without hide_parameters an error message in the log would print ID numbers.
        options: dict[str, object] = {"hide_parameters": True}
        if self.is_postgres:
            options["pool_pre_ping"] = True
        return {
            "SQLALCHEMY_DATABASE_URI": self.database_url,
            "SQLALCHEMY_ENGINE_OPTIONS": options,
            "SQLALCHEMY_TRACK_MODIFICATIONS": False,
        }

    def _web_settings(self) -> dict[str, object]:
        settings: dict[str, object] = {
            # DEBUG is never on: the debugger runs code, and the error page shows personal data.
            "DEBUG": False,
            "TESTING": self.env == "test",
            "TEMPLATES_AUTO_RELOAD": self.env == "development",
            "SECRET_KEY": self.secret_key,
            # The prefix makes browsers refuse the cookie without Secure, with a Domain or from a plain http page.
            "SESSION_COOKIE_NAME": "__Host-session" if self.is_https else "session",
            "SESSION_COOKIE_HTTPONLY": True,
            "SESSION_COOKIE_SAMESITE": "Lax",
            "SESSION_COOKIE_SECURE": self.is_https,
            "REMEMBER_COOKIE_HTTPONLY": True,
            "REMEMBER_COOKIE_SAMESITE": "Lax",
            "REMEMBER_COOKIE_SECURE": self.is_https,
            "PERMANENT_SESSION_LIFETIME": timedelta(hours=self.session_max_hours),
            "PREFERRED_URL_SCHEME": "https" if self.is_https else "http",
            # The token lives as long as the session: a form left open over lunch must still be savable.
            "WTF_CSRF_TIME_LIMIT": None,
            "WTF_CSRF_SSL_STRICT": self.is_https,
            # One file of the full size plus the form around it.
            "MAX_CONTENT_LENGTH": self.max_upload_mb * MIB + MIB,
            # A review form of a whole record has more and longer fields than Werkzeug's defaults of 500 kB and 1000.
            "MAX_FORM_MEMORY_SIZE": 2 * MIB,
            "MAX_FORM_PARTS": 4000,
            # Failures are counted in the database, per account; Flask-Limiter would count in one process's memory.
            "RATELIMIT_ENABLED": False,
        }
        if self.env == "production" and self.public_url is not None:
            settings["TRUSTED_HOSTS"] = [urlsplit(self.public_url).hostname]
        return settings

    def _language_settings(self) -> dict[str, object]:
        return {
            "APP_NAME": "教师管理信息系统",
            "BABEL_DEFAULT_LOCALE": "zh_Hans_CN",
            "BABEL_DEFAULT_TIMEZONE": "Asia/Shanghai",
            # Absolute, because a relative folder would be looked for inside app/; FAB puts its own catalogue before it.
            "BABEL_TRANSLATION_DIRECTORIES": str(ROOT / "translations"),
            "LANGUAGES": {"zh_Hans_CN": {"flag": "cn", "name": "中文"}},
        }

    def _fab_settings(self) -> dict[str, object]:
        return {
            "AUTH_TYPE": 1,  # flask_appbuilder.const.AUTH_DB, spelt out to stay free of imports
            # Case-insensitive names would compare lower(username), which no index serves.
            "AUTH_USERNAME_CI": False,
            "AUTH_USER_REGISTRATION": False,
            "FAB_PASSWORD_HASH_METHOD": self.password_hash_method,
            "FAB_BASE_TEMPLATE": "core/base.html",
            # Tables and permissions are made by the deploy command, never by a starting web process.
            "FAB_CREATE_DB": False,
            "FAB_UPDATE_PERMS": False,
            # None of FAB's own JSON endpoints and permission screens is part of the system.
            "FAB_ADD_SECURITY_API": False,
            "FAB_ADD_MENU_API": False,
            "FAB_ADD_OPENAPI_VIEWS": False,
            "FAB_API_SWAGGER_UI": False,
            "FAB_ADD_SECURITY_PERMISSION_VIEW": False,
            "FAB_ADD_SECURITY_VIEW_MENU_VIEW": False,
            "FAB_ADD_SECURITY_PERMISSION_VIEWS_VIEW": False,
            # A delete or an action must come by POST, with a token.
            "FAB_ALLOW_GET_UNSAFE_MUTATIONS": False,
        }


class _Reader:
    """Look up variables; blank counts as not set, since that is how empty lines of an env file arrive."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ

    def __call__(self, name: str) -> str | None:
        return self._environ.get(name, "").strip() or None

    def number(self, name: str, default: int, low: int, high: int) -> int:
        text = self(name)
        if text is None:
            return default
        if not re.fullmatch(r"[0-9]{1,9}", text) or not low <= int(text) <= high:
            raise ConfigError(f"{name} 的值「{text}」不对：应为 {low} 到 {high} 之间的整数，例如 {name}={default}。")
        return int(text)

    def choice(self, name: str, default: str, choices: tuple[str, ...]) -> str:
        text = self(name)
        if text is None:
            return default
        if text not in choices:
            raise ConfigError(f"{name} 的值「{text}」不对：只能是 {'、'.join(choices)} 之一，例如 {name}={default}。")
        return text


def _instance_path(text: str | None) -> Path:
    path = (ROOT / text).resolve() if text else ROOT / "instance"
    if path.exists() and not path.is_dir():
        raise ConfigError(f"INSTANCE_PATH 的值「{text}」是一个文件：请指定一个目录，例如 INSTANCE_PATH=/srv/teachers。")
    return path


def _database_url(text: str | None, instance_path: Path) -> str:
    # The messages never repeat the address: it may contain the password.
    if text is None:
        return f"sqlite:///{(instance_path / 'app.db').as_posix()}"
    scheme, separator, rest = text.partition("://")
    if not separator or scheme not in ("sqlite", "postgresql", "postgres", "postgresql+psycopg"):
        raise ConfigError(
            "DATABASE_URL 不是可用的数据库地址：只支持 sqlite:/// 与 postgresql:// 开头的地址，"
            "例如 DATABASE_URL=postgresql://用户:密码@127.0.0.1:5432/teachers。"
        )
    return _sqlite_url(rest, instance_path) if scheme == "sqlite" else _postgres_url(rest)


def _sqlite_url(rest: str, instance_path: Path) -> str:
    if rest in ("", "/", "/:memory:"):
        return "sqlite://"
    if not rest.startswith("/"):
        raise ConfigError("DATABASE_URL 中 sqlite: 之后应为三个斜杠，例如 DATABASE_URL=sqlite:///app.db。")
    # Relative means relative to the instance folder, whatever folder the command is started from.
    path, _, query = rest[1:].partition("?")
    return f"sqlite:///{(instance_path / path).as_posix()}{'?' + query if query else ''}"


def _postgres_url(rest: str) -> str:
    try:
        parts = urlsplit(f"//{rest}")
        complete = bool(parts.path.strip("/")) and not parts.fragment and (parts.port is None or parts.port > 0)
    except ValueError:
        complete = False
    if not complete:
        raise ConfigError(
            "DATABASE_URL 不完整：要有主机、端口（数字）和数据库名，密码里的 @ / # ? 须写成 %40 %2F %23 %3F，"
            "例如 DATABASE_URL=postgresql://用户:密码@127.0.0.1:5432/teachers。"
        )
    return f"postgresql+psycopg://{rest}"


def _environment(get: _Reader, database_url: str) -> str:
    """Development comes with known passwords, so it is assumed only where nothing but this computer can be meant."""
    env = get("APP_ENV")
    if env is None and (database_url.startswith("postgresql") or get("PUBLIC_URL")):
        reason = "PUBLIC_URL" if get("PUBLIC_URL") else "PostgreSQL 的 DATABASE_URL"
        raise ConfigError(
            f"APP_ENV 没有设置：已设置 {reason} 时必须写明运行环境。"
            "正式运行请设 APP_ENV=production，开发请设 APP_ENV=development。"
        )
    return get.choice("APP_ENV", "development", ENVIRONMENTS)


def _refuse_unsafe(get: _Reader, env: str, database_url: str) -> None:
    if env == "production" and (get("FLASK_DEBUG") or "0").lower() not in ("0", "false", "no"):
        raise ConfigError("FLASK_DEBUG 在正式环境不能打开：请删除这个变量或设 FLASK_DEBUG=0。")
    if env != "test" and database_url == "sqlite://":
        raise ConfigError("DATABASE_URL 是内存数据库，停止后数据丢失：请指定文件，例如 DATABASE_URL=sqlite:///app.db。")


def _public_url(text: str | None, env: str) -> str | None:
    if text is None:
        if env == "production":
            raise ConfigError("PUBLIC_URL 没有设置：正式环境必须有对外地址，例如 PUBLIC_URL=https://js.example.cn。")
        return None
    try:
        parts = urlsplit(text)
        port_is_good = parts.port is None or parts.port > 0
    except ValueError:
        parts, port_is_good = urlsplit(""), False
    bare = parts.path in ("", "/") and not (parts.query or parts.fragment or parts.username or parts.password)
    host_is_good = re.fullmatch(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?", parts.hostname or "") is not None
    if parts.scheme not in ("http", "https") or not (bare and port_is_good and host_is_good):
        raise ConfigError(
            f"PUBLIC_URL 的值「{text}」不是完整的网址：只写协议、主机名和可选的端口，不带路径，"
            "例如 PUBLIC_URL=https://js.example.cn。"
        )
    if env == "production" and parts.scheme != "https":
        raise ConfigError(f"PUBLIC_URL 的值「{text}」不安全：正式环境应为 PUBLIC_URL=https://{parts.hostname}。")
    return f"{parts.scheme}://{parts.netloc.lower()}"


def _scan_command(text: str | None) -> tuple[str, ...]:
    """The virus scanner's command line; the path of the file is added at its end. Empty: no scanner."""
    try:
        words = tuple(shlex.split(text or ""))
    except ValueError:
        words = ("",)
    if words and shutil.which(words[0]) is None:
        raise ConfigError(
            f"VIRUS_SCAN_COMMAND 的值「{text}」不对：找不到这个程序。请写程序的完整路径和参数，"
            "例如 VIRUS_SCAN_COMMAND=/usr/bin/clamdscan --no-summary --fdpass；不用病毒检查就不设。"
        )
    return words


def _hash_method(text: str | None, env: str) -> str:
    method = text or (CHEAP_HASH if env == "test" else STRONG_HASH)
    scrypt = re.fullmatch(r"scrypt:([0-9]{1,8}):([0-9]{1,3}):([0-9]{1,2})", method)
    n, r, p = (int(part) for part in scrypt.groups()) if scrypt else (0, 0, 0)
    # N must be a power of two; more than 1 GiB for one login would stop the server instead of protecting it.
    usable = n > 1 and not n & (n - 1) and r > 0 and p > 0 and 128 * n * r * p <= 1024 * MIB
    if not usable and not re.fullmatch(r"pbkdf2:sha(256|512):[1-9][0-9]{0,8}", method):
        raise ConfigError(
            f"PASSWORD_HASH_METHOD 的值「{method}」不可用：应写成 scrypt:N:r:p，N 为 2 的幂，一次计算不超过 1 GB 内存，"
            f"例如 PASSWORD_HASH_METHOD={STRONG_HASH}。"
        )
    if env == "production" and (n < 32768 or r < 8):
        raise ConfigError(
            f"PASSWORD_HASH_METHOD 的值「{method}」太弱：正式环境不能弱于 {STRONG_HASH}，"
            f"请设 PASSWORD_HASH_METHOD={STRONG_HASH} 或更强（如 scrypt:65536:8:1）。"
        )
    return method


def _keys(get: _Reader, env: str, instance_path: Path) -> tuple[str, bytes]:
    keys: dict[str, str] = {}
    if env == "test":
        keys = {"SECRET_KEY": TEST_SECRET_KEY, "DATA_KEY": TEST_DATA_KEY.hex()}
    elif env == "development":
        keys = _development_keys(instance_path)
    for name in ("SECRET_KEY", "DATA_KEY"):
        keys[name] = get(name) or keys.get(name, "")
        if not keys[name]:
            raise ConfigError(f"{name} 没有设置：正式环境必须设置。请用 {KEY_COMMAND} 生成一个，设为 {name}。")
    data_key = _data_key(keys["DATA_KEY"])
    if env == "production":
        _refuse_weak_keys(keys["SECRET_KEY"], keys["DATA_KEY"], data_key)
    return keys["SECRET_KEY"], data_key


def _data_key(text: str) -> bytes:
    try:
        key = bytes.fromhex(text) if len(text) == 64 else base64.b64decode(text, altchars=b"-_", validate=True)
    except (ValueError, binascii.Error):
        key = b""
    if len(key) != 32:
        raise ConfigError(
            "DATA_KEY 不对：应为 32 个随机字节，写成 64 位十六进制或 44 位 base64。"
            f"请用 {KEY_COMMAND} 生成一个，设为 DATA_KEY。"
        )
    return key


def _refuse_weak_keys(secret: str, data: str, data_key: bytes) -> None:
    if len(secret) < 32:
        raise ConfigError(
            f"SECRET_KEY 太短（{len(secret)} 个字符）：至少 32 个字符。请用 {KEY_COMMAND} 生成一个，设为 SECRET_KEY。"
        )
    steps = {(b - a) % 256 for a, b in pairwise(data_key)}
    # 32 random bytes have about 30 different values and steps; fewer than 16 do not happen by chance.
    weak = {
        "SECRET_KEY": _is_known(secret) or len(set(secret)) < 8 or secret == TEST_SECRET_KEY,
        "DATA_KEY": _is_known(data) or len(set(data_key)) < 16 or len(steps) < 16,
    }
    for name, is_weak in weak.items():
        if is_weak:
            raise ConfigError(f"{name} 太弱：是公开的示例值或有规律的字符。请用 {KEY_COMMAND} 生成一个，设为 {name}。")
    if secret == data or secret.encode() == data_key or secret.lower() == data_key.hex():
        raise ConfigError(f"SECRET_KEY 与 DATA_KEY 相同。请用 {KEY_COMMAND} 再生成一个，设为 SECRET_KEY。")


def _is_known(key: str) -> bool:
    letters = re.sub(r"[^a-z0-9]", "", key.lower())
    return any(word in letters for word in KNOWN_WORDS)


def _development_keys(instance_path: Path) -> dict[str, str]:
    """Return this installation's own keys, made once: restarts must still read the sessions and the ID numbers."""
    path = instance_path / KEYS_FILE
    try:
        instance_path.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            _write_keys(path)
        keys = json.loads(path.read_text(encoding="utf-8"))
        return {name: str(keys[name]) for name in ("SECRET_KEY", "DATA_KEY")}
    except OSError as error:
        raise ConfigError(
            f"INSTANCE_PATH 目录「{instance_path}」不可读写（{error.strerror}）："
            "请改正权限，或把 INSTANCE_PATH 设为可写的目录，例如 INSTANCE_PATH=/srv/teachers。"
        ) from error
    except (ValueError, KeyError, TypeError) as error:
        raise ConfigError(
            f"INSTANCE_PATH 中的 {KEYS_FILE} 已损坏：请从备份恢复「{path}」，或设置 SECRET_KEY 和 DATA_KEY。"
            "删除该文件会生成新密钥，但已加密的身份证件号码将无法读出。"
        ) from error


def _write_keys(path: Path) -> None:
    text = json.dumps({"SECRET_KEY": secrets.token_hex(32), "DATA_KEY": secrets.token_hex(32)}, indent=2)
    # Written aside and put in place in one step: a second process starting now sees a whole file or none.
    draft = path.with_name(f"{KEYS_FILE}.{os.getpid()}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text + "\n")
    try:
        os.link(draft, path)  # refuses to overwrite, as a rename would not
    except FileExistsError:
        pass  # the other process was first; its keys are read
    finally:
        draft.unlink(missing_ok=True)
