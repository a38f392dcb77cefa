"""The settings of an API in Django. A set-up of CORS replaces the mark at the end."""

SECRET_KEY = "only-for-tests"
ALLOWED_HOSTS = ["*"]
ROOT_URLCONF = "django_urls"
INSTALLED_APPS = []
MIDDLEWARE = ["django.middleware.common.CommonMiddleware"]

# {{ CORS }}
