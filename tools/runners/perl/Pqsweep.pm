# prove's adapter: in a test file's process, the file is the tag.
package Pqsweep;

$ENV{PQSWEEP_TEST} = $0 if $0 =~ /\.t\z/;

# Perl is about to destroy all objects that are left.
END { $ENV{PQSWEEP_END} = 1 }

1;
