import unittest

from tests import is_alone


class Test(unittest.TestCase):
    def test_start_alone(self):
        self.assertTrue(is_alone())
