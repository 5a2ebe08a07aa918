import os

DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "HOST": os.environ["PGHOST"],
        "PORT": os.environ["PGPORT"],
        "USER": os.environ["PGUSER"],
        "NAME": "recipe",
        # Shared by all modules, and none of those that they leave open.
        "OPTIONS": {"application_name": "shared"},
    }
}
INSTALLED_APPS = ["django.contrib.contenttypes"]
SECRET_KEY = "no secret"
