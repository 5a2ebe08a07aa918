use strict;
use warnings;
use lib 't/lib';
use DatabaseTest;
use DBI;
use Test::More tests => 1;

my ($name) = DBI->connect('dbi:Pg:')->selectrow_array('show application_name');
is($name, 't/orders.t', 'pg_stat_activity shows the file');
