from django.contrib import admin

from .models import Document, Note

admin.site.register(Note)
admin.site.register(Document)
