"""Personal numbers at rest: AES-256-GCM for the value, a keyed hash for looking it up.

The cipher sits behind `encrypt`/`decrypt`, so that another one can take its place.
"""

import base64
import hashlib
import hmac
import os
import zlib
from typing import Any

import orjson
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import LargeBinary, Text
from sqlalchemy.types import TypeDecorator

_VERSION = "1"
_NONCE_BYTES = 12
_keys: dict[str, bytes] = {}


def configure(data_key: bytes) -> None:
    """Derive the working keys from the installation's data key. Called once by create_app."""
    for purpose in ("cipher", "lookup"):
        _keys[purpose] = hmac.new(data_key, f"teacher-record/{purpose}".encode(), hashlib.sha256).digest()


def _seal(content: bytes, context: str) -> bytes:
    nonce = os.urandom(_NONCE_BYTES)
    return nonce + AESGCM(_keys["cipher"]).encrypt(nonce, content, context.encode())


def _unseal(sealed: bytes, context: str) -> bytes:
    return AESGCM(_keys["cipher"]).decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], context.encode())


def encrypt(text: str, context: str) -> str:
    """Encrypt a text. `context` (table.column) is authenticated: a value moved to another column cannot be read."""
    return f"{_VERSION}.{base64.b64encode(_seal(text.encode(), context)).decode()}"


def decrypt(stored: str, context: str) -> str:
    """The reverse of `encrypt`. Raises InvalidTag when the value was changed or moved."""
    version, _, payload = stored.partition(".")
    if version != _VERSION:
        raise ValueError("unknown cipher version")
    return _unseal(base64.b64decode(payload), context).decode()


def encrypt_bytes(content: bytes, context: str) -> bytes:
    """The same for a whole file; `context` names the file."""
    return _VERSION.encode() + _seal(content, context)


def decrypt_bytes(stored: bytes, context: str) -> bytes:
    """The reverse of `encrypt_bytes`. Raises InvalidTag when the file was changed or stands under another's name."""
    if stored[:1] != _VERSION.encode():
        raise ValueError("unknown cipher version")
    return _unseal(stored[1:], context)


def blind_index(text: str, purpose: str) -> str:
    """A keyed hash (32 hex digits) by which a value is found and kept unique without being readable."""
    return hmac.new(_keys["lookup"], f"{purpose}:{text}".encode(), hashlib.sha256).hexdigest()[:32]


class EncryptedText(TypeDecorator[str]):
    """A text column that is encrypted in the database."""

    impl = Text
    cache_ok = True

    def __init__(self, context: str) -> None:
        super().__init__()
        self.context = context

    def process_bind_param(self, value: str | None, dialect: Any) -> str | None:
        return None if value is None else encrypt(value, self.context)

    def process_result_value(self, value: str | None, dialect: Any) -> str | None:
        return None if value is None else decrypt(value, self.context)


class EncryptedJson(TypeDecorator[Any]):
    """A JSON value that is encrypted in the database (drafts, import plans: they hold what people typed)."""

    impl = Text
    cache_ok = True

    def __init__(self, context: str) -> None:
        super().__init__()
        self.context = context

    def process_bind_param(self, value: Any, dialect: Any) -> str | None:
        return None if value is None else encrypt(orjson.dumps(value).decode(), self.context)

    def process_result_value(self, value: str | None, dialect: Any) -> Any:
        return None if value is None else orjson.loads(decrypt(value, self.context))


class PackedJson(TypeDecorator[Any]):
    """The same for a large value: compressed before it is encrypted."""

    impl = LargeBinary
    cache_ok = True

    def __init__(self, context: str) -> None:
        super().__init__()
        self.context = context

    def process_bind_param(self, value: Any, dialect: Any) -> bytes | None:
        if value is None:
            return None
        return encrypt_bytes(zlib.compress(orjson.dumps(value), 1), self.context)

    def process_result_value(self, value: bytes | None, dialect: Any) -> Any:
        return None if value is None else orjson.loads(zlib.decompress(decrypt_bytes(value, self.context)))
