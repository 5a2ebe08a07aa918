use strict;
use warnings;
use DBI;

sub connect_one { DBI->connect('dbi:Pg:', '', '', { RaiseError => 1, PrintError => 0, AutoCommit => 1 }) }

sub use_it {
    my $dbh = shift;
    my ($answer) = eval { $dbh->selectrow_array('select 42') };
    return $answer // $dbh->state . ' ' . (split /\n/, $dbh->errstr)[0];
}

$| = 1;
my ($idle, $transaction, $closed) = map { connect_one() } 1 .. 3;
$transaction->begin_work;
$transaction->do('select 1');
$closed->disconnect;
print "open $DBD::Pg::VERSION\n";

chomp(my $tag = <STDIN> // '');
$ENV{PQSWEEP_TAG} = $tag if $tag;
connect_one()->disconnect;    # Perl writes environ itself: that is noticed at the next libpq call
print "changed\n";

<STDIN>;
print 'idle: ',        use_it($idle),        "\n";
print 'transaction: ', use_it($transaction), "\n";
