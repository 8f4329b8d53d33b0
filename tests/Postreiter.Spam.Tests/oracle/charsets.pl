# charsets.pl NAME…: what Perl's Encode makes of octets. A JSON line each: [name, octets, read strictly, read leniently].
use strict; use warnings;
use Encode; use JSON::PP;
my $json = JSON::PP->new->ascii;
srand(20260101);
my @signs = ("\e\$B", "\e(B", "\e(J", "\e\$\@", "\e(I", "\e\$(D", "\e", "\e\$)C", "\x0e", "\x0f", "+", "-", "\n", "abc", "+AGE-", " ");
for my $name (@ARGV) {
  my $charset = find_encoding($name) or die "no charset $name";
  my $strict = sub { my $octets = shift; eval { $charset->decode($octets, Encode::FB_CROAK | Encode::LEAVE_SRC) } };
  my $print = sub {
    my $octets = shift;
    my $text = $strict->($octets);
    # Some of its charsets change what they are given.
    my $copy = $octets;
    my $lenient = eval { $charset->decode($copy, Encode::LEAVE_SRC) };
    print $json->encode([$name, "$octets", defined $text ? "$text" : undef, defined $lenient ? "$lenient" : undef]), "\n";
  };
  my $is_shifted = $name =~ /2022|jis$|utf-7/ && $name ne 'shiftjis';
  unless ($is_shifted) {
    # Every lead octet with all that may follow, those that are something in one line.
    for my $lead (0x80 .. 0xff) {
      next if $lead == 0x8f && $name eq 'euc-jp';
      $print->(chr $lead);
      my @pairs = grep { defined $strict->($_) } map { chr($lead) . chr } 0x21 .. 0xff;
      $print->(join ' ', @pairs) if @pairs;
    }
    if ($name eq 'euc-jp') {
      for my $row (0xa1 .. 0xfe) {
        my @triples = grep { defined $strict->($_) } map { "\x8f" . chr($row) . chr } 0xa1 .. 0xfe;
        $print->(join ' ', @triples) if @triples;
      }
    }
  }
  for (1 .. 300) {
    my $octets = '';
    for (0 .. rand 12) {
      $octets .= $is_shifted
        ? (rand() < .4 ? $signs[rand @signs] : join '', map { chr(0x21 + rand 94) } 1, 2)
        : (rand() < .3 ? chr(0x20 + rand 95) : rand() < .7 ? chr(0xa1 + rand 94) . chr(0xa1 + rand 94) : chr(0x80 + rand 128));
    }
    # A place of EUC-JP that is neither wrong nor anything.
    next if $name eq 'euc-jp' && $octets =~ /\x8f[\x80-\xa0]/;
    $print->($octets);
  }
}
