def test_leaks(leak):
    leak.cursor().execute("select 1")
