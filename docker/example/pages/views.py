import getpass
import os
import time

from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.views.decorators.csrf import csrf_exempt


def home(request):
    return render(request, "home.html", {"user": getpass.getuser(), "parent": os.getppid()})


def slow(request):
    """What is under way when a container is stopped is finished."""

    def parts():
        yield "begun\n"
        time.sleep(float(request.GET.get("seconds", "1")))
        yield "done\n"

    return StreamingHttpResponse(parts(), content_type="text/plain")


@csrf_exempt
def upload(request):
    return HttpResponse(f"{len(request.body)} bytes\n", content_type="text/plain")
