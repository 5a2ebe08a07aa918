# DBD::Pg: libpq comes in with a plugin, and %ENV never goes through setenv.
use strict;
use warnings;
use DBI;

$| = 1;
my %options = (RaiseError => 1, PrintError => 0, AutoCommit => 1);
sub connect_one { DBI->connect('dbi:Pg:', '', '', \%options) }

$ENV{PQSWEEP_TAG} = 'one';
my ($idle, $busy) = (connect_one(), connect_one());
$busy->begin_work;
$busy->do('select 1');
print "two are open\n";

<STDIN>;
$ENV{PQSWEEP_TAG} = 'two';
my $new = connect_one();
print 'a new one works: ', $new->selectrow_array('select 1'), "\n";

<STDIN>;
eval { $idle->do('select 1') };
my ($state, $message) = ($idle->state, $@);
$message =~ s/^.*?(FATAL)/$1/s;
print "$state ", (split /\n/, $message)[0], "\n";

<STDIN>;
delete $ENV{PQSWEEP_TAG};
my $untagged = connect_one();
print 'untagged: ', $untagged->selectrow_array('select 2'), "\n";
<STDIN>;
