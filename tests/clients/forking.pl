# DBD::Pg and fork: a child with a connection of its own, then one that uses its parent's.
use strict;
use warnings;
use DBI;
use POSIX ();

$| = 1;
sub connect_one { DBI->connect('dbi:Pg:', '', '', { RaiseError => 1, PrintError => 0, AutoCommit => 1 }) }

sub ask {
    my ($dbh, $sql) = @_;
    my ($answer) = eval { $dbh->selectrow_array($sql) };
    return $answer // $@ =~ s/^.*?(FATAL.*?): pqsweep.*$/$1/sr;
}

sub in_child {
    my ($work) = @_;
    my $child = fork;
    if ($child == 0) { $work->(); POSIX::_exit(0) }
    waitpid $child, 0;
}

$ENV{PQSWEEP_TAG} = 'parent';
my $parents = connect_one();
in_child(sub {
    my $own = connect_one();
    print ask($own, "select 'child: its own'"), "\n";
    $ENV{PQSWEEP_TAG} = 'child';
    print 'child: ', ask($own, "select 'not swept'"), "\n";
});
in_child(sub { print ask($parents, "select 'child: its parent''s'"), "\n" });
print ask($parents, "select 'parent: its own'"), "\n";
