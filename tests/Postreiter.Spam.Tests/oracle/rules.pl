# What SpamAssassin itself makes of a ruleset: one JSON line a rule.
# usage: perl rules.pl RULES SITE
use strict;
use warnings;
use JSON::PP;
use Mail::SpamAssassin;

my ($rules, $site) = @ARGV;
my $sa = Mail::SpamAssassin->new({
  rules_filename => $rules, site_rules_filename => $site, userprefs_filename => '/dev/null',
  dont_copy_prefs => 1, local_tests_only => 1, ignore_site_cf_files => 1,
  post_config_text => "use_bayes 0\nallow_user_rules 1\n",
});
$sa->init(0);
my $conf = $sa->{conf};
my %type;
{
  no strict 'refs';
  for my $name (keys %{'Mail::SpamAssassin::Conf::'}) {
    next unless $name =~ /^TYPE_\w+_(?:TESTS|EVALS)$/;
    my $value = ${"Mail::SpamAssassin::Conf::$name"};
    $type{$value} = $name if defined $value;
  }
}
my $json = JSON::PP->new->latin1->canonical;
for my $name (sort keys %{$conf->{tests}}) {
  my $pattern = $conf->{test_qrs}{$name};
  print $json->encode({
    name => $name,
    type => $type{$conf->{test_types}{$name}},
    scores => [map { 0 + $conf->{scoreset}[$_]{$name} } 0 .. 3],
    priority => 0 + ($conf->{priority}{$name} || 0),
    tflags => $conf->{tflags}{$name} // '',
    pattern => defined $pattern ? "$pattern" : undef,
    test => $conf->{tests}{$name} // '',
    description => $conf->{descriptions}{$name} // '',
  }), "\n";
}
