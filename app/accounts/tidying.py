"""What has run out and may go: sessions, login counters, passwords to hand out, drafts, searches, plans and jobs."""

import datetime as dt

from sqlalchemy import delete, or_, select
from sqlalchemy.orm import Session

from app.accounts.guesses import NAME_WINDOW
from app.accounts.models import Account, Captcha, InitialPassword, LoginThrottle, ServerSession
from app.core import batches
from app.core.batches import BatchAction
from app.core.drafts import Draft
from app.core.file_plans import KEPT, FilePlan
from app.core.jobs import Job
from app.core.ui.listing import StoredSearch

KEEP_SEARCHES = dt.timedelta(days=1)
KEEP_DRAFTS = dt.timedelta(days=180)


def remove_expired(session: Session, now: dt.datetime, idle: dt.timedelta) -> int:
    """Delete what has run out; how many rows went. Commits nothing."""
    never_locked, open_again = LoginThrottle.locked_until.is_(None), LoginThrottle.locked_until < now - NAME_WINDOW
    expired = select(Account.id).where(Account.initial_until < now)
    gone = (
        delete(ServerSession).where(ServerSession.seen_at < now - idle),
        delete(StoredSearch).where(StoredSearch.at < now - KEEP_SEARCHES),
        delete(LoginThrottle).where(LoginThrottle.since < now - NAME_WINDOW, or_(never_locked, open_again)),
        delete(Captcha).where(Captcha.expires_at < now),
        delete(InitialPassword).where(InitialPassword.user_id.in_(expired)),
        delete(Draft).where(Draft.saved_at < now - KEEP_DRAFTS),
        delete(BatchAction).where(BatchAction.at < now - batches.KEEP),
        delete(FilePlan).where(FilePlan.at < now - KEPT),
        delete(Job).where(Job.expires_at < now),
    )
    return sum(session.execute(statement).rowcount for statement in gone)  # type: ignore[attr-defined]
