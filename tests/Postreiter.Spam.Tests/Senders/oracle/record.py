#!/usr/bin/python3
"""Makes the mails and records of the tests of sender rules, and writes down what SpamAssassin says of them.

Needs nsd, spamassassin, python3-dkim, openssl, and Perl's Mail::SPF and Mail::DMARC (in PERL5LIB if they are not installed).
usage: record.py    writes ../mails/*.eml, ../zone.tsv and ../expected.tsv
"""

import base64
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

import dkim

PORT = 15391
HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
ZONE = []
MAILS = {}
KEYS = {}
AUTHOR = "ann@example.com"
CLIENT = "192.0.2.10"


def record(name, kind, data):
    ZONE.append((name, kind, data))


def key(selector, domain, bits=2048, text="v=DKIM1; k=rsa; "):
    if bits not in KEYS:
        KEYS[bits] = subprocess.run(
            ["openssl", "genrsa", "-traditional", str(bits)], capture_output=True, check=True
        ).stdout
    der = subprocess.run(
        ["openssl", "rsa", "-pubout", "-outform", "DER"], input=KEYS[bits], capture_output=True, check=True
    ).stdout
    record(f"{selector}._domainkey.{domain}", "TXT", text + "p=" + base64.b64encode(der).decode())


def message(author=AUTHOR, sender="bounce@example.com", helo="mail.example.com", client=CLIENT, top="", received=None):
    handover = (
        f"Received: from {helo} ({helo} [{client}])\r\n"
        "\tby mx.our.example (Postfix) with ESMTP id 4F1AB2C3D4\r\n"
        "\tfor <bob@our.example>; Mon, 6 Jan 2025 10:00:00 +0000 (UTC)\r\n"
    )
    trace = f"Return-Path: <{sender}>\r\n" + top + (handover if received is None else received)
    header = (
        f"From: {author}\r\n"
        "To: bob@our.example\r\n"
        "Subject: the report of this week\r\n"
        "Date: Mon, 6 Jan 2025 09:59:58 +0000\r\n"
        "Message-ID: <20250106.1@mail.example.com>\r\n"
        "MIME-Version: 1.0\r\n"
        "Content-Type: text/plain; charset=us-ascii\r\n"
    )
    return trace, header + "\r\nHere it is, as every week.\r\n\r\nAnn\r\n"


def sign(mail, selector="s1", domain="example.com", bits=2048, identity=None, **more):
    return dkim.sign(
        mail.encode(),
        selector.encode(),
        domain.encode(),
        KEYS[bits],
        identity=identity.encode() if identity else None,
        canonicalize=(b"relaxed", b"relaxed"),
        include_headers=[b"from", b"to", b"subject", b"date"],
        **more,
    ).decode()


def add(name, mail):
    trace, rest = mail
    MAILS[name] = (trace + rest).encode()


def signed(name, *signatures, change=None, author=AUTHOR, **more):
    trace, rest = message(author=author, **more)
    fields = "".join(sign(rest, **one) for one in signatures)
    if change:
        rest = change(rest)
    add(name, (trace, fields + rest))


