# Has SpamAssassin check mails with its network rules, and writes a JSON line for each: what the test beside this file compares with.
# usage: network-oracle.pl RULES SITE CONFIG HOME <list of files, one a line
use strict;
use warnings;
use JSON::PP;
use POSIX ();
use Mail::SpamAssassin;

my ($rules, $site, $config, $home) = @ARGV;
open(my $settings, '<:raw', $config) or die "$config: $!";
my $engine = Mail::SpamAssassin->new({
  rules_filename => $rules, site_rules_filename => $site, ignore_site_cf_files => 1,
  post_config_text => do { local $/; <$settings> },
  userprefs_filename => '/dev/null', dont_copy_prefs => 1,
  userstate_dir => $home, home_dir_for_helpers => $home, LOCAL_STATE_DIR => $home,
  local_tests_only => 0, debug => $ENV{NETWORK_ORACLE_DEBUG},
});
$engine->compile_now(0, 1);
my $json = JSON::PP->new->latin1->canonical;
$| = 1;
while (my $file = <STDIN>) {
  chomp $file;
  # A child for each: some rules keep what they learned of an earlier mail.
  my $child = fork;
  die "fork: $!" unless defined $child;
  if ($child) {
    waitpid($child, 0);
    die "$file ended with $?\n" if $?;
    next;
  }
  open(my $mail, '<:raw', $file) or die "$file: $!";
  my $octets = do { local $/; <$mail> };
  my $parsed = $engine->parse(\$octets, 1);
  my $status = $engine->check($parsed);
  my $points = $status->get_names_of_tests_hit_with_scores_hash;
  my $all = $status->{tests_already_hit};
  my %details;
  for my $rule (keys %{$status->{test_logs}}) {
    my $found = $status->{test_logs}{$rule}{msg} or next;
    $details{$rule} = [ map { "$_" } @$found ] if $all->{$rule};
  }
  print $json->encode({
    file => $file, score => 0 + sprintf('%.3f', $status->get_score),
    hits => { map { $_ => 0 + sprintf('%.3f', $points->{$_}) } keys %$points },
    sub => [ sort grep { /^__/ && $all->{$_} } keys %$all ],
    details => \%details,
  }), "\n";
  POSIX::_exit(0);
}
