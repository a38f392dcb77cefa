"""The routes of an API in Django."""

from django.http import JsonResponse
from django.urls import path


def items(request, number=None):
    return JsonResponse({"number": number})


def broken(request):
    raise RuntimeError("broken on purpose")


urlpatterns = [
    path("items", items),
    path("items/<int:number>", items),
    path("broken", broken),
]
