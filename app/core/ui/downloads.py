"""Files for the browser: to save, or to look at in a frame of their own where nothing of them can run."""

from io import BytesIO

from flask import Response, send_file

from app.core.documents import PDF

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
LOOK_AT = "default-src 'none'; style-src 'unsafe-inline'; img-src 'self'; frame-ancestors 'self'"


def send_to_save(content: bytes, media_type: str, name: str) -> Response:
    """A file to save."""
    response = send_file(BytesIO(content), mimetype=media_type, as_attachment=True, download_name=name)
    response.headers["Content-Security-Policy"] = "sandbox"
    return response


def send_to_look_at(content: bytes, media_type: str, name: str) -> Response:
    """A picture or PDF that the browser shows, alone or inside our own pages."""
    response = send_file(BytesIO(content), mimetype=media_type, download_name=name)
    # Older browsers keep their own PDF viewer out of a sandbox; scripts and loading are forbidden without it too.
    response.headers["Content-Security-Policy"] = LOOK_AT if media_type == PDF else f"{LOOK_AT}; sandbox"
    response.headers["X-Frame-Options"] = "SAMEORIGIN"
    return response


def send_workbook(content: bytes, name: str) -> Response:
    """An Excel file to save."""
    return send_to_save(content, XLSX, name)


def send_pdf(content: bytes, name: str) -> Response:
    """A PDF to save."""
    return send_to_save(content, PDF, name)
