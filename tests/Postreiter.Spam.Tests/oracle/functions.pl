# functions.pl RULES SITE FOLDER: what SpamAssassin itself says of every call in FOLDER/functions.tsv for every mail in FOLDER/mails.
# RULES is the folder of its rules, SITE that of its .pre files. Writes functions.tsv again, with the mails that each call hits.
use strict; use warnings;
use Mail::SpamAssassin;
my ($rules, $site, $folder) = @ARGV;
my $slurp = sub { open my $file, '<:raw', $_[0] or die "$_[0]: $!"; local $/; <$file> };
my @lines = split /\n/, $slurp->("$folder/functions.tsv");
my @calls = map { [(split /\t/)[0, 1]] } grep { !/^#/ } @lines;
my $config = $slurp->("$folder/settings.cf") . "use_bayes 0\n";
$config .= sprintf "%s __CALL_%03d eval:%s\n", $calls[$_][0], $_, $calls[$_][1] for 0 .. $#calls;
my $spamassassin = Mail::SpamAssassin->new({
  rules_filename => $rules, site_rules_filename => $site, userprefs_filename => '/dev/null', dont_copy_prefs => 1,
  local_tests_only => 1, ignore_site_cf_files => 1, post_config_text => $config,
});
$spamassassin->compile_now(0, 1);
my %hits;
opendir my $mails, "$folder/mails" or die "$folder/mails: $!";
for my $name (sort grep { s/\.eml$// } readdir $mails) {
  # A child for each: nothing of one mail reaches the next.
  my $pid = open(my $child, '-|') // die "fork: $!";
  if (!$pid) {
    my $raw = $slurp->("$folder/mails/$name.eml");
    my $status = $spamassassin->check($spamassassin->parse(\$raw, 1));
    print "$_\n" for grep { /^__CALL_/ && $status->{tests_already_hit}{$_} } keys %{$status->{tests_already_hit}};
    require POSIX;
    close STDOUT;
    POSIX::_exit(0);
  }
  while (<$child>) { /__CALL_(\d+)/ and push @{$hits{$1 + 0}}, $name }
  close $child or die "the child of $name ended with $?";
}
open my $out, '>', "$folder/functions.tsv" or die $!;
print $out "$_\n" for grep { /^#/ } @lines;
print $out join("\t", @{$calls[$_]}, join ' ', @{$hits{$_} || []}), "\n" for 0 .. $#calls;
close $out or die $!;
