# DBD::Pg: statements prepared on the server, used again in every module.
use strict;
use warnings;
use DBI;

my $number = 0;
sub change_tag { $ENV{PQSWEEP_TAG} = 'module ' . $number++ }

change_tag();
my $dbh = DBI->connect('dbi:Pg:', '', '', { RaiseError => 1, PrintError => 0, AutoCommit => 1, pg_server_prepare => 1 });
$dbh->do(q{set bytea_output = 'escape'});
my $sth = $dbh->prepare('select ?::int + 1, ?::text');
for my $i (1 .. 10) {
    change_tag();
    $sth->execute($i, "v$i");
    print join(' ', $sth->fetchrow_array), "\n";
    change_tag();
    print $dbh->ping ? 'pong' : 'silence', ' ', $dbh->selectrow_array('show bytea_output'), "\n";
}
$dbh->begin_work;
$sth->execute(41, 'in a transaction');
print join(' ', $sth->fetchrow_array), "\n";
$dbh->commit;
change_tag();
$sth->finish;
undef $sth;
print $dbh->selectrow_array('select 7'), "\n";
$dbh->disconnect;
