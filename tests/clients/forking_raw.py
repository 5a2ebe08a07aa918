"""Children that end, close and tag as they like, in a fork with handlers and in one without; then the parent waits."""
import ctypes
import os
import sys

import psycopg2

connection = psycopg2.connect("")
for fork in os.fork, ctypes.CDLL(None)._Fork:
    child = fork()
    if child == 0:
        os.environ["PQSWEEP_TAG"] = "child"
        os.environ["PQSWEEP_TAG"] = ""
        connection.cursor()
        ctypes.CDLL(None).setenv(b"PQSWEEP_TAG", b"child again", 1)
        os.kill(os.getpid(), 9)
    os.waitpid(child, 0)
print("forked", flush=True)
sys.stdin.readline()
connection.cursor().execute("select 1")
print("works", flush=True)