def zone():
    record("example.com", "A", "192.0.2.80")
    record("example.com", "MX", "10 mail.example.com")
    record("example.com", "TXT", "v=spf1 ip4:192.0.2.10 -all")
    record("mail.example.com", "A", "192.0.2.10")
    record("mail.example.com", "TXT", "v=spf1 a -all")
    record("_dmarc.example.com", "TXT", "v=DMARC1; p=none")
    record("example.net", "A", "192.0.2.81")
    record("example.net", "MX", "10 mail.example.net")
    record("example.org", "MX", "10 mail.example.org")
    for word, term in [("neutral", "?all"), ("soft", "~all"), ("fail", "-all"), ("broken", "ip4:192.0.2 -all")]:
        record(f"{word}.example.net", "TXT", f"v=spf1 {term}")
        record(f"{word}.example.net", "A", "192.0.2.82")
    record("why.example.net", "TXT", "v=spf1 -all exp=text.example.net")
    record("text.example.net", "TXT", "%{i} does not send for %{d}")
    record("twice.example.net", "TXT", "v=spf1 -all")
    record("twice.example.net", "TXT", "v=spf1 +all")
    terms = " ".join(f"include:i{i}.example.net" for i in range(12))
    record("many.example.net", "TXT", f"v=spf1 {terms} ip4:192.0.2.10 -all")
    for i in range(12):
        record(f"i{i}.example.net", "TXT", "v=spf1 ip4:203.0.113.9 -all")
    for selector, domain in [
        ("s1", "example.com"),
        ("s1", "sub.example.com"),
        ("s1", "example.net"),
        ("s1", "mail.remailer.example.org"),
        ("s1", "example.org"),
        ("s1", "plain.example.org"),
        ("s1", "deep.alike.example.org"),
        ("s1", "exact.example.org"),
    ]:
        key(selector, domain)
    key("short", "example.com", 1024)
    key("testing", "example.com", text="v=DKIM1; k=rsa; t=y; ")
    record("all.example.org", "A", "192.0.2.83")
    record("_adsp._domainkey.all.example.org", "TXT", "dkim=all")
    record("discard.example.org", "A", "192.0.2.83")
    record("_adsp._domainkey.discard.example.org", "TXT", "dkim=discardable")
    record("quiet.example.org", "A", "192.0.2.83")
    record("odd.example.org", "A", "192.0.2.83")
    record("_adsp._domainkey.odd.example.org", "TXT", "dkim=whatever")
    record("_dmarc.example.org", "TXT", "v=DMARC1; p=quarantine; sp=reject")
    for name, policy in [
        ("reject", "p=reject"),
        ("quarantine", "p=quarantine"),
        ("none", "p=none"),
        ("sampled", "p=reject; pct=0"),
        ("strict", "p=reject; adkim=s; aspf=s"),
        ("unusable", "p=whatever"),
    ]:
        record(f"{name}.example.net", "A", "192.0.2.84")
        record(f"_dmarc.{name}.example.net", "TXT", f"v=DMARC1; {policy}")
    record("two.example.net", "A", "192.0.2.84")
    record("_dmarc.two.example.net", "TXT", "v=DMARC1; p=reject")
    record("_dmarc.two.example.net", "TXT", "v=DMARC1; p=none")
    record("a.strict.example.net", "TXT", "v=spf1 ip4:192.0.2.10 -all")
    record("alike.example.org", "A", "192.0.2.84")


def spf():
    add("spf-pass", message())
    for word in ["neutral", "soft", "fail", "broken", "why", "twice", "many"]:
        add(f"spf-{word}", message(sender=f"b@{word}.example.net"))
        add(f"helo-{word}", message(helo=f"{word}.example.net"))
    add("spf-none", message(sender="b@quiet.example.org"))
    add("spf-none-author", message(sender="b@quiet.example.org", author="c@quiet.example.org"))
    add("spf-null-sender", message(sender=""))
    add("spf-no-such-domain", message(sender="b@nowhere.example.org"))
    add("helo-literal", message(helo="[192.0.2.10]"))
    add("helo-address", message(helo="192.0.2.10"))
    add("helo-one-label", message(helo="localhost"))
    add("helo-none", message(helo="quiet.example.org"))
    add("no-relay", message(received=""))
    local = (
        "Received: from gate.our.example (gate.our.example [127.0.0.7])\r\n"
        "\tby mx.our.example (Postfix) with ESMTP id 4F1AB2C3D5\r\n"
        "\tfor <bob@our.example>; Mon, 6 Jan 2025 10:00:02 +0000 (UTC)\r\n"
    )
    add("behind-trusted", message(top=local))
    said = "Received: from mail.example.com (mail.example.com [192.0.2.10])\r\n\tby gate.our.example (8.14.4/8.14.4) with ESMTP id p1 for <bob@our.example>;\r\n\tMon, 6 Jan 2025 10:00:00 +0000 (envelope-from B@Fail.example.net)\r\n"
    add("behind-trusted-with-sender", message(top=local, received=said))
    for word in ["pass", "fail", "softfail", "permerror"]:
        above = f"Received-SPF: {word} (mx.our.example: said so) receiver=mx.our.example;\r\n\tidentity=mailfrom; envelope-from=b@fail.example.net\r\n"
        add(f"said-{word}", message(top=above, sender="b@neutral.example.net"))
    add("said-helo", message(top="Received-SPF: softfail (x) identity=helo; helo=mail.example.com\r\n"))
    add("said-other", message(top="Received-SPF: softfail (x) identity=pra; helo=mail.example.com\r\n"))
    add("said-nothing", message(top="Received-SPF: maybe (x)\r\n"))
    add("said-twice", message(top="Received-SPF: fail (newer)\r\nReceived-SPF: neutral (older)\r\n"))
    add("results", message(top="Authentication-Results: gate.our.example; spf=hardfail smtp.mailfrom=b@example.com\r\n"))
    add("results-helo", message(top="Authentication-Results: gate; dkim=none; SPF=softfail smtp.helo=mail.example.com\r\n"))
    add("results-arc", message(top="ARC-Authentication-Results: i=1; gate; spf=neutral smtp.mailfrom=example.com\r\n"))
    trace, rest = message()
    add("said-below", (trace, "Received-SPF: fail (x)\r\nAuthentication-Results: x; spf=fail smtp.mailfrom=y\r\n" + rest))


