"""The web server in production: `gunicorn 'app:create_app()'` reads this file; the command line goes before it."""

import gc
from typing import Any

preload_app = True  # the processes share what they have loaded
threads = 4
timeout = 120  # a large upload on a slow line


def pre_fork(_server: Any, _worker: Any) -> None:
    """What is loaded by now stays: the collector need not touch it, and so not copy it for each process."""
    gc.freeze()
