"""Django's admin over the same rows, as its tutorial shows it.

    gunicorn tests.benchmarks.plain_django:application

PLAIN_ROWS and PLAIN_UNITS as in plain_fab; PLAIN_SEARCH: all (each coded item is a filter) or few.
"""

import json
import os
from urllib.parse import parse_qsl, urlsplit

import django
from django.apps import AppConfig
from django.conf import settings

from tests.benchmarks.plain import CODED, COLUMNS, PAGE, PASSWORD, PLACES, username

UNITS = json.loads(os.environ.get("PLAIN_UNITS", "{}"))
ROWS = urlsplit(os.environ["PLAIN_ROWS"])

settings.configure(
    SECRET_KEY="plain", ALLOWED_HOSTS=["127.0.0.1"], ROOT_URLCONF=__name__, USE_TZ=False, STATIC_URL="/static/",
    DEFAULT_AUTO_FIELD="django.db.models.AutoField",
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.postgresql", "NAME": ROWS.path[1:], "USER": ROWS.username,
            "PASSWORD": ROWS.password or "", "HOST": ROWS.hostname, "PORT": ROWS.port or 5432, "CONN_MAX_AGE": 600,
            "OPTIONS": dict(parse_qsl(ROWS.query)),
        },
    },
    INSTALLED_APPS=[
        "django.contrib.admin", "django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions",
        "django.contrib.messages", f"{__name__}.Plain",
    ],
    MIDDLEWARE=[
        "django.middleware.security.SecurityMiddleware", "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.common.CommonMiddleware", "django.middleware.csrf.CsrfViewMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.contrib.messages.middleware.MessageMiddleware",
    ],
    TEMPLATES=[{
        "BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True,
        "OPTIONS": {"context_processors": [
            "django.template.context_processors.request", "django.contrib.auth.context_processors.auth",
            "django.contrib.messages.context_processors.messages",
        ]},
    }],
)  # fmt: skip


class Plain(AppConfig):
    name, label, path = "tests.benchmarks", "plain", os.path.dirname(__file__)


django.setup()

from django.contrib import admin  # noqa: E402 - only after the settings
from django.contrib.auth.models import User  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.db import models  # noqa: E402
from django.urls import path  # noqa: E402


class Unit(models.Model):
    name = models.CharField(max_length=100)

    class Meta:
        app_label, managed, db_table = "plain", False, "unit"

    def __str__(self):
        return self.name


class Teacher(models.Model):
    name = models.CharField(max_length=50)
    birth_date = models.DateField()
    id_number_tail = models.CharField(max_length=4)
    status = models.CharField(max_length=30)
    updated_at = models.DateTimeField()
    province_id = models.IntegerField()
    county_id = models.IntegerField()
    unit = models.ForeignKey(Unit, models.DO_NOTHING)

    class Meta:
        app_label, managed, db_table = "plain", False, "teacher"


for coded in CODED:
    Teacher.add_to_class(coded, models.CharField(max_length=200))


class TeacherAdmin(admin.ModelAdmin):
    list_display = COLUMNS
    list_per_page = PAGE
    list_select_related = ("unit",)
    search_fields = ("name",)
    list_filter = CODED if os.environ.get("PLAIN_SEARCH") == "all" else ()

    def get_queryset(self, request):
        level = request.user.username.removeprefix(username(""))
        place = PLACES[level]
        rows = super().get_queryset(request)
        return rows.filter(**{place: UNITS[level]}) if place else rows


admin.site.register(Teacher, TeacherAdmin)
urlpatterns = [path("admin/", admin.site.urls)]


def prepare():
    """Make the tables and the users."""
    call_command("migrate", verbosity=0)
    for level in PLACES:
        if not User.objects.filter(username=username(level)).exists():
            User.objects.create_superuser(username(level), password=PASSWORD)


prepare()
application = get_wsgi_application()
