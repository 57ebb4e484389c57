"""The one command: make the environment when it is missing, prepare a new database, serve; or run the tests.

It starts with any Python 3.11 and the standard library alone, so nothing third-party is imported at the top.
"""

from __future__ import annotations

import argparse
import contextlib
import errno
import gc
import hashlib
import importlib.util
import io
import ipaddress
import os
import socket
import subprocess
import sys
import unicodedata
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from config import Config, ConfigError

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
VENV_PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
REEXEC = "TMIS_RUN_REEXEC"
HELP = """教师管理信息系统

用法：
  python run.py [--port 端口] [--host 地址]   准备环境与数据库并启动（默认 http://127.0.0.1:5000）
  python run.py test [pytest 参数]            运行测试，例如 python run.py test -k login
  python run.py --help                        显示本说明

第一次运行会在 .venv 中安装依赖并载入演示数据，需要几分钟；以后直接启动。按 Ctrl-C 停止。

常用环境变量：
  NO_VENV=1        不使用 .venv，直接用当前 Python（依赖须已安装）
  DATABASE_URL     数据库地址，默认使用 instance/app.db（SQLite）
  APP_ENV          development（开发）、test（测试）或 production（正式）
其余设置见 README。正式环境请用 flask deploy 准备数据库，用 gunicorn 启动。
"""
PRODUCTION = (
    "APP_ENV=production 时不能用 run.py 启动：请先运行 flask --app app deploy 准备数据库，"
    '再用 gunicorn "app:create_app()" 启动服务。'
)


class Stop(Exception):
    """End with a Chinese sentence and an exit code, without a traceback."""

    def __init__(self, message: str, code: int = 1) -> None:
        super().__init__(message)
        self.code = code


class _Parser(argparse.ArgumentParser):
    """argparse speaks English; its own texts are replaced by the Chinese ones."""

    def format_help(self) -> str:
        return HELP

    def error(self, message: str) -> NoReturn:
        raise Stop("参数不对：端口应为 1 到 65535 的整数，其余参数见 python run.py --help。", 2)


def main(argv: Sequence[str]) -> int:
    """Run the command and return the exit code."""
    for stream in (sys.stdout, sys.stderr):
        # A console in another encoding must show a substitute instead of stopping the start.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    try:
        return _test(argv[1:]) if argv[:1] == ["test"] else _serve(argv)
    except ConfigError as error:
        print(error, file=sys.stderr)
        return 2
    except Stop as stop:
        print(stop, file=sys.stderr)
        return stop.code
    except KeyboardInterrupt:
        return 0


def _serve(argv: Sequence[str]) -> int:
    host, port = _arguments(argv)
    if os.environ.get("APP_ENV", "").strip() == "production":
        raise Stop(PRODUCTION, 2)
    config = Config.from_env()
    _refuse_strangers(host)
    # Before the installation and the heavy imports: a taken port should be known at once, not after minutes.
    _check_port(host, port)
    code = _enter_environment("requirements.txt")
    return _start(config, host, port) if code is None else code


def _test(arguments: Sequence[str]) -> int:
    code = _enter_environment("requirements-dev.txt")
    if code is not None:
        return code
    environment = os.environ | {"APP_ENV": "test"}
    # Tests empty their database; the one the developer works with must never be it (they read TEST_DATABASE_URL).
    environment.pop("DATABASE_URL", None)
    command = [sys.executable, "-m", "pytest", *arguments]
    return subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode


def _arguments(argv: Sequence[str]) -> tuple[str, int]:
    parser = _Parser(allow_abbrev=False)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=5000, choices=range(1, 65536))
    parsed = parser.parse_args(argv)
    return parsed.host, parsed.port


def _refuse_strangers(host: str) -> None:
    """The demo passwords are public: other computers are let in only when that was said in so many words."""
    try:
        is_local = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        is_local = False
    if not is_local and not os.environ.get("APP_ENV", "").strip():
        raise Stop(
            f"--host {host} 会让其他计算机访问演示账号：确要这样做请设 APP_ENV=development，"
            "正式使用请设 APP_ENV=production 并用 gunicorn 启动。",
            2,
        )


def _check_port(host: str, port: int) -> None:
    """Raise Stop unless a server may listen there."""
    try:
        for family, kind, protocol, _, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
            with socket.socket(family, kind, protocol) as probe:
                if os.name == "posix":
                    # Connections that are just closing do not hinder the server, so they must not hinder the probe.
                    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind(address)
    except OSError as error:
        raise _port_trouble(error, host, port) from error


def _port_trouble(error: OSError, host: str, port: int) -> Stop:
    if error.errno == errno.EADDRINUSE:
        return Stop(f"端口 {port} 已被其他程序占用，请换一个端口，例如 python run.py --port {port % 65535 + 1}。")
    if error.errno in (errno.EACCES, errno.EPERM):
        return Stop(f"没有权限使用端口 {port}，请换一个大于 1023 的端口，例如 python run.py --port 5000。")
    return Stop(f"不能在地址 {host} 上启动，请检查 --host，例如 python run.py --host 127.0.0.1。")


