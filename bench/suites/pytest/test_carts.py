"""Shopping carts, through the ORM and one session per customer."""

import pytest
from sqlalchemy import Column, ForeignKey, Integer, Text
from sqlalchemy.orm import declarative_base, relationship, sessionmaker

Base = declarative_base()
Session = sessionmaker()

CUSTOMERS = ["ada", "blaise", "carl", "dorothy", "emmy", "felix", "grace", "henri", "ida", "john"]


class Cart(Base):
    __tablename__ = "cart"
    id = Column(Integer, primary_key=True)
    customer = Column(Text, unique=True, nullable=False)
    lines = relationship("Line", cascade="all, delete-orphan", order_by="Line.id", back_populates="cart")

    @property
    def total(self):
        return sum(line.quantity * line.cents for line in self.lines)

    def add(self, sku, quantity=1, cents=100):
        for line in self.lines:
            if line.sku == sku:
                line.quantity += quantity
                return
        self.lines.append(Line(sku=sku, quantity=quantity, cents=cents))


class Line(Base):
    __tablename__ = "line"
    id = Column(Integer, primary_key=True)
    cart_id = Column(ForeignKey("cart.id"), nullable=False)
    sku = Column(Text, nullable=False)
    quantity = Column(Integer, nullable=False)
    cents = Column(Integer, nullable=False)
    cart = relationship("Cart", back_populates="lines")


@pytest.fixture(scope="module", autouse=True)
def carts(engine):
    Base.metadata.create_all(engine)
    Session.configure(bind=engine)


class TestCart:
    browsers = {}

    def cart_of(self, customer):
        """The customer's cart, emptied; a browser stays open as long as its customer likes."""
        session = self.browsers.setdefault(customer, Session())
        cart = session.query(Cart).filter_by(customer=customer).one_or_none() or Cart(customer=customer)
        cart.lines.clear()
        session.add(cart)
        session.commit()
        return session, cart

    @pytest.mark.parametrize("customer", CUSTOMERS)
    def test_cart_survives_a_reload(self, customer):
        session, cart = self.cart_of(customer)
        cart.add("tea", 2)
        cart.add("cake")
        session.commit()
        session.expire_all()
        assert [(line.sku, line.quantity) for line in cart.lines] == [("tea", 2), ("cake", 1)]

    @pytest.mark.parametrize(("lines", "total"), [
        ([], 0),
        ([("tea", 1, 250)], 250),
        ([("tea", 3, 250), ("cake", 1, 399)], 1149),
        ([("gift wrap", 1, 0)], 0),
        ([(f"item {i}", i, 10) for i in range(1, 21)], 2100),
    ])
    def test_total(self, lines, total):
        session, cart = self.cart_of("ada")
        for line in lines:
            cart.add(*line)
        session.commit()
        assert cart.total == total

    @pytest.mark.parametrize("times", [2, 3, 10])
    def test_same_article_makes_one_line(self, times):
        session, cart = self.cart_of("grace")
        for _ in range(times):
            cart.add("tea")
            session.commit()
        assert [line.quantity for line in cart.lines] == [times]

    def test_removed_line_is_deleted(self):
        session, cart = self.cart_of("emmy")
        cart.add("tea")
        session.commit()
        cart.lines.pop()
        session.commit()
        assert session.query(Line).filter_by(cart_id=cart.id).count() == 0

    def test_carts_are_apart(self):
        (_, hers), (session, his) = self.cart_of("ida"), self.cart_of("john")
        his.add("tea")
        session.commit()
        assert len(his.lines) == 1 and len(hers.lines) == 0
