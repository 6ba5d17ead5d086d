from django.urls import path

from . import views

urlpatterns = [
    path("", views.home, name="home"),
    path("notes/", views.notes, name="notes"),
    path("documents/", views.documents, name="documents"),
    path("documents/<int:pk>/", views.document, name="document"),
    path("stream/", views.stream, name="stream"),
    path("echo/<str:name>/", views.echo, name="echo"),
    path("broken/", views.broken, name="broken"),
]