def signatures():
    own = {}
    signed("dkim-own", own)
    signed("dkim-other", {"domain": "example.net"})
    signed("dkim-both", {"domain": "example.net"}, own)
    signed("dkim-subdomain-identity", {"identity": "x@sub.example.com"}, author="ann@sub.example.com")
    signed("dkim-parent-identity", {"domain": "sub.example.com"})
    signed("dkim-changed-body", own, change=lambda m: m.replace("every week", "every day"))
    signed("dkim-changed-subject", own, change=lambda m: m.replace("report", "lunch"))
    signed("dkim-added-recipient-name", own, change=lambda m: m.replace("MIME-Version", "X-Extra: 1\r\nMIME-Version"))
    signed("dkim-no-key", {"selector": "missing"})
    signed("dkim-testing-key", {"selector": "testing"})
    signed("dkim-short-key", {"selector": "short", "bits": 1024})
    signed("dkim-one-of-two", {"selector": "missing"}, own)
    signed("dkim-envelope", {"domain": "example.net"}, sender="b@example.net")
    signed("dkim-envelope-subdomain", {"domain": "example.net"}, sender="b@x.example.net")
    signed("dkim-null-sender", own, sender="")
    signed("dkim-bare-lines", own)
    MAILS["dkim-bare-lines"] = MAILS["dkim-bare-lines"].replace(b"\r\n", b"\n")
    signed("dkim-mbox", own)
    MAILS["dkim-mbox"] = b"From bounce@example.com Mon Jan  6 10:00:00 2025\n" + MAILS["dkim-mbox"].replace(b"\r\n", b"\n")
    signed("dkim-capitals", own, author="Ann <Ann@EXAMPLE.com>")
    signed("dkim-two-authors", own, author="ann@example.com, carl@quiet.example.org")
    trace, rest = message()
    add("dkim-unreadable", (trace, "DKIM-Signature: this is no signature\r\n" + rest))
    add("dkim-empty", (trace, "DKIM-Signature: v=1; a=rsa-sha256\r\n" + rest))
    add("dkim-before", (trace, "DomainKey-Signature: a=rsa-sha1; q=dns; c=nofws; s=s1; d=example.com; b=AAAA\r\n" + rest))
    for name in ["all", "discard", "quiet", "odd", "nowhere"]:
        add(f"adsp-{name}", message(author=f"a@{name}.example.org", sender="b@example.com"))
    for name in ["low", "med", "high", "unknown", "discardable", "nothing", "x.below", "below", "gone"]:
        add(f"adsp-override-{name}", message(author=f"a@{name}.override.example.net"))
    signed("adsp-signed", {"domain": "example.org"}, author="a@all.example.org")
    signed("adsp-broken-own", own, author=AUTHOR, change=lambda m: m.replace("week", "day"))
    add("adsp-two-authors", message(author="a@low.override.example.net, b@high.override.example.net"))
    add("adsp-one-label", message(author="a@localhost"))
    add("adsp-no-author", message(author="nobody"))


