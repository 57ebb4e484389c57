"""全国教师管理信息系统 · 教师资格信息系统: assembles the application."""

import logging
import sys

from flask import Flask
from flask_migrate import Migrate
from flask_wtf import CSRFProtect
from werkzeug.middleware.proxy_fix import ProxyFix

from app import cli
from app.accounts import guard
from app.accounts.security import Builder, Security
from app.accounts.sessions import ServerSessions
from app.core import crypto
from app.core.db import db
from app.core.sections.checks import section_defects
from app.core.ui import error_pages, headers, health, uploads
from app.portal import shell
from app.portal.features import FEATURES, INDEX
from app.records import SECTIONS
from config import ROOT, Config, ConfigError

SEED = ROOT / "seed"

csrf = CSRFProtect()
migrate = Migrate(directory=str(ROOT / "migrations"), compare_type=True, render_as_batch=True)


def create_app(config: Config | None = None) -> Flask:
    """Build the application. Reads nothing from the database; raises ConfigError for a wrong setting."""
    config = config or _settings()
    app = Flask(__name__, instance_path=str(config.instance_path), static_folder=None)
    app.config.update(config.flask_settings())
    app.jinja_options = {"trim_blocks": True, "lstrip_blocks": True}
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    logging.getLogger("app").setLevel(config.log_level)
    if config.proxies:  # the address that logins are counted by is then the one the last of ours has seen
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=config.proxies, x_proto=0)  # type: ignore[method-assign]
    crypto.configure(config.data_key)
    app.session_interface = ServerSessions(config.session_idle_minutes, config.session_max_hours)
    headers.install(app)
    guard.install(app)
    uploads.install(app)
    db.init_app(app)
    migrate.init_app(app, db)
    csrf.init_app(app)
    with app.app_context():
        builder = Builder(app, db.session, indexview=INDEX, security_manager_class=Security)
        for register in FEATURES:
            register(app, builder)
    error_pages.install(app)
    health.install(app)
    shell.install(app)
    cli.install(app)
    _check(app)
    return app


def _settings() -> Config:
    """The settings of the environment; a wrong one ends the process with its sentence, without a traceback."""
    try:
        return Config.from_env()
    except ConfigError as error:
        sys.exit(f"设置不对，没有启动：{error}")


def _check(app: Flask) -> None:
    """Refuse to start with a defective declaration: a screen that half works is worse."""
    tables = [path.stem for path in (SEED / "codes").glob("[A-Z]*.csv")]
    defects = section_defects(SECTIONS, tables)
    if defects:
        raise RuntimeError("\n".join(defects))


__all__ = ["SEED", "create_app"]
