"""The three kinds of errors: the user can mend it, it is not allowed, it is our fault."""


class AppError(Exception):
    """Something the user can mend. The message is a Chinese sentence: what is wrong and what to do."""

    status = 400

    def __init__(self, message: str, *, field: str | None = None, status: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.field = field
        self.status = status or self.status


class Conflict(AppError):
    """Somebody else was faster; nothing was changed."""

    status = 409


class NotAllowed(AppError):
    """The actor lacks the right, or the state forbids it."""

    status = 403


class NotFound(AppError):
    """No such record within the actor's scope; foreign records look the same as missing ones."""

    status = 404


class OutOfScope(PermissionError):
    """A write outside the actor's scope reached the database layer: a defect of the caller, never shown in detail."""


class NoScope(PermissionError):
    """A session without a scope touched scoped data."""
