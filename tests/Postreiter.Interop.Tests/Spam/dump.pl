# Writes what SpamAssassin makes of each mail, one JSON object a line, for comparison: relays, headers, parts, text, HTML.
# Usage: perl dump.pl CONFIG < list of files. No rules are read. Strings are octets, one character each (U+0000 to U+00FF);
# characters of text that SpamAssassin keeps decoded are written as UTF-8 octets.
use strict;
use warnings;
use JSON::PP;
use Digest::SHA qw(sha1_hex);
use Mail::SpamAssassin;
use Mail::SpamAssassin::PerMsgStatus;

open(my $config, '<:raw', $ARGV[0]) or die "$ARGV[0]: $!";
my $text = do { local $/; <$config> };
my $sa = Mail::SpamAssassin->new({
    config_text => $text, local_tests_only => 1, dont_copy_prefs => 1, username => 'nobody',
});
$sa->init(0);
my $json = JSON::PP->new->ascii->canonical->allow_nonref;

sub octets {
    my ($value) = @_;
    return undef unless defined $value;
    if (ref $value eq 'HASH') { return { map { octets($_) => octets($value->{$_}) } keys %$value } }
    if (ref $value eq 'ARRAY') { return [ map { octets($_) } @$value ] }
    my $copy = "$value";
    utf8::encode($copy) if utf8::is_utf8($copy);
    return $copy;
}

sub part {
    my ($node) = @_;
    my %part = (type => $node->{type}, effective => $node->effective_type(), leaf => $node->is_leaf() ? 1 : 0);
    for my $key (qw(charset name)) { $part{$key} = octets($node->{$key}) if $node->is_leaf() }
    $part{headers} = [ map { octets($_) } @{$node->{header_order}} ];
    my %seen;
    for my $name (grep { !$seen{lc $_}++ } @{$node->{header_order}}) {
        push @{$part{values}}, map { octets($_) } $node->header($name);
        push @{$part{raw}}, map { octets($_) } @{$node->{raw_headers}{lc $name}};
    }
    if ($node->is_leaf()) {
        my $decoded = $node->decode();
        ($part{length}, $part{sha1}) = (length $decoded, sha1_hex($decoded)) if defined $decoded;
    }
    return \%part;
}

my @forms = qw(From:addr From:name To:addr To:name Cc:addr Reply-To:addr Reply-To:name Subject Subject:raw From:raw ToCc ToCc:raw
    MESSAGEID MESSAGEID:raw Received Received:raw Received:ip Received:revip Date:first X-Mailer:last ALL ALL:raw ALL-TRUSTED
    ALL-UNTRUSTED ALL-INTERNAL:raw ALL-EXTERNAL:raw EnvelopeFrom EnvelopeFrom:host From:addr:host From:addr:domain Message-ID:host
    List-Id X-SenderDomain X-AuthorDomain To:first:addr);

while (my $file = <STDIN>) {
    chomp $file;
    open(my $in, '<:raw', $file) or die "$file: $!";
    my $raw = do { local $/; <$in> };
    $raw = '' unless defined $raw;
    my $message = $sa->parse(\$raw, 1);
    my $status = Mail::SpamAssassin::PerMsgStatus->new($sa, $message, {});
    $message->delete_header('X-Spam-.*');
    $status->extract_message_metadata();
    my %dump = (id => $file);
    $dump{relays} = { map { $_ => octets($status->{"relays_${_}_str"}) } qw(trusted untrusted internal external) };
    $dump{relays}{$_} = 0 + $status->{$_}
        for qw(num_relays_unparseable last_trusted_relay_index last_internal_relay_index);
    $dump{headers} = { map { $_ => [ map { octets($_) } $status->get($_) ] } @forms };
    $dump{flags} = [ grep { $message->{$_} } qw(missing_head_body_separator missing_mime_headers
        missing_mime_head_body_separator mime_epilogue_exists mimepart_limit_exceeded truncated_header) ];
    $dump{parts} = [ map { part($_) } $message->find_parts(qr/^/, 0) ];
    $dump{body} = octets($message->get_rendered_body_text_array());
    $dump{visible} = octets($message->get_visible_rendered_body_text_array());
    $dump{invisible} = octets($message->get_invisible_rendered_body_text_array());
    $dump{rawbody} = octets($message->get_decoded_body_text_array());
    $dump{full} = sha1_hex($message->get_pristine());
    $dump{html} = octets([ grep { defined } @{$message->{metadata}{html_all} || []} ]);
    print $json->encode(\%dump), "\n";
    $status->finish;
    $message->finish;
}
