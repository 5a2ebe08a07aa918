"""Accounts: every role logs in for itself and sees what it may."""

import functools

import psycopg2
import pytest

ROLES = ["owner", "manager", "clerk", "cashier", "buyer", "auditor", "support", "guest", "robot"]


@functools.lru_cache(maxsize=None)
def log_in(dsn, role):
    connection = psycopg2.connect(dsn, application_name=f"shop {role}")
    connection.autocommit = True
    run(connection, "select set_config('shop.role', %s, false)", role)
    return connection


def run(connection, query, *parameters):
    with connection.cursor() as cursor:
        cursor.execute(query, parameters)
        return cursor.fetchall() if cursor.description else None


@pytest.fixture(scope="module", autouse=True)
def accounts(dsn):
    owner = log_in(dsn, "owner")
    run(owner, "create table account (role text primary key, email text, logins int not null default 0)")
    run(owner, "create table permission (role text references account, verb text, primary key (role, verb))")
    run(owner, "create view my_account as select * from account where role = current_setting('shop.role')")
    run(owner, "insert into account select role, role || '@shop.example' from unnest(%s) role", ROLES)
    run(owner, """insert into permission values ('owner', 'refund'), ('manager', 'refund'), ('clerk', 'sell'),
                  ('cashier', 'sell'), ('auditor', 'read'), ('support', 'read')""")


@pytest.mark.parametrize("role", ROLES)
def test_login_is_counted(dsn, role):
    run(log_in(dsn, role), "update my_account set logins = logins + 1")
    assert run(log_in(dsn, role), "select logins from my_account") == [(1,)]


@pytest.mark.parametrize("role", ROLES)
def test_role_sees_only_itself(dsn, role):
    assert run(log_in(dsn, role), "select role, email from my_account") == [(role, f"{role}@shop.example")]


@pytest.mark.parametrize(("role", "verb", "allowed"), [
    ("owner", "refund", True), ("manager", "refund", True), ("clerk", "sell", True),
    ("clerk", "refund", False), ("guest", "read", False), ("robot", "sell", False),
])
def test_permission(dsn, role, verb, allowed):
    query = "select exists (select from my_account join permission using (role) where verb = %s)"
    assert run(log_in(dsn, role), query, verb) == [(allowed,)]
