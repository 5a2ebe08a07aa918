"""Notifications reach whoever listens."""

import select

import psycopg2
import pytest

CHANNELS = ["orders", "payments", "refunds", "returns", "reviews", "stock", "support"]

subscribers = {}


class Subscriber:
    def __init__(self, dsn, channel):
        self.connection = psycopg2.connect(dsn)
        self.connection.autocommit = True
        self.run(f"listen {channel}")

    def run(self, query, *parameters):
        with self.connection.cursor() as cursor:
            cursor.execute(query, parameters)

    def receive(self, count):
        received = []
        while len(received) < count and select.select([self.connection], [], [], 5)[0]:
            self.connection.poll()
            while self.connection.notifies:
                received.append(self.connection.notifies.pop(0).payload)
        return received

    def hears_nothing(self):
        # A round trip brings everything committed so far.
        self.run("select")
        return not self.connection.notifies


@pytest.fixture
def subscriber(dsn):
    def subscriber(channel):
        if channel not in subscribers:
            subscribers[channel] = Subscriber(dsn, channel)
        return subscribers[channel]
    return subscriber


@pytest.fixture
def publisher(subscriber):
    publisher = subscriber("publishers")
    yield publisher
    publisher.connection.autocommit = True


@pytest.mark.parametrize("channel", CHANNELS)
def test_notification_arrives(subscriber, publisher, channel):
    listening = subscriber(channel)
    publisher.run(f"notify {channel}, 'hello'")
    assert listening.receive(1) == ["hello"]


@pytest.mark.parametrize("payload", ["", "42", "two words", "o'clock", "Ω", "x" * 7999])
def test_payload_is_intact(subscriber, publisher, payload):
    listening = subscriber("orders")
    publisher.run("select pg_notify('orders', %s)", payload)
    assert listening.receive(1) == [payload]


def test_order_is_kept(subscriber, publisher):
    listening = subscriber("stock")
    publisher.run("select pg_notify('stock', n::text) from generate_series(1, 500) n")
    assert listening.receive(500) == [str(n) for n in range(1, 501)]


def test_nothing_is_sent_before_commit(subscriber, publisher):
    listening = subscriber("payments")
    publisher.connection.autocommit = False
    publisher.run("notify payments, 'paid'")
    assert listening.hears_nothing()
    publisher.connection.commit()
    assert listening.receive(1) == ["paid"]


def test_rollback_takes_it_back(subscriber, publisher):
    listening = subscriber("refunds")
    publisher.connection.autocommit = False
    publisher.run("notify refunds, 'refunded'")
    publisher.connection.rollback()
    assert listening.hears_nothing()


def test_duplicates_are_merged(subscriber, publisher):
    listening = subscriber("reviews")
    publisher.run("notify reviews, 'again'; notify reviews, 'again'")
    assert listening.receive(1) == ["again"] and listening.hears_nothing()
