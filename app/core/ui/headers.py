"""Headers: what a browser asks for, and what it may load, keep and tell others."""

import secrets

from flask import Flask, Response, g, request

POLICY = (
    "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; object-src 'none'; "
    "base-uri 'none'; frame-ancestors 'none'; form-action 'self'"
)
STATIC = (".static",)
KEPT_PRIVATELY = ("CodeFinderView.find",)  # the same for everybody, but only for who is logged in


def install(app: Flask) -> None:
    """Register the hooks."""
    app.before_request(number_request)
    app.after_request(add_headers)


def number_request() -> None:
    """Give the request a number that appears in logs and audit rows."""
    g.request_id = secrets.token_hex(8)


def wants_json() -> bool:
    """Whether a script of ours asks: it reads the answer itself, a page would be lost on it."""
    return request.is_json or request.accept_mimetypes.best == "application/json"


def add_headers(response: Response) -> Response:
    """Strict headers on every answer; pages with personal data are not kept by caches or the back button."""
    response.headers.setdefault("Content-Security-Policy", POLICY)
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers.setdefault("X-Frame-Options", "DENY")
    response.headers["Referrer-Policy"] = "same-origin"
    response.headers["X-Request-Id"] = g.get("request_id", "")
    if request.is_secure:
        response.headers["Strict-Transport-Security"] = "max-age=31536000"
    if request.endpoint and request.endpoint.endswith(STATIC):
        response.headers["Cache-Control"] = (
            "public, max-age=31536000" if request.args.get("v") else "public, max-age=3600"
        )
    elif request.endpoint in KEPT_PRIVATELY and response.status_code == 200:
        response.headers["Cache-Control"] = "private, max-age=600"
    else:
        response.headers["Cache-Control"] = "no-store"
    return response
