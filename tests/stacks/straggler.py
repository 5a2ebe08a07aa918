"""Leaves a connection in a transaction behind, uses it again and prints what it is told."""
import os

import psycopg2

os.environ["PQSWEEP_TAG"] = "one"
connection = psycopg2.connect("")    # for straggler
cursor = connection.cursor()
cursor.execute("select 1")
os.environ["PQSWEEP_TAG"] = "two"
try:
    cursor.execute("select 2")
except psycopg2.errors.AdminShutdown as error:
    print(" ".join(error.diag.message_detail.split()))
