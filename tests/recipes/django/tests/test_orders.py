from django.contrib.contenttypes.models import ContentType
from django.test import TestCase

from tests import is_alone


class Test(TestCase):
    def test_start_alone(self):
        self.assertTrue(is_alone())

    def test_with_the_shared_connection(self):
        ContentType.objects.create(app_label="shop", model="orders")
        self.assertEqual(ContentType.objects.filter(app_label="shop").count(), 1)
