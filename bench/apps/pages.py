"""Pages of Django with a new project's middleware: /list shows 50 rows that are there already, and /query asks sqlite for
them first. "pages.py create" makes the database beside this file."""

import os
import sys

import django
from django.conf import settings

HERE = os.path.dirname(os.path.abspath(__file__))
SHOWN = 50
LAYOUT = """<!doctype html>
<title>{% block title %}{% endblock %}</title>
<nav><a href="{% url 'list' %}">list</a> <a href="{% url 'query' %}">query</a></nav>
{% block content %}{% endblock %}
"""
LIST = """{% extends "layout.html" %}
{% block title %}{{ rows|length }} rows{% endblock %}
{% block content %}<table>
{% for row in rows %}<tr class="{% cycle 'odd' 'even' %}"><td>{{ row.id }}<td>{{ row.name|title }}<td>{{ row.price|floatformat:2 }}
{% endfor %}</table>{% endblock %}
"""

settings.configure(
    ALLOWED_HOSTS=["*"],
    SECRET_KEY="known to everybody",
    ROOT_URLCONF=__name__,
    INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions", "django.contrib.messages"],
    MIDDLEWARE=[
        "django.middleware.security.SecurityMiddleware",
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.common.CommonMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.contrib.messages.middleware.MessageMiddleware",
        "django.middleware.clickjacking.XFrameOptionsMiddleware",
    ],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": os.path.join(HERE, "pages.db"), "CONN_MAX_AGE": None}},
    DEFAULT_AUTO_FIELD="django.db.models.AutoField",
    TEMPLATES=[{
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "OPTIONS": {"loaders": [("django.template.loaders.cached.Loader", [
            ("django.template.loaders.locmem.Loader", {"layout.html": LAYOUT, "list.html": LIST}),
        ])]},
    }],
    USE_TZ=True,
)
django.setup()

from django.core.wsgi import get_wsgi_application  # noqa: E402: all that follows wants the settings
from django.db import connection, models  # noqa: E402
from django.shortcuts import render  # noqa: E402
from django.urls import path  # noqa: E402


class Row(models.Model):
    name = models.CharField(max_length=50)
    price = models.FloatField()

    class Meta:
        app_label = "pages"


ROWS = [{"id": i, "name": "row %d" % i, "price": i * 1.25} for i in range(SHOWN)]


def show_list(request):
    return render(request, "list.html", {"rows": ROWS})


def show_query(request):
    rows = list(Row.objects.filter(price__gte=100).order_by("price")[:SHOWN])
    return render(request, "list.html", {"rows": rows})


urlpatterns = [path("list", show_list, name="list"), path("query", show_query, name="query")]
application = get_wsgi_application()


def create():
    with connection.schema_editor() as editor:
        editor.create_model(Row)
    Row.objects.bulk_create([Row(name="row %d" % i, price=i * 1.25) for i in range(1000)])


if __name__ == "__main__" and sys.argv[1:] == ["create"]:
    create()
