"""The features in the order in which they are plugged in. Nothing registers itself by being imported."""

from app.accounts import account_import_views, account_views, look_up_choice_views, me_views, role_views, stand_in_views
from app.accounts import views as accounts
from app.collection import (
    chain_views,
    look_up_views,
    progress_views,
    reason_views,
    review,
    rounds_late_views,
    rounds_views,
    teacher_account_views,
)
from app.collection import views as collection
from app.core.ui import blueprint as core_ui
from app.dictionary import views as dictionary
from app.documents.record import views as record_document
from app.indicators import views as indicators
from app.jobs import views as jobs
from app.messages import views as messages
from app.organisations import views as organisations
from app.portal import home, my, my_files
from app.records import attachment_views, photo_batch_views, photo_views
from app.records import views as records
from app.spreadsheets import views as spreadsheets
from app.statistics import views as statistics

INDEX = home.HomeView
FEATURES = (
    core_ui.register,
    accounts.register,
    account_views.register,
    account_import_views.register,
    role_views.register,
    me_views.register,
    messages.register,
    look_up_choice_views.register,
    stand_in_views.register,
    organisations.register,
    dictionary.register,
    indicators.register,
    records.register,
    attachment_views.register,
    photo_views.register,
    photo_batch_views.register,
    collection.register,
    review.register,
    progress_views.register,
    reason_views.register,
    teacher_account_views.register,
    chain_views.register,
    rounds_views.register,
    rounds_late_views.register,
    look_up_views.register,
    jobs.register,
    spreadsheets.register,
    record_document.register,
    statistics.register,
    my.register,
    my_files.register,
)


__all__ = ["FEATURES", "INDEX"]
