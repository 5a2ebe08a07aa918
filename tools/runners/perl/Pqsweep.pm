# prove's adapter: in a test file's process, the file is the tag.
package Pqsweep;

$ENV{PQSWEEP_TEST} = $0 if $0 =~ /\.t\z/;

1;
