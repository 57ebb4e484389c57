"""What has run out and may go: sessions, login counters, passwords to hand out, drafts, searches and jobs."""

import datetime as dt

from sqlalchemy import delete
from sqlalchemy.orm import Session

from app.accounts.models import InitialPassword, LoginThrottle, ServerSession
from app.core.drafts import Draft
from app.core.jobs import Job
from app.core.ui.listing import StoredSearch

KEEP_SEARCHES = dt.timedelta(days=1)
KEEP_THROTTLES = dt.timedelta(days=1)
KEEP_DRAFTS = dt.timedelta(days=180)


def remove_expired(session: Session, now: dt.datetime, idle: dt.timedelta) -> int:
    """Delete what has run out; how many rows went. Commits nothing."""
    gone = (
        delete(ServerSession).where(ServerSession.seen_at < now - idle),
        delete(StoredSearch).where(StoredSearch.at < now - KEEP_SEARCHES),
        delete(LoginThrottle).where(LoginThrottle.locked_until < now - KEEP_THROTTLES),
        delete(InitialPassword).where(InitialPassword.expires_at < now),
        delete(Draft).where(Draft.saved_at < now - KEEP_DRAFTS),
        delete(Job).where(Job.expires_at < now),
    )
    return sum(session.execute(statement).rowcount for statement in gone)  # type: ignore[attr-defined]
