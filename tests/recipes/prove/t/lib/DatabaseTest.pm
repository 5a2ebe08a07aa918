package DatabaseTest;
use strict;
use warnings;

$ENV{PQSWEEP_TAG} = $0;

1;
