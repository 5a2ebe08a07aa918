// Random SQL that makes something of a session, in the ways in which programs write it, and SQL that makes nothing of it.
// `world` makes what it refers to.
#pragma once

#include <random>
#include <string>
#include <string_view>
#include <vector>

constexpr const char* world[] = {
    "create schema other",
    "create table public.thing as select 'public'::text as thing",
    "create table other.thing as select 'other'::text as thing",
    "create table made(i int)",
    "create table numbered(i serial)",
    "create sequence counter",
    "create function set_it(name text, value text) returns text language sql"
    " as $$ select pg_catalog.set_config(name, value, false) $$",
    "create procedure set_later(name text, value text) language plpgsql"
    " as $$ begin execute format('set %s = %L', name, value); end $$",
    "create function lock_it(key int) returns void language sql as $$ select "
    "pg_catalog.pg_advisory_lock(key) $$",
    "create function make_temp() returns void language plpgsql"
    " as $$ begin create temp table if not exists hidden(i int); end $$",
    "create function innocent() returns int language sql as $$ select 1 $$",
    "grant all on all tables in schema public, other to public",
    "grant all on all sequences in schema public to public",
    "grant all on schema public, other to public",
};

// Undoes what makes two databases differ if one of them has missed a statement.
constexpr const char* world_again =
    "drop table if exists public.made, other.made; create table public.made(i int)";

// A statement with its parameters.
struct Query {
    std::string sql;
    std::vector<std::string> values;
    bool is_binary = false; // the values, which are int4 then
};

class RandomStatements {
public:
    explicit RandomStatements(std::mt19937& random) : random_(random) {}

    bool chance(unsigned one_of) { return random_() % one_of == 0; }
    // Returns one of the lines of a text.
    std::string line_of(std::string_view text) {
        std::vector<std::string_view> lines;
        for (size_t end = 0; (end = text.find('\n')) != text.npos; text.remove_prefix(end + 1))
            lines.push_back(text.substr(0, end));
        return std::string(lines[random_() % lines.size()]);
    }

    // Returns one statement, or some in one text.
    std::string text() {
        std::string text = statement();
        while (chance(8))
            text += line_of(";\n ; \n;/* and */\n; -- and\r\n") + statement();
        return text;
    }
    Query query();

private:
    struct Setting {
        std::string name, literal;
        std::string plain_name() const {
            return name.front() == '"' ? name.substr(1, name.size() - 2) : name;
        }
        std::string value() const {
            if (literal.front() != '\'')
                return literal;
            return literal == "'it''s; -- fine'" ? "it's; -- fine" : literal.substr(1, literal.size() - 2);
        }
        std::string quoted_name() const { return "'" + plain_name() + "'"; }
        std::string quoted() const { return literal.front() == '\'' ? literal : "'" + literal + "'"; }
    };
    Setting setting();
    std::string set();
    std::string statement();

    std::mt19937& random_;
};

inline RandomStatements::Setting RandomStatements::setting() {
    std::string line = line_of(R"(statement_timeout '7s'
statement_timeout 8000
statement_timeout 0
lock_timeout 100
lock_timeout '1min'
search_path 'public'
search_path 'other'
search_path 'pg_temp'
search_path ''
TimeZone 'Asia/Tokyo'
TimeZone 'UTC'
"DateStyle" 'German'
"DateStyle" 'ISO, DMY'
intervalstyle 'iso_8601'
intervalstyle 'postgres'
bytea_output 'escape'
extra_float_digits 0
extra_float_digits 3
work_mem '5MB'
work_mem 6000
custom.thing 'it''s; -- fine'
custom.thing ''
custom.thing 'tenant'
standard_conforming_strings on
standard_conforming_strings 'off'
standard_conforming_strings '1'
standard_conforming_strings 'tru'
client_encoding 'LATIN1'
client_encoding 'utf-8'
client_encoding 'SJIS'
default_transaction_read_only on
default_transaction_read_only 'off'
default_transaction_isolation 'serializable'
default_transaction_isolation 'read committed'
client_min_messages 'warning'
client_min_messages 'notice'
row_security 'off'
enable_seqscan off
xmloption 'document'
role 'someone'
role 'none'
no_such_setting '1'
)");
    size_t space = line.find(' ');
    return {line.substr(0, space), line.substr(space + 1)};
}

