# Perl's own answers: for each line "pattern TAB modifiers TAB text" (fields in hexadecimal) one line: "-" for a pattern that does not
# compile without a warning, or the matches of it in the text (50 at most), each as the beginning and end of the whole and of each group:
# "0,3,1,2,-,-;3,4,…".
use strict;
use warnings;

$| = 1;
while (my $line = <STDIN>) {
  chomp $line;
  my ($pattern, $modifiers, $text) = map { pack 'H*', $_ } split /\t/, $line, -1;
  $pattern = "(?$modifiers)$pattern" if $modifiers ne '';
  my $compiled = eval {
    local $SIG{__WARN__} = sub { die $_[0] if $_[0] !~ /deprecated|experimental/i };
    qr/$pattern/aa;
  };
  if (!defined $compiled) { print "-\n"; next }
  my @matches;
  while (@matches < 50 && $text =~ /$compiled/g) {
    push @matches, join ',', map { defined $-[$_] && defined $+[$_] ? "$-[$_],$+[$_]" : '-,-' } 0 .. $#+;
  }
  print join(';', @matches), "\n";
}
