# Perl's own answers: for each line "pattern TAB modifiers TAB text" (fields in hexadecimal) one line: "-" for a pattern that does not
# compile without a warning, or the number of matches of it in the text.
use strict;
use warnings;

$| = 1;
while (my $line = <STDIN>) {
  chomp $line;
  my ($pattern, $modifiers, $text) = map { pack 'H*', $_ } split /\t/, $line, -1;
  $pattern = "(?$modifiers)$pattern" if $modifiers ne '';
  my $compiled = eval {
    local $SIG{__WARN__} = sub { die $_[0] if $_[0] !~ /deprecated/i };
    qr/$pattern/aa;
  };
  if (!defined $compiled) { print "-\n"; next }
  my $count = 0;
  $count++ while $count < 50 && $text =~ /$compiled/g;
  print "$count\n";
}
