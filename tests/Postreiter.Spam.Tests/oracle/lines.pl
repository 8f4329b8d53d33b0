# Perl's own answers for many patterns on many texts. Standard input, fields in hexadecimal: lines "P pattern modifiers", then lines
# "T text". For each text one line with "place:matches" for each pattern that matches, places from 0, at most 50 matches each.
use strict;
use warnings;
no warnings 'experimental';

my @patterns;
while (my $line = <STDIN>) {
  chomp $line;
  my ($kind, @fields) = map { pack 'H*', $_ } split / /, $line, -1;
  if ($kind eq "\x50") {
    my ($pattern, $modifiers) = @fields;
    $pattern = "(?$modifiers)$pattern" if $modifiers ne '';
    push @patterns, qr/$pattern/aa;
    next;
  }
  my ($text, @found) = @fields;
  for my $place (0 .. $#patterns) {
    my $count = 0;
    pos($text) = 0;
    $count++ while $count < 50 && $text =~ /$patterns[$place]/g;
    push @found, "$place:$count" if $count;
  }
  print join(' ', @found), "\n";
}