inline std::string RandomStatements::set() {
    Setting s = setting();
    std::string plain = "set " + s.name + " = " + s.literal;
    std::string arguments = "(" + s.quoted_name() + ", " + s.quoted();
    switch (random_() % 16) {
    case 0:
        return "set session " + s.name + " to " + s.literal;
    case 1:
        return "set local " + s.name + " = " + s.literal;
    case 2:
        return "reset " + s.name;
    case 3:
        return "set " + s.name + " to default";
    case 4:
        return "select set_config" + arguments + ", false)";
    case 5:
        return "select pg_catalog.set_config" + arguments + ", true)";
    case 6:
        return "update pg_settings set setting = " + s.quoted() + " where name = " + s.quoted_name();
    case 7:
        return "do $$ begin execute $s$" + plain + "$s$; end $$";
    case 8:
        return "select set_it" + arguments + ")";
    case 9:
        return "call set_later" + arguments + ")";
    case 10:
        return "begin; " + plain + line_of("; commit\n; rollback\n\n");
    case 11:
        return "/* a */ SET\t" + s.name + "--x\n = " + s.literal;
    case 12:
        return "with s as (select set_config" + arguments + ", false)) select * from s";
    case 13:
        return "select set_config(n, v, false) from (values " + arguments + ")) as t(n, v)";
    default:
        return plain;
    }
}

inline std::string RandomStatements::statement() {
    switch (random_() % 8) {
    case 0:
    case 1:
        return set();
    case 2:
        return line_of(R"(begin
start transaction
begin isolation level serializable
commit
end
rollback
abort
savepoint a
savepoint b
rollback to a
rollback to savepoint b
release a
release savepoint b
commit and chain
rollback and chain
set transaction read only
set constraints all deferred
set session characteristics as transaction read only
set session characteristics as transaction isolation level repeatable read, read write
)");
    case 3:
        return line_of(R"(prepare one as select 1
prepare two(int) as select $1 + 1
prepare "Three 3" as select current_setting('work_mem')
prepare sets as select set_config('work_mem', '9MB', false)
prepare of_temp as select * from t
prepare other as select * from thing
execute one
execute two(3)
execute "Three 3"
execute sets
execute of_temp
execute other
deallocate one
deallocate prepare two
deallocate all
)");
    case 4:
        return line_of(R"(create temp table t(i int)
create temporary table if not exists t as select 1 as i
create table pg_temp.u(i int)
create temp view v as select 1 as i
create temp sequence s
select 1 as i into temp w
create table made(i int)
drop table if exists made
alter table t rename to u
drop table t
drop table if exists t, u, w
drop view v
drop sequence s
create temp table dropped(i int) on commit drop
explain (analyze, costs off, timing off, summary off) create temp table t as select 1 as i
select make_temp()
discard temp
)");
    case 5:
        return line_of(R"(select pg_advisory_lock(1)
select pg_advisory_lock(1::bigint), pg_advisory_lock(2)
select pg_advisory_lock_shared(1)
select pg_try_advisory_lock(3)
select pg_try_advisory_lock(1, 2)
select pg_advisory_xact_lock(5)
select pg_advisory_unlock(1)
select pg_advisory_unlock(1::bigint), pg_advisory_unlock(2)
select pg_advisory_unlock_shared(1)
select pg_advisory_unlock(3)
select pg_advisory_unlock_all()
select lock_it(7)
declare held cursor with hold for select 1
fetch from held
close held
close all
listen x
listen "Y y"
unlisten x
unlisten *
notify x
select nextval('counter') > 0
insert into numbered default values returning 1
set role someone
reset role
set session authorization someone
reset session authorization
set session authorization default
reset all
discard all
discard plans
discard sequences
set names 'LATIN1'
set names default
set time zone local
set time zone -3
set schema 'other'
set xml option document
set seed to 0.5
set search_path to other, public
set search_path to "$user", public, pg_temp
)");
    default:
        return line_of(R"(select 1
select 'a' || 'b''c'
select E'\\'
select '\'
select 1/0
nonsense

select current_setting('search_path')
select thing from thing
select current_setting('custom.thing', true)
select now() - now()
show TimeZone
show role
select date '2000-02-03'
select '\x41'::bytea
select 0.1::float8
copy (select 5) to stdout
copy numbered from stdin
do $$ begin raise notice 'here'; end $$
do $$ begin null; end $$
select innocent()
values (1), (2)
table other.thing
/* set lock_timeout = 600 */ select 'set lock_timeout = 700'
select $$ set work_mem = '1MB' $$
select count(*) from numbered where false
)");
    }
}

inline Query RandomStatements::query() {
    Setting s = setting();
    switch (random_() % 8) {
    case 0:
        return {"select set_config($1, $2, false)", {s.plain_name(), s.value()}};
    case 1:
        return {"select set_config($1, $2, $3)", {s.plain_name(), s.value(), line_of("f\nt\noff\n1\n")}};
    case 2:
        return {line_of(R"(select pg_advisory_lock($1::int4)
select pg_advisory_unlock($1::int4)
select pg_try_advisory_lock($1::int4)
select pg_advisory_lock_shared($1::int4)
)"),
                {{'\0', '\0', '\0', '\1'}},
                true};
    case 3:
        return {line_of(R"(select pg_advisory_lock($1)
select pg_advisory_unlock($1)
select pg_try_advisory_lock($1)
)"),
                {line_of("1\n2\n")}};
    case 4:
        return {"select set_it($1, $2)", {s.plain_name(), s.value()}};
    case 5:
        return {"select $1::text", {"it's"}};
    default:
        return {statement(), {}};
    }
}
