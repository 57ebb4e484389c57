"""Files for the browser: always as an attachment, never rendered inside the site."""

from io import BytesIO

from flask import Response, send_file

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def send_workbook(content: bytes, name: str) -> Response:
    """An Excel file to save."""
    response = send_file(BytesIO(content), mimetype=XLSX, as_attachment=True, download_name=name)
    response.headers["Content-Security-Policy"] = "sandbox"
    return response
