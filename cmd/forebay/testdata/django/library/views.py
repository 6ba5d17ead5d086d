import hashlib

from django.conf import settings
from django.contrib import messages
from django.http import FileResponse, JsonResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.csrf import csrf_exempt

from .forms import DocumentForm, NoteForm
from .models import Document, Note


def home(request):
    return render(request, "library/home.html")


def notes(request):
    form = NoteForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        form.save()
        messages.success(request, "The note is kept.")
        return redirect("notes")
    return render(request, "library/notes.html", {"form": form, "notes": Note.objects.order_by("pk")})


def documents(request):
    form = DocumentForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        digest = hashlib.sha256()
        for piece in request.FILES["file"].chunks():
            digest.update(piece)
        form.instance.sha256 = digest.hexdigest()
        form.save()
        return redirect("document", pk=form.instance.pk)
    return render(request, "library/documents.html", {"form": form, "documents": Document.objects.order_by("pk")})


def document(request, pk):
    found = get_object_or_404(Document, pk=pk)
    response = FileResponse(found.file.open("rb"), as_attachment=True)
    response["X-Sha256"] = found.sha256
    return response


def stream(request):
    def pieces():
        yield "piece 1\n"
        with open(settings.GATE, "rb", buffering=0) as gate:
            number = 2
            while gate.read(1):
                yield f"piece {number}\n"
                number += 1

    return StreamingHttpResponse(pieces(), content_type="text/plain; charset=utf-8")


@csrf_exempt
def echo(request, name):
    return JsonResponse(
        {
            "method": request.method,
            "name": name,
            "path": request.path,
            "query": request.GET.dict(),
            "length": request.META.get("CONTENT_LENGTH"),
            "sha256": hashlib.sha256(request.body).hexdigest(),
            "host": request.get_host(),
            "scheme": request.scheme,
        }
    )


def broken(request):
    raise RuntimeError("this view is broken")
