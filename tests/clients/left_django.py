import os
import sys

import django
from django.conf import settings
from django.db import connections, transaction

NAMES = ("default", "busy", "closed")
settings.configure(DATABASES={
    name: {"ENGINE": "django.db.backends.postgresql", "NAME": os.environ["PGDATABASE"]} for name in NAMES})


def use(name):
    try:
        with connections[name].cursor() as cursor:
            cursor.execute("select 42")
            return cursor.fetchone()[0]
    except django.db.Error as error:
        return f"{type(error).__name__} {error.__cause__.pgcode} {str(error).splitlines()[0]}"


for name in NAMES:
    use(name)
transaction.set_autocommit(False, "busy")
use("busy")
connections["closed"].close()
print("open", django.__version__, flush=True)

if tag := sys.stdin.readline().strip():
    os.environ["PQSWEEP_TAG"] = tag
print("changed", flush=True)

sys.stdin.readline()
print("idle:", use("default"))
print("transaction:", use("busy"))
