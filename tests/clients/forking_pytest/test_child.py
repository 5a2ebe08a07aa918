import os


def test_child_uses_the_session(session):
    child = os.fork()
    if child == 0:
        session.cursor().execute("select 1")
        os._exit(0)
    os.waitpid(child, 0)