def lists():
    add("list-spf", message(sender="friend@example.com"))
    add("list-spf-capitals", message(sender="Friend@Example.COM"))
    add("list-spf-fail", message(sender="friend@fail.example.net"))
    add("list-auth-spf", message(sender="vip@example.com", author="x@quiet.example.org"))
    add("list-def-spf", message(sender="shop@example.com"))
    add("list-def-auth", message(sender="bank@example.com"))
    add("list-taken-back", message(sender="gone@example.com"))
    add("list-def-taken-back", message(sender="gone2@example.com"))
    signed("list-dkim-own", {}, author="Friend <friend@example.com>", sender="")
    signed("list-dkim-other", {"domain": "example.net"}, author="friend@example.com", sender="")
    signed("list-dkim-named", {"domain": "mail.remailer.example.org"}, author="z@quiet.example.org", sender="")
    signed("list-dkim-star", {"domain": "deep.alike.example.org"}, author="star@example.com", sender="")
    signed("list-dkim-star-itself", {"domain": "exact.example.org"}, author="star2@example.com", sender="")
    signed("list-dkim-address", {"domain": "plain.example.org"}, author="old@example.com", sender="")
    signed("list-dkim-auth", {}, author="vip@example.com", sender="")
    signed("list-dkim-auth-other", {"domain": "example.net"}, author="vip@example.com", sender="")
    signed("list-dkim-def", {}, author="shop@example.com", sender="")
    signed("list-dkim-def-auth", {}, author="bank@example.com", sender="")
    signed("list-dkim-taken-back", {}, author="gone@example.com", sender="")
    signed("list-dkim-short", {"selector": "short", "bits": 1024}, author="friend@example.com", sender="")
    signed("list-dkim-broken", {}, author="friend@example.com", sender="", change=lambda m: m.replace("week", "day"))


def dmarc():
    for name in ["reject", "quarantine", "none", "sampled", "unusable", "two"]:
        add(f"dmarc-{name}", message(author=f"a@{name}.example.net"))
    add("dmarc-spf", message(author="a@example.com", sender="b@example.com"))
    add("dmarc-spf-relaxed", message(author="a@news.example.com", sender="b@example.com"))
    add("dmarc-spf-other", message(author="a@reject.example.net", sender="b@example.com"))
    add("dmarc-spf-strict", message(author="a@strict.example.net", sender="b@a.strict.example.net"))
    signed("dmarc-dkim", {"domain": "example.net"}, author="a@reject.example.net", sender="")
    signed("dmarc-dkim-other", {"domain": "example.com"}, author="a@reject.example.net", sender="")
    signed("dmarc-dkim-strict", {"domain": "example.net"}, author="a@strict.example.net", sender="")
    add("dmarc-subdomain", message(author="a@alike.example.org", sender="b@example.com"))
    add("dmarc-organisation", message(author="a@example.org", sender="b@example.com"))
    add("dmarc-missing", message(author="a@example.net", sender="b@example.com"))
    add("dmarc-no-domain", message(author="a@never.example.edu", sender="b@example.com"))
    add("dmarc-helo", message(author="a@example.com", sender=""))


def arc():
    trace, rest = message()
    field = sign(rest)
    results = "Authentication-Results: gate.example.net; spf=pass smtp.mailfrom=example.com; arc=none\r\n"
    whole = results + field + rest
    sealed = dkim.arc_sign(whole.encode(), b"s1", b"example.net", KEYS[2048], b"gate.example.net")
    chain = b"".join(sealed).decode()
    add("arc-one", (trace, chain + whole))
    add("arc-broken", (trace, chain + whole.replace("every week", "every day")))
    trace, rest = message(sender="l@lists.example.net")
    again = "Authentication-Results: gate.example.org; arc=pass; spf=none smtp.mailfrom=lists.example.net\r\n" + chain + whole
    second = dkim.arc_sign(again.encode(), b"s1", b"example.org", KEYS[2048], b"gate.example.org")
    add("arc-two", (trace, b"".join(second).decode() + again))
    add("arc-half", (trace, "ARC-Seal: i=1; a=rsa-sha256; cv=none; d=example.net; s=s1; b=AAAA\r\n" + rest))


