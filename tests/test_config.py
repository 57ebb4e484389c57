"""Settings: a wrong or weak value stops the start with a sentence that names the variable."""

import json
import os
import stat
import sys
from base64 import b64encode
from pathlib import Path

import pytest
from sqlalchemy import Engine, event

from app import create_app
from config import STRONG_HASH, Config, ConfigError

SECRET = "6f1c0d9a4be27735c8e0a1f29d3b5847e6102c9f84ab7d53"
DATA = "9b74c9897bac770ffc029102a200c5dee3b1f8a64750d21c9e6f3a8b5d0c4e71"
PRODUCTION = {
    "APP_ENV": "production",
    "DATABASE_URL": "postgresql://tmis:p%40ss@db.example.cn:5432/teachers",
    "SECRET_KEY": SECRET,
    "DATA_KEY": DATA,
    "PUBLIC_URL": "https://js.example.cn",
}


def config_with(tmp_path: Path, **variables: str) -> Config:
    return Config.from_env({"INSTANCE_PATH": str(tmp_path / "instance"), **variables})


def refusal(variables: dict[str, str]) -> str:
    with pytest.raises(ConfigError) as caught:
        Config.from_env(variables)
    return str(caught.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("APP_ENV", "prod"),
        ("DATABASE_URL", "mysql://localhost/teachers"),
        ("DATABASE_URL", "teachers.db"),
        ("DATABASE_URL", "sqlite:/teachers.db"),
        ("DATABASE_URL", "sqlite://teachers.db"),
        ("DATABASE_URL", "sqlite:///:memory:"),
        ("DATABASE_URL", "postgresql://tmis:secret@localhost:5432"),
        ("DATABASE_URL", "postgresql://tmis:secret@localhost:54x2/teachers"),
        ("DATABASE_URL", "postgresql://tmis:sec#ret@localhost/teachers"),
        ("DATA_KEY", "too-short"),
        ("DATA_KEY", DATA[:-2] + "zz"),
        ("PUBLIC_URL", "js.example.cn"),
        ("PUBLIC_URL", "https://"),
        ("PUBLIC_URL", "https://js.example.cn/tmis"),
        ("PUBLIC_URL", "https://js.example.cn:port"),
        ("PUBLIC_URL", "https://[::1"),
        ("SESSION_IDLE_MINUTES", "0"),
        ("SESSION_IDLE_MINUTES", "half an hour"),
        ("SESSION_MAX_HOURS", "25"),
        ("LOGIN_MAX_FAILURES", "-1"),
        ("LOGIN_LOCK_MINUTES", "1.5"),
        ("LOGIN_CAPTCHA_AFTER", "21"),
        ("PROXIES", "nginx"),
        ("MAX_UPLOAD_MB", "12MB"),
        ("VIRUS_SCAN_COMMAND", "/no/such/scanner --quiet"),
        ("VIRUS_SCAN_COMMAND", "'not closed"),
        ("PAGE_SIZE", "100000"),
        ("PAGE_SIZE", "99999999999999999999"),
        ("LOG_LEVEL", "verbose"),
        ("PASSWORD_HASH_METHOD", "md5"),
        ("PASSWORD_HASH_METHOD", "scrypt:30000:8:1"),
        ("PASSWORD_HASH_METHOD", "scrypt:4194304:8:1"),
        ("PASSWORD_HASH_METHOD", "pbkdf2:sha256"),
    ],
)
def test_a_wrong_value_is_refused_by_name(tmp_path: Path, name: str, value: str) -> None:
    variables = {"APP_ENV": "development", "INSTANCE_PATH": str(tmp_path)}
    assert name in refusal({**variables, name: value})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SECRET_KEY", ""),
        ("SECRET_KEY", SECRET[:31]),
        ("SECRET_KEY", "x" * 64),
        ("SECRET_KEY", "0101010101" * 5),
        ("SECRET_KEY", "Change-Me! Change-Me! Change-Me! 4711"),
        ("SECRET_KEY", "test-only-secret-key-not-for-real-use"),
        ("SECRET_KEY", DATA),
        ("SECRET_KEY", DATA.upper()),
        ("DATA_KEY", ""),
        ("DATA_KEY", "00" * 32),
        ("DATA_KEY", "0123456789abcdef" * 4),
        ("DATA_KEY", bytes(range(32)).hex()),
        ("DATA_KEY", bytes(range(100, 132)).hex()),
        ("DATA_KEY", b64encode(b"changeme" * 4).decode()),
        ("PUBLIC_URL", ""),
        ("PUBLIC_URL", "http://js.example.cn"),
        ("PASSWORD_HASH_METHOD", "scrypt:16384:8:1"),
        ("PASSWORD_HASH_METHOD", "scrypt:32768:4:1"),
        ("PASSWORD_HASH_METHOD", "pbkdf2:sha256:1000000"),
        ("FLASK_DEBUG", "1"),
    ],
)
def test_a_missing_or_weak_value_is_refused_in_production(name: str, value: str) -> None:
    assert name in refusal({**PRODUCTION, name: value})


@pytest.mark.parametrize("name", ["DATABASE_URL", "PUBLIC_URL"])
def test_the_environment_must_be_named_where_it_cannot_be_guessed(name: str) -> None:
    assert "APP_ENV" in refusal({name: PRODUCTION[name]})


def test_a_refusal_never_repeats_secrets() -> None:
    variables = {**PRODUCTION, "DATABASE_URL": "mysql://tmis:hunter2@localhost/teachers"}
    assert "hunter2" not in refusal(variables)
    assert "short-and-secret" not in refusal({**PRODUCTION, "SECRET_KEY": "short-and-secret"})
    shown = repr(Config.from_env(PRODUCTION))
    assert not any(secret in shown for secret in (SECRET, "p%40ss", repr(bytes.fromhex(DATA))))


