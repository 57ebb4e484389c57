"""The features in the order in which they are plugged in. Nothing registers itself by being imported."""

from app.accounts import views as accounts
from app.collection import review
from app.collection import views as collection
from app.core.ui import blueprint as core_ui
from app.organisations import views as organisations
from app.portal import home, my
from app.records import views as records
from app.spreadsheets import views as spreadsheets

INDEX = home.HomeView
FEATURES = (
    core_ui.register,
    accounts.register,
    organisations.register,
    records.register,
    collection.register,
    review.register,
    spreadsheets.register,
    my.register,
)


__all__ = ["FEATURES", "INDEX"]