def _enter_environment(requirements: str) -> int | None:
    """Make sure the packages are there and that this is the venv's Python.

    Returns None to go on in this process, or the exit code of the process that did the work (Windows).
    """
    if os.environ.get("NO_VENV") == "1":
        return None
    if not VENV_PYTHON.exists():
        _pip_or_venv([sys.executable, "-m", "venv", "--clear", str(VENV)], "正在创建 .venv …")
    _install(requirements)
    # Taken out of the environment at once: a child that runs another copy of this file has its own venv to enter.
    was_entered = os.environ.pop(REEXEC, None)
    if Path(sys.prefix).resolve() == VENV.resolve() or was_entered:
        return None
    command = [str(VENV_PYTHON), str(ROOT / "run.py"), *sys.argv[1:]]
    environment = os.environ | {REEXEC: "1"}
    if os.name == "posix":
        sys.stdout.flush()
        os.execve(command[0], command, environment)  # noqa: S606 -- our own interpreter, no shell
    # On Windows exec returns to the console at once and leaves two processes reading the keyboard.
    return subprocess.run(command, env=environment, check=False).returncode


def _install(requirements: str) -> None:
    """Install the file into the venv unless its stamp says that this was done; no pip call on later starts."""
    stamp = VENV / f".installed-{requirements}"
    wanted = _fingerprint(requirements)
    if stamp.exists() and stamp.read_text(encoding="utf-8") == wanted:
        return
    pip = [str(VENV_PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"]
    _pip_or_venv([*pip, "-r", str(ROOT / requirements)], f"正在安装 {requirements} 中的依赖，第一次需要几分钟 …")
    stamp.write_text(wanted, encoding="utf-8")


def _fingerprint(requirements: str) -> str:
    """Return a hash over the file and, since it includes them, the packages of the system itself."""
    names = sorted({"requirements.txt", requirements})
    return hashlib.sha256(b"\0".join((ROOT / name).read_bytes() for name in names)).hexdigest()


def _pip_or_venv(command: list[str], message: str) -> None:
    print(message, flush=True)
    try:
        failed = subprocess.run(command, stdout=sys.stderr, check=False).returncode != 0
    except OSError:
        failed = True
    if failed:
        raise Stop(
            "环境没有准备好（原因见上方英文信息）：请检查网络和磁盘空间后重试；"
            "Debian/Ubuntu 缺少 venv 时先运行 apt install python3-venv；仍不行可删除 .venv 后重来。"
        )


def _start(config: Config, host: str, port: int) -> int:
    os.environ.setdefault("FLASK_APP", "app")
    missing = [name for name in ("flask_appbuilder", "waitress") if importlib.util.find_spec(name) is None]
    if missing:
        raise Stop(f"当前 Python 缺少依赖 {'、'.join(missing)}：请去掉 NO_VENV，或先安装 requirements.txt。")
    # Not at the top: these load the whole system, after the quick checks and inside the environment made above.
    from waitress.server import create_server

    from app import create_app
    from app.cli import demo_logins, prepare
    from app.jobs.running import EMBEDDED, start

    app = create_app(config)
    if config.env == "development":
        prepare(app)
    try:
        server = create_server(app, host=host, port=port, threads=8, ident=None)
    except OSError as error:  # taken while the database was being prepared
        raise _port_trouble(error, host, port) from error
    if config.jobs == EMBEDDED:
        start(app)  # what was left waiting begins before anybody comes
    print(f"教师管理信息系统已启动：http://{'[' + host + ']' if ':' in host else host}:{port}/")
    if config.env == "development":
        print(_login_table(demo_logins(app)))
    print("按 Ctrl-C 停止。", flush=True)
    gc.freeze()  # what is loaded by now stays: looking through it again and again would hold pages up
    with contextlib.suppress(KeyboardInterrupt):
        server.run()
    return 0


def _login_table(logins: Sequence[dict[str, object]]) -> str:
    titles = {"role": "角色", "level": "级别", "unit_code": "单位代码", "unit": "单位"}
    titles |= {"username": "用户名", "password": "密码"}
    rows = [list(titles.values())] + [[str(login.get(key) or "") for key in titles] for login in logins]
    widths = [max(_width(cell) for cell in column) for column in zip(*rows, strict=True)]
    lines = ["  ".join(cell + " " * (w - _width(cell)) for cell, w in zip(row, widths, strict=True)) for row in rows]
    return "\n".join(["", "演示账号：", *(f"  {line.rstrip()}" for line in lines), ""])


def _width(text: str) -> int:
    """Return the number of terminal columns: a Chinese character takes two."""
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)


if __name__ == "__main__":
    if sys.version_info < (3, 11):  # noqa: UP036 -- whoever starts it with an older one should read why it stops
        sys.exit("需要 Python 3.11 或更高版本，请用 python3.11 run.py 启动。")
    sys.exit(main(sys.argv[1:]))