def write_zone(folder):
    lines = ["$ORIGIN .", "$TTL 300", ". SOA ns.root.example admin.root.example 1 2 3 4 60", ". NS ns.root.example."]
    lines[2] = ". SOA ns.root.example. admin.root.example. 1 2 3 4 60"
    for name, kind, data in ZONE:
        if kind == "TXT":
            data = " ".join(f'"{data[i:i+250]}"' for i in range(0, len(data), 250))
        elif kind == "MX":
            data += "."
        lines.append(f"{name}. {kind} {data}")
    with open(os.path.join(folder, "zone"), "w") as out:
        out.write("\n".join(lines) + "\n")
    with open(os.path.join(folder, "nsd.conf"), "w") as out:
        out.write(
            f'server:\n ip-address: 127.0.0.1@{PORT}\n username: ""\n chroot: ""\n server-count: 1\n'
            f' zonesdir: "{folder}"\n zonelistfile: "{folder}/l"\n xfrdfile: "{folder}/s"\n xfrdir: "{folder}"\n'
            f' pidfile: ""\n database: ""\n cookie-secret-file: "{folder}/c"\n'
            'remote-control:\n control-enable: no\nzone:\n name: "."\n zonefile: "zone"\n'
        )


def ask(folder):
    with open(os.path.join(folder, "init.pre"), "w") as out:
        for plugin in ["Check", "SPF", "DKIM", "DMARC"]:
            out.write(f"loadplugin Mail::SpamAssassin::Plugin::{plugin}\n")
    shutil.copy(os.path.join(HERE, "senders.cf"), folder)
    shutil.copy("/usr/share/spamassassin/20_aux_tlds.cf", folder)
    with open(os.path.join(folder, "oracle.cf"), "w") as out:
        out.write(f"dns_server [127.0.0.1]:{PORT}\ndns_available yes\nuse_bayes 0\nreport_safe 0\n")
        out.write("clear_headers\nadd_header all Sub _TESTS(,)_;_SUBTESTS(,)_\nfold_headers 0\n")
    # Under taint mode it would neither take PERL5LIB nor let Mail::DMARC have another name server.
    program = os.path.join(folder, "spamassassin")
    with open("/usr/bin/spamassassin") as read, open(program, "w") as out:
        out.write(re.sub(r"^#!.*", "#!/usr/bin/perl -w", read.read()))
    environment = dict(os.environ, RES_NAMESERVERS="127.0.0.1", RES_OPTIONS=f"port:{PORT}", TZ="UTC", LC_ALL="C")
    for name, mail in sorted(MAILS.items()):
        run = subprocess.run(
            ["perl", program, "-x", "-t", "-C", folder, "--siteconfigpath", folder],
            input=mail,
            capture_output=True,
            env=environment,
        )
        found = re.search(rb"^X-Spam-Sub: (.*)$", run.stdout, re.M)
        for line in run.stderr.decode().splitlines():
            if line.strip() and "already been included" not in line:
                print(name, line, file=sys.stderr)
        tests, subtests = found.group(1).decode().split(";")
        names = set(tests.split(",")) | set(subtests.split(","))
        yield name, sorted(n for n in names if n.startswith(("T_", "__")) and n != "__")


def main():
    zone()
    spf()
    signatures()
    lists()
    dmarc()
    arc()
    mails = os.path.join(HERE, "mails")
    shutil.rmtree(mails, ignore_errors=True)
    os.makedirs(mails)
    for name, mail in MAILS.items():
        with open(os.path.join(mails, name + ".eml"), "wb") as out:
            out.write(mail)
    with open(os.path.join(HERE, "zone.tsv"), "w") as out:
        for row in ZONE:
            out.write("\t".join(row) + "\n")
    with tempfile.TemporaryDirectory() as folder:
        write_zone(folder)
        server = subprocess.Popen(["/usr/sbin/nsd", "-d", "-c", os.path.join(folder, "nsd.conf")])
        try:
            time.sleep(1)
            with open(os.path.join(HERE, "expected.tsv"), "w") as out:
                for name, hits in ask(folder):
                    out.write(f"{name}\t{','.join(hits)}\n")
        finally:
            server.terminate()
            server.wait()


main()
