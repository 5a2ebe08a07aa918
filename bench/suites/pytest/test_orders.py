"""Orders and the states they pass through."""

import pytest
from sqlalchemy import Column, ForeignKey, Integer, Text, event
from sqlalchemy.orm import Session, declarative_base, relationship, validates

Base = declarative_base()

NEXT = {
    "new": {"paid", "cancelled"},
    "paid": {"packed", "refunded"},
    "packed": {"shipped"},
    "shipped": {"delivered", "returned"},
    "delivered": {"returned"},
    "returned": {"refunded"},
}


class Order(Base):
    __tablename__ = "orders"
    id = Column(Integer, primary_key=True)
    state = Column(Text, nullable=False, default="new")
    items = relationship("Item", back_populates="order")

    @validates("state")
    def check_state(self, _, state):
        if self.state and state not in NEXT.get(self.state, ()):
            raise ValueError(f"{self.state} order can't become {state}")
        return state


class Item(Base):
    __tablename__ = "item"
    id = Column(Integer, primary_key=True)
    order_id = Column(ForeignKey("orders.id"), nullable=False)
    article = Column(Text, nullable=False)
    order = relationship("Order", back_populates="items")


class Desk:
    """A session stays open, for an order's items are loaded when somebody looks at them."""

    engine = None
    sessions = {}

    @classmethod
    def order(cls, state, articles=1):
        session = cls.sessions.get(state) or cls.sessions.setdefault(state, Session(cls.engine))
        order = Order(state=state, items=[Item(article=f"article {n}") for n in range(articles)])
        session.add(order)
        session.commit()
        session.refresh(order)
        return session, order


@pytest.fixture(scope="module", autouse=True)
def orders(engine):
    Desk.engine = engine
    Base.metadata.create_all(engine)


@pytest.mark.parametrize(("state", "next_state"), [(old, new) for old in NEXT for new in sorted(NEXT[old])])
def test_step(state, next_state):
    session, order = Desk.order(state)
    order.state = next_state
    session.commit()
    session.refresh(order)
    assert order.state == next_state


@pytest.mark.parametrize(("state", "next_state"), [
    ("new", "shipped"), ("new", "refunded"), ("paid", "new"), ("packed", "cancelled"), ("shipped", "paid"),
    ("delivered", "cancelled"), ("returned", "shipped"),
])
def test_step_is_refused(state, next_state):
    session, order = Desk.order(state)
    with pytest.raises(ValueError, match=f"{state} order can't become {next_state}"):
        order.state = next_state
    session.refresh(order)
    assert order.state == state


@pytest.mark.parametrize("count", [0, 1, 2, 10, 100, 1_000])
def test_items_are_loaded_late(count):
    session, order = Desk.order("new", count)
    session.expire_all()
    assert [item.article for item in order.items] == [f"article {n}" for n in range(count)]


@pytest.mark.parametrize("count", [1, 5, 50])
def test_items_come_in_one_query(count):
    session, order = Desk.order("paid", count)
    queries = []
    event.listen(Desk.engine, "before_cursor_execute", lambda *arguments: queries.append(arguments[2]))
    assert len(order.items) == count and len(queries) == 1