def test_production_takes_its_settings_from_the_environment() -> None:
    config = Config.from_env(PRODUCTION)
    settings = config.flask_settings()
    assert config.database_url == "postgresql+psycopg://tmis:p%40ss@db.example.cn:5432/teachers"
    assert config.data_key == bytes.fromhex(DATA)
    assert settings["SQLALCHEMY_ENGINE_OPTIONS"] == {"hide_parameters": True, "pool_pre_ping": True}
    assert settings["TRUSTED_HOSTS"] == ["js.example.cn"]
    assert settings["SESSION_COOKIE_NAME"] == "__Host-session"
    assert settings["SESSION_COOKIE_SECURE"] is True
    assert settings["FAB_PASSWORD_HASH_METHOD"] == STRONG_HASH
    assert settings["TEMPLATES_AUTO_RELOAD"] is settings["DEBUG"] is settings["TESTING"] is False


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_postgres_addresses_are_accepted_as_people_write_them(scheme: str) -> None:
    config = Config.from_env({**PRODUCTION, "DATABASE_URL": f"{scheme}:///teachers?host=/var/run/postgresql"})
    assert config.database_url == "postgresql+psycopg:///teachers?host=/var/run/postgresql"


def test_the_data_key_may_be_base64() -> None:
    encoded = b64encode(bytes.fromhex(DATA)).decode()
    assert Config.from_env({**PRODUCTION, "DATA_KEY": encoded}).data_key == bytes.fromhex(DATA)


def test_development_needs_no_settings(tmp_path: Path) -> None:
    config = config_with(tmp_path, SECRET_KEY=" ", PAGE_SIZE="")
    settings = config.flask_settings()
    assert (config.env, config.page_size) == ("development", 50)
    assert config.database_url == f"sqlite:///{(tmp_path / 'instance' / 'app.db').as_posix()}"
    assert settings["SQLALCHEMY_ENGINE_OPTIONS"] == {"hide_parameters": True}
    assert settings["SESSION_COOKIE_SECURE"] is settings["DEBUG"] is False
    assert "TRUSTED_HOSTS" not in settings


@pytest.mark.parametrize(
    ("url", "expected"),
    [("sqlite:///own.db", "{}/instance/own.db"), ("sqlite:////srv/own.db", "/srv/own.db")],
)
@pytest.mark.skipif(sys.platform == "win32", reason="absolute paths have a drive letter there")
def test_sqlite_paths_are_relative_to_the_instance(tmp_path: Path, url: str, expected: str) -> None:
    assert config_with(tmp_path, DATABASE_URL=url).database_url == "sqlite:///" + expected.format(tmp_path)


def test_development_keys_are_made_once_and_private(tmp_path: Path) -> None:
    first, second = config_with(tmp_path), config_with(tmp_path)
    keys_file = tmp_path / "instance" / "keys.json"
    keys = json.loads(keys_file.read_text(encoding="utf-8"))
    assert (first.secret_key, first.data_key) == (keys["SECRET_KEY"], bytes.fromhex(keys["DATA_KEY"]))
    assert (second.secret_key, second.data_key) == (first.secret_key, first.data_key)
    assert [path.name for path in keys_file.parent.iterdir()] == ["keys.json"]
    assert os.name == "nt" or stat.S_IMODE(keys_file.stat().st_mode) == 0o600


def test_two_installations_have_different_keys(tmp_path: Path) -> None:
    here, there = config_with(tmp_path / "here"), config_with(tmp_path / "there")
    assert here.secret_key != there.secret_key
    assert here.data_key != there.data_key


def test_given_keys_win_over_the_stored_ones(tmp_path: Path) -> None:
    config = config_with(tmp_path, SECRET_KEY=SECRET)
    assert config.secret_key == SECRET
    assert config.data_key == config_with(tmp_path).data_key


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"SECRET_KEY": "a", "DATA_KEY": '])
def test_damaged_keys_are_not_replaced(tmp_path: Path, content: str) -> None:
    keys_file = tmp_path / "keys.json"
    keys_file.write_text(content, encoding="utf-8")
    assert "keys.json" in refusal({"INSTANCE_PATH": str(tmp_path)})
    assert keys_file.read_text(encoding="utf-8") == content


def test_an_instance_path_that_is_a_file_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    assert "INSTANCE_PATH" in refusal({"INSTANCE_PATH": str(file)})
    assert "INSTANCE_PATH" in refusal({"INSTANCE_PATH": str(file / "below")})


def test_tests_use_marked_constants_and_a_cheap_hash(tmp_path: Path) -> None:
    config = config_with(tmp_path, APP_ENV="test", DATABASE_URL="sqlite://")
    assert config.secret_key.startswith("test-only")
    assert config.password_hash_method == "pbkdf2:sha256:1000"
    assert not (tmp_path / "instance").exists()


def test_virus_scanner_is_off_unless_it_is_named(tmp_path: Path) -> None:
    assert config_with(tmp_path).virus_scan_command == ()
    command = config_with(tmp_path, VIRUS_SCAN_COMMAND=f"{sys.executable} -m scan 'with space'").virus_scan_command
    assert command == (sys.executable, "-m", "scan", "with space")


def test_making_the_application_leaves_no_connection_behind(tmp_path: Path) -> None:
    """The web server makes it once and forks: its processes must not talk over one connection."""
    opened: list[object] = []

    def note(connection: object, _record: object) -> None:
        opened.append(connection)

    event.listen(Engine, "connect", note)
    try:
        create_app(Config.from_env({"APP_ENV": "test", "INSTANCE_PATH": str(tmp_path)}))
    finally:
        event.remove(Engine, "connect", note)
    assert opened == []
